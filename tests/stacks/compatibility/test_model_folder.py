"""What a model folder says of itself."""

from pathlib import Path

import pytest

from stacks.compatibility import IncompatibleError, read_model, read_model_record, read_models
from tests.stacks.compatibility.asking import settings_that_ask


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "python_env.yaml").write_text("python: 3.12.4\nbuild_dependencies: [pip]\n")
    (folder / "requirements.txt").write_text("torch==2.13.0+cpu\nmlflow-skinny==3.17.2\nscipy\n")
    (folder / "conda.yaml").write_text(
        "dependencies:\n- python=3.12.4\n- pip<=23.2.1\n- pip:\n  - torch==2.13.0\n"
    )
    (folder / "python_model.pkl").touch()
    (folder / "MLmodel").write_text(
        "mlflow_version: 3.17.2\nflavors:\n  python_function:\n    cloudpickle_version: 3.1.2\n"
        "    python_model: python_model.pkl\n    python_version: 3.12.4\n"
        "  pytorch:\n    pytorch_version: 2.13.0+cpu\n  sklearn: {sklearn_version: 1.7.2}\n"
    )
    return folder


def test_a_record_is_its_python_and_its_requirements(folder: Path) -> None:
    record = read_model_record(folder)
    assert record.python_version == "3.12.4"
    assert record.requirements == (folder / "requirements.txt").read_text()


def test_every_file_says_its_versions_under_the_names_of_packages(folder: Path) -> None:
    model = read_model(folder, "build/model")
    assert model.name == "build/model"
    assert model.pickled
    assert model.versions == {
        "python_env.yaml": {"python": "3.12.4"},
        "requirements.txt": {"torch": "2.13.0", "mlflow": "3.17.2"},
        "conda.yaml": {"python": "3.12.4", "torch": "2.13.0"},
        "MLmodel": {
            "mlflow": "3.17.2",
            "cloudpickle": "3.1.2",
            "python": "3.12.4",
            "torch": "2.13.0",
            "scikit-learn": "1.7.2",
        },
    }


def test_the_weights_are_those_of_the_largest_format(folder: Path) -> None:
    before = read_model(folder, "model").size
    (folder / "artifacts").mkdir()
    (folder / "artifacts" / "a.safetensors").write_bytes(b"x" * 300)
    (folder / "artifacts" / "b.safetensors").write_bytes(b"x" * 400)
    (folder / "artifacts" / "model.onnx").write_bytes(b"x" * 600)
    (folder / "artifacts" / "vocab.txt").write_bytes(b"x" * 900)
    model = read_model(folder, "model")
    assert model.weights == 700
    assert model.size == before + 2200


@pytest.mark.parametrize(
    ("python_env", "reason"),
    [
        ("python: 3.8.10\n", "the server needs Python 3.10 or newer"),
        ("python: three\n", "must be a version such as 3.11.7"),
        ("[]\n", "must be a version such as 3.11.7"),
        ("python: [\n", "not a whole model folder"),
        ("python: 2020-13-45\n", "must be a version such as 3.11.7"),
    ],
)
def test_a_record_that_no_image_can_be_built_for_is_refused(
    folder: Path, python_env: str, reason: str
) -> None:
    (folder / "python_env.yaml").write_text(python_env)
    with pytest.raises(IncompatibleError, match=reason) as caught:
        read_model(folder, "model")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", ["[]", "dependencies: 3", "dependencies: [{pip: 3}, 4]", "flavors: {a: b}"]
)
def test_a_conda_yaml_of_another_shape_records_nothing(folder: Path, content: str) -> None:
    (folder / "conda.yaml").write_text(content)
    assert read_model(folder, "model").versions["conda.yaml"] == {}


def test_a_python_is_no_number_of_yaml(folder: Path) -> None:
    (folder / "python_env.yaml").write_text("python: 3.20\n")
    assert read_model_record(folder).python_version == "3.20"


def test_conda_yaml_alone_is_a_record(folder: Path) -> None:
    (folder / "python_env.yaml").unlink()
    (folder / "requirements.txt").unlink()
    record = read_model_record(folder)
    assert (record.python_version, record.requirements) == ("3.12.4", "torch==2.13.0\n")


@pytest.mark.parametrize("missing", ["python_env.yaml", "requirements.txt"])
def test_a_folder_without_a_file_of_the_record_is_refused(folder: Path, missing: str) -> None:
    (folder / "conda.yaml").unlink()
    (folder / missing).unlink()
    with pytest.raises(IncompatibleError, match=f"not a whole model folder.*{missing}"):
        read_model(folder, "model")


def test_all_folders_that_stages_toml_names_are_read_and_every_mistake_told(folder: Path) -> None:
    settings = settings_that_ask(
        'variants.a.weight = 1\nvariants.b = { weight = 1, model = "other" }\n'
        'shadow.model = "candidate"',
        folder=folder.parent,
    )
    with pytest.raises(IncompatibleError) as caught:
        read_models(settings)
    assert ["other" in line for line in str(caught.value).split("\n")] == [True, False]
    for name in ("other", "candidate"):
        (folder.parent / name).symlink_to(folder)
    assert list(read_models(settings)) == ["model", "other", "candidate"]
