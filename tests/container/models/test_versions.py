import platform
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from berth_serving.errors import LoadError
from berth_serving.models import versions
from tests.container.folders import PINS, replace, save_model

pytestmark = pytest.mark.slow

PYTHON = "3.11.7"
MADE_WITH = {
    "torch": "2.13.0",
    "transformers": "5.23.0",
    "tokenizers": "0.23.3",
    "numpy": "2.4.6",
    "scikit-learn": "1.9.1",
    "cloudpickle": "3.1.2",
    "pandas": "3.1.1",
}


def compare(
    changed: dict[str, str | None] | None = None, *, pickled: bool = True, python: str = PYTHON
) -> list[versions.Difference]:
    here = {**MADE_WITH, **(changed or {})}

    def installed(name: str) -> str:
        if (found := here[name]) is None:
            raise PackageNotFoundError(name)
        return found

    made = versions.RecordedVersions(PYTHON, dict(MADE_WITH), pickled)
    return versions.differences(made, python=python, installed=installed)


def test_the_same_versions_differ_in_nothing() -> None:
    assert compare() == []


def test_another_build_of_the_same_version_is_the_same() -> None:
    assert compare({"torch": "2.13.0+cu130"}) == []


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("torch", "3.0.0"),
        ("transformers", "4.57.0"),
        ("tokenizers", "0.22.1"),
        ("numpy", "1.26.4"),
        ("scikit-learn", "1.8.0"),
        ("cloudpickle", "3.0.0"),
        ("torch", None),
    ],
)
def test_what_breaks_a_model_is_refused_with_both_versions_and_the_cure(
    package: str, version: str | None
) -> None:
    with pytest.raises(LoadError) as refusal:
        versions.refuse(compare({package: version}))
    reason = str(refusal.value)
    assert f"{package} {MADE_WITH[package]} made the model, here is {version or 'none'}" in reason
    assert "build the image from this model's own requirements.txt" in reason
    assert "BERTH_SKIP_VERSION_CHECK=1" in reason


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("torch", "2.14.1"),
        ("transformers", "5.0.0"),
        ("tokenizers", "0.23.9"),
        ("scikit-learn", "1.9.0"),
        ("cloudpickle", "3.1.0"),
        ("pandas", "2.3.3"),
        ("pandas", None),
    ],
)
def test_what_should_not_is_only_told(package: str, version: str | None) -> None:
    found = compare({package: version})
    versions.refuse(found)
    assert [difference.name for difference in found] == [package]


def test_another_python_minor_is_refused_and_a_patch_told() -> None:
    with pytest.raises(LoadError, match=r"Python 3\.11\.7 made the model, here is 3\.12\.1"):
        versions.refuse(compare(python="3.12.1"))
    versions.refuse(compare(python="3.11.9"))


def test_cloudpickle_does_not_matter_to_a_model_from_code() -> None:
    versions.refuse(compare({"cloudpickle": "2.2.1"}, pickled=False))


def test_a_folder_made_here_agrees_with_here(spans_model: Path, pickled_model: Path) -> None:
    for folder in (spans_model, pickled_model):
        found = versions.read(folder)
        assert found.python == platform.python_version()
        assert {f"{name}=={version}" for name, version in found.packages.items()} > set(PINS)
        assert versions.differences(found) == []
    assert versions.read(pickled_model).pickled
    assert not versions.read(spans_model).pickled


def test_python_is_read_from_python_env_where_mlmodel_is_silent(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "model", "spans.py")
    replace(folder / "MLmodel", f"    python_version: {platform.python_version()}\n", "")
    replace(folder / "python_env.yaml", platform.python_version(), "3.9.1")
    assert versions.read(folder).python == "3.9.1"


def test_lines_that_pin_nothing_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {python_version: '3.11.7'}}")
    (tmp_path / "requirements.txt").write_text(
        "# made by hand\n--extra-index-url https://example.org\nTorch_Vision==0.28 # why not\n"
        "numpy>=2\nrich==15.*\nfile:///wheel.whl\ntriton==3.7.1 ; sys_platform == 'win32'\n"
    )
    assert versions.read(tmp_path).packages == {"torch-vision": "0.28"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a: b: c", "MLmodel: not YAML"),
        ("[]", "MLmodel: must hold a mapping"),
        ("flavors: {sklearn: {}}", "MLmodel: no flavors.python_function"),
    ],
)
def test_a_folder_that_is_no_model_gets_one_line(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "MLmodel").write_text(content)
    with pytest.raises(LoadError) as refusal:
        versions.read(tmp_path)
    assert reason in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


# Folders of other kinds


def test_the_pins_of_the_code_are_its_record(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "requirements.txt").write_text("torch==1.13.1\nrich>=10\n")
    found = versions.read(tmp_path)
    assert found == versions.RecordedVersions(None, {"torch": "1.13.1"})
    with pytest.raises(LoadError, match=r"torch 1\.13\.1 made the model, here is 2\.13\.0"):
        versions.refuse(versions.differences(found, installed=lambda _: "2.13.0"))


@pytest.mark.parametrize(
    ("here", "told"), [("5.23.0", []), ("5.0.0", []), ("4.57.0", ["transformers"])]
)
def test_another_major_of_transformers_than_saved_a_classifier_is_told(
    tmp_path: Path, here: str, told: list[str]
) -> None:
    (tmp_path / "config.json").write_text('{"transformers_version": "5.23.0"}')
    found = versions.differences(versions.read(tmp_path), installed=lambda _: here)
    versions.refuse(found)
    assert [difference.name for difference in found] == told


@pytest.mark.parametrize("content", ["", "[]", "{}", "\x80"])
def test_a_config_without_it_records_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content, encoding="latin-1")
    assert versions.read(tmp_path) == versions.RecordedVersions(None, {})


def test_a_classifier_needs_no_transformers(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"transformers_version": "5.23.0"}')

    def installed(name: str) -> str:
        raise PackageNotFoundError(name)

    assert versions.differences(versions.read(tmp_path), installed=installed) == []
