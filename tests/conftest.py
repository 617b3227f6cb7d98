"""What every test folder shares."""

import fcntl
import os
import subprocess
from pathlib import Path

import hypothesis
import pytest

from tests import STAGES_FILE

ROOT = Path(__file__).parents[1]

# A build takes minutes, and only where there is an engine: `make test-image` asks for it.
os.environ["LOCALAWS_IMAGES"] = "never"
# Minutes of an update's waits become seconds.
os.environ["LOCALAWS_TIME_SCALE"] = "0.01"


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def built_model(root: Path) -> Path:
    """The example model beside the tests' stages.toml; built once, as `berth model` does."""
    folder = STAGES_FILE.parent / "build" / "model"
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may ask for it at the same time
        command = [str(root / "tools" / "berth"), "--stages", str(STAGES_FILE), "model"]
        subprocess.run(command, check=True)
    return folder


def pytest_configure(config: pytest.Config) -> None:
    """Let `make quick` try a tenth of the examples of each property; `make test` tries all."""
    if _quick(config):
        hypothesis.settings.register_profile("quick", max_examples=10)
        hypothesis.settings.load_profile("quick")


def _quick(config: pytest.Config) -> bool:
    return bool(config.option.markexpr == "not slow")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out of `make quick` what it would import for seconds, to select nothing of it."""
    if not _quick(config) or collection_path.suffix != ".py":
        return None
    if "\npytestmark = pytest.mark.slow\n" in collection_path.read_text("utf-8"):
        return True
    return None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-snapshots", action="store_true", help="write the template snapshots anew"
    )
    parser.addoption("--image", action="store_true", help="build the image and test it, too")
