"""`python -m stacks check`: is what stages.toml asks for possible? No CDK, no AWS needed."""

import argparse
import sys
from pathlib import Path

from stacks.compatibility import IncompatibleError, check, read_model_record
from stacks.settings import SettingsError, load


def main() -> int:
    """Check stages.toml and the model's folder; 0 where all is well, 2 with a line a mistake."""
    parser = argparse.ArgumentParser(prog="python -m stacks", description=__doc__)
    parser.add_subparsers(required=True).add_parser(
        "check", help="check stages.toml and the model's folder"
    )
    parser.parse_args()
    try:
        settings = load(Path("stages.toml"))
        check(settings)
        read_model_record(settings.model_folder)
    except (SettingsError, IncompatibleError) as mistake:
        print(mistake, file=sys.stderr)
        return 2
    print(f"stages.toml: {len(settings.stages)} stages, nothing clashes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
