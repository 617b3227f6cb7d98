"""What a cloud assembly was made from, kept beside its templates.

A release is deployed and judged without the checkout: `python -m promotion` reads these files.
"""

import shutil
from pathlib import Path

from stacks.settings import Settings


def keep_inputs(assembly: Path, settings: Settings) -> None:
    """Copy stages.toml, and the model's golden set where it has one, into the assembly."""
    shutil.copyfile(settings.file, assembly / "stages.toml")
    golden = settings.model_folder / "golden.jsonl"
    if golden.is_file():
        shutil.copyfile(golden, assembly / golden.name)
