"""The image runs as SageMaker runs it, and needs nothing that SageMaker might not give."""

import json
import shutil
from pathlib import Path

import pytest

from tests.image.container import HARDENED, Container
from tools.image.engine import Engine

TEXT = "Marta Keller joined Northwind Labs in Lisbon."


@pytest.fixture
def readable_model(built_model: Path, tmp_path: Path) -> Path:
    """The model as it is unpacked from its archive: every file for everybody to read."""
    for path in shutil.copytree(built_model, tmp_path / "model").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return tmp_path / "model"


@pytest.mark.parametrize("more", [(), ("--user=1000:1000",)], ids=["root", "any-user"])
def test_it_serves_read_only_without_capabilities_and_ends_with_0(
    container: Container, readable_model: Path, more: tuple[str, ...]
) -> None:
    container.options = (*HARDENED, *more)
    container.model = readable_model
    with container:
        container.wait_until_ready()
        (entities,) = container.invoke({"text": [TEXT]})
        assert {entity["text"] for entity in entities} >= {"Marta Keller", "Lisbon"}
        container.terminate()
        assert container.wait() == 0


def test_it_answers_the_models_own_example(container: Container, built_model: Path) -> None:
    example = json.loads((built_model / "serving_input_example.json").read_text())
    with container:
        container.wait_until_ready()
        answers = container.invoke(example)
        assert len(answers) == len(example["dataframe_split"]["data"])


def test_a_model_that_cannot_be_loaded_ends_it_with_the_reason(
    container: Container, tmp_path: Path
) -> None:
    container.model = tmp_path
    with container:
        assert container.wait() == 1
        assert "MLmodel" in container.log().splitlines()[-1]


@pytest.mark.parametrize("argument", ["train", "bash"])
def test_it_takes_no_argument_but_serve(engine: Engine, image: str, argument: str) -> None:
    ended = engine.run("run", "--rm", "--network=none", image, argument)
    assert ended.returncode == 2
    assert f"got '{argument}', but takes one argument: serve" in ended.stderr
