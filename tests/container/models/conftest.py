"""What the tests of models share: folders of files, loaded and forgotten again."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from berth_serving.config import Settings
from berth_serving.models import load
from berth_serving.servable import Servable

Load = Callable[..., Servable]
MODULES = {"inference", "helper", "other_program", "model"}


@pytest.fixture
def imports() -> Iterator[None]:
    """Forget what a model's code has had imported, and where from."""
    path = sys.path[:]
    yield
    sys.path[:] = path
    _forget()


def _forget() -> None:
    for name in list(sys.modules):
        if name.split(".")[0] in MODULES or name.startswith("code."):
            del sys.modules[name]


@pytest.fixture
def load_files(tmp_path: Path, imports: None) -> Load:
    """Write files into a model's folder, and load it."""

    def load_files(files: dict[str, str], **settings: Any) -> Servable:
        _forget()
        for name, content in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return load(Settings(model_dir=tmp_path, **settings))

    return load_files
