"""What of an image's packages does not go together."""

import pytest

from tools.image.engine import ImageError
from tools.image.resolve import clash

pytestmark = pytest.mark.slow


def asked(requirements: str, **others: str) -> str | None:
    arguments = {"PYTHON_VERSION": "3.11.7", "MODEL_REQUIREMENTS": requirements, **others}
    try:
        return clash(arguments)
    except ImageError as error:
        pytest.skip(f"no package index: {error}")


def test_what_goes_together_is_not_told() -> None:
    assert asked("mlflow-skinny==2.9.2\ncloudpickle==2.2.1\n", ENGINE="onnx") is None


def test_the_two_that_clash_are_named() -> None:
    says = asked("mlflow-skinny==2.9.2\npackaging==26.0\n")
    assert says is not None
    assert "\n" not in says
    assert "mlflow-skinny==2.9.2" in says
    assert "packaging" in says


def test_the_servers_own_count() -> None:
    says = asked("orjson==3.8.14\n")
    assert says is not None
    assert "orjson>=3.9" in says
