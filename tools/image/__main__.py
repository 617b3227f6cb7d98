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
    parser.add_argument(
        "--probe", action="store_true", help="build nothing: get the base and start it, no more"
    )
    parsed = parser.parse_args(arguments)
    try:
        settings = load(ROOT / "stages.toml")
        engine = find()
        record = read_model_record(settings.model_folder)
        cuda = "none" if parsed.cpu else settings.container.cuda
        given = build_arguments(record, cuda) | replaced(cuda)
        if (parsed.any_base or parsed.probe) and not os.environ.get("BASE_IMAGE"):
            given["BASE_IMAGE"] = base.any_of(engine, record.python_version)
        if parsed.probe:
            engine.ask("run", "--rm", "--network=none", given["BASE_IMAGE"], "python", "--version")
            print(f"{engine.program} works, on {given['BASE_IMAGE']}")
            return 0
        tag = parsed.tag or settings.project
        build(engine, given, tag=tag)
    except (ImageError, IncompatibleError, SettingsError) as mistake:
        print(mistake, file=sys.stderr)
        return 2
    print(f"{tag}: built by {engine.program}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
