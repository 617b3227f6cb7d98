"""What every test folder shares."""

import fcntl
import functools
import os
import subprocess
from pathlib import Path

import botocore.session
import hypothesis
import pytest

from tests import STAGES_FILE

ROOT = Path(__file__).parents[1]

# A build takes minutes, and only where there is an engine: `make test-image` asks for it.
os.environ["LOCALAWS_IMAGES"] = "never"
# Minutes of an update's waits become seconds.
os.environ["LOCALAWS_TIME_SCALE"] = "0.01"
# Every session would parse the same descriptions of services again, which takes most of its time.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)


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
    """Try EXAMPLES examples of each property; how long one takes says nothing on a busy machine."""
    hypothesis.settings.register_profile(
        "berth",
        max_examples=int(os.environ.get("EXAMPLES", "100")),
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("berth")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files that would be imported for seconds, to select nothing of them."""
    if collection_path.suffix != ".py":
        return None
    text = collection_path.read_text("utf-8")
    for marker in ("slow", "long"):
        deselected = f"not {marker}" in config.option.markexpr
        if deselected and f"\npytestmark = pytest.mark.{marker}\n" in text:
            return True
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left with it at the end."""

    def takes_long(item: pytest.Item) -> bool:
        return bool(item.get_closest_marker("long")) or "end_to_end" in item.path.parts

    items.sort(key=takes_long, reverse=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-snapshots", action="store_true", help="write the template snapshots anew"
    )
    parser.addoption("--image", action="store_true", help="build the image and test it, too")
