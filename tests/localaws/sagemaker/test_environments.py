"""The overlay that stands in for an image's own packages."""

import importlib.metadata
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from localaws.sagemaker import environments
from localaws.sagemaker.errors import HostingError

HERE = platform.python_version()


def lines(*texts: str) -> str:
    return "\n".join(texts) + "\n"


def wheel(folder: Path, name: str, version: str, requires: str = "") -> None:
    """A wheel of one module that knows its version."""
    folder.mkdir(exist_ok=True)
    about = f"{name}-{version}.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", f"version = {version!r}\n")
        archive.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
        )
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")


def test_what_is_met_here_needs_no_overlay(tmp_path: Path) -> None:
    here = importlib.metadata.version("httpx")
    model = lines(
        "# a comment",
        "--index-url https://example.invalid",
        f"httpx=={here}  # pinned",
        'pywin32==1; sys_platform == "win32"',
        "",
    )
    assert environments.unmet(model) == []
    assert environments.programs_for(HERE, model, tmp_path) == Path(sys.executable).parent
    assert environments.programs_for(HERE, "", tmp_path) == Path(sys.executable).parent


def test_what_is_not_met_is_named(tmp_path: Path) -> None:
    model = lines("httpx==0.0.1", "no-such-package>=1", "pytest")
    found = environments.unmet(model)
    assert found == ["httpx==0.0.1", "no-such-package>=1"]


def test_a_line_that_is_no_requirement_is_said(tmp_path: Path) -> None:
    model = lines("httpx = 1")
    with pytest.raises(HostingError, match=r"requirements are wrong"):
        environments.programs_for(HERE, model, tmp_path)


@pytest.mark.slow
def test_an_overlay_has_the_models_version_and_all_else_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(tmp_path / "wheels", "berth_probe", "1.5", requires="iniconfig")
    wheel(tmp_path / "wheels", "iniconfig", "99")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    model = lines("berth_probe==1.5", "pytest")
    programs = environments.programs_for(HERE, model, tmp_path)
    ask = "import berth_probe, iniconfig, httpx, sys; print(berth_probe.version, sys.prefix)"
    told = subprocess.run(
        [programs / "python", "-c", ask], capture_output=True, text=True, check=True
    )
    version, prefix = told.stdout.split()
    assert version == "1.5"
    assert Path(prefix) == programs.parent
    # What this environment has is not installed again, be there a newer one or not.
    assert not list(programs.parent.rglob("iniconfig*"))

    built = (programs.parent / "complete").stat().st_mtime_ns
    assert environments.programs_for(HERE, model, tmp_path) == programs
    assert (programs.parent / "complete").stat().st_mtime_ns == built


@pytest.mark.slow
def test_what_cannot_be_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    model = lines("berth-nowhere==1")
    with pytest.raises(HostingError, match="Could not install what the model needs"):
        environments.programs_for(HERE, model, tmp_path)


@pytest.mark.slow
def test_the_models_packages_have_to_go_with_the_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the image's build, which would refuse these."""
    wheel(tmp_path / "wheels", "berth_probe", "1.5", requires="orjson<3.9")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    model = lines("berth_probe==1.5")
    with pytest.raises(HostingError, match=r"Could not install what the model needs.*orjson"):
        environments.programs_for(HERE, model, tmp_path)


def test_a_model_of_a_python_that_is_not_at_hand_is_told_how_to_have_it(tmp_path: Path) -> None:
    model = lines("pytest")
    with pytest.raises(HostingError, match=r"of Python 3\.99, and .*`uv python install 3\.99`"):
        environments.programs_for("3.99.1", model, tmp_path)


@pytest.mark.slow
def test_a_model_of_another_python_gets_an_environment_of_that_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    monkeypatch.setattr(environments, "_HERE", "3.1")
    model = lines("iniconfig==2.1.0")
    try:
        programs = environments.programs_for(f"{here}.1", model, tmp_path)
    except HostingError as error:
        pytest.skip(f"no package index: {error}")
    ask = "import iniconfig, orjson, uvloop, sys; print(*sys.version_info[:2], sep='.')"
    told = subprocess.run(
        [programs / "python", "-c", ask], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == here
    assert "httpx" not in {path.name for path in programs.parent.rglob("httpx")}
