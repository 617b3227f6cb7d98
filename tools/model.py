"""`make model`: build the example model, where stages.toml names it and not a model of yours."""

import subprocess
import sys
from pathlib import Path

from stacks.settings import SettingsError, load

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "build" / "model"


def main() -> int:
    """Build the example; nothing for any other model, which is built by whoever made it."""
    try:
        folder = load(ROOT / "stages.toml").model_folder
    except SettingsError as mistake:
        print(mistake, file=sys.stderr)
        return 2
    if folder.resolve() != EXAMPLE:
        return 0
    return subprocess.run(
        [sys.executable, "-m", "model", "build"], cwd=ROOT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
