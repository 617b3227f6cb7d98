"""A cloud assembly of stages.toml, made by the CDK CLI."""

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from berth.context import ROOT
from berth.errors import ProgramError

if TYPE_CHECKING:
    from stacks.settings import Settings


@contextmanager
def synthesized(settings: "Settings", given: Path | None) -> Iterator[Path]:
    """The given cloud assembly, or one that is synthesized for the length of the block."""
    if given is not None:
        yield given
        return
    with TemporaryDirectory() as folder:
        # The checkout's own CLI: another one on PATH may not read this library's assemblies.
        program = [str(ROOT / "tools" / "cdk"), "synth", "--quiet", "--output", folder]
        program += ["--app", f"python {shlex.quote(str(ROOT / 'app.py'))}"]
        program += ["--context", f"stages={settings.file}"]
        ended = subprocess.run([*program, "**"], capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            raise ProgramError(ended.stderr.strip())
        yield Path(folder)
