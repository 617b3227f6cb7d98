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
def synthesized(
    settings: "Settings", given: Path | None, *, stage: str | None = None
) -> Iterator[Path]:
    """The given cloud assembly, or a new one for the length of the block, of one stage or all."""
    if given is not None:
        yield given
        return
    with TemporaryDirectory() as folder:
        # The checkout's own CLI: another one on PATH may not read this library's assemblies.
        program = [str(ROOT / "tools" / "cdk"), "synth", "--quiet", "--output", folder]
        program += ["--app", f"python {shlex.quote(str(ROOT / 'app.py'))}"]
        program += ["--context", f"stages={settings.file}"]
        if stage:
            program += ["--context", f"stage={stage}"]
        ended = subprocess.run(
            [*program, f"{stage or '*'}/*"], capture_output=True, text=True, check=False
        )
        if ended.returncode != 0:
            raise ProgramError(ended.stderr.strip())
        yield Path(folder)
