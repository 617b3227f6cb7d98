"""What a cloud assembly was made from, kept beside its templates."""

import shutil
from pathlib import Path

from stacks.settings import Settings


def keep_inputs(assembly: Path, settings: Settings) -> None:
    """Copy stages.toml into the assembly: a release is deployed and judged without the checkout."""
    shutil.copyfile(settings.file, assembly / "stages.toml")
