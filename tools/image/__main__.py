"""`python -m tools.image`: build the image of the model that stages.toml names."""

import argparse
import os
import sys
from pathlib import Path

from stacks.build_arguments import build_arguments
from stacks.compatibility import IncompatibleError, read_model_record
from stacks.settings import SettingsError, load
from tools.image import base
from tools.image.build import build, replaced
from tools.image.engine import ImageError, find

ROOT = Path(__file__).parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Build the image; 0, or 2 after one line that says what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.image", description=__doc__)
    parser.add_argument("--tag", help="the image's name (default: stages.toml's project)")
    parser.add_argument("--cpu", action="store_true", help="PyTorch's CPU build, for this machine")
    parser.add_argument(
        "--any-base", action="store_true", help="where the base cannot be pulled, make one here"
    )
    parsed = parser.parse_args(arguments)
    try:
        settings = load(ROOT / "stages.toml")
        record = read_model_record(settings.model_folder)
        engine = find()
        cuda = "none" if parsed.cpu else settings.container.cuda
        given = build_arguments(record, cuda) | replaced(cuda)
        if parsed.any_base and not os.environ.get("BASE_IMAGE"):
            version = record.python_version
            given["BASE_IMAGE"] = base.available(engine, version) or base.made_here(engine, version)
        tag = parsed.tag or settings.project
        build(engine, given, tag=tag)
    except (ImageError, IncompatibleError, SettingsError) as mistake:
        print(mistake, file=sys.stderr)
        return 2
    print(f"{tag}: built by {engine.program}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
