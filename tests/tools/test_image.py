"""Building the image: what a build is told, and of what it must not tell."""

from pathlib import Path

import pytest

from tools.image import build, engine, network

pytestmark = pytest.mark.slow


def options_and_conf(settings: dict[str, str]) -> tuple[list[str], str]:
    """The options for a build, and the text of the pip.conf among them."""
    with network.build_options(settings) as options:
        (conf,) = [one for one in options if one.startswith("id=pip.conf,src=")]
        return options, Path(conf.partition("src=")[2]).read_text()


def test_on_an_open_network_a_build_is_told_nothing() -> None:
    with network.build_options({"disable-pip-version-check": "1"}) as options:
        assert options == []


def test_an_index_and_its_password_reach_a_build_as_a_secret_alone() -> None:
    address = "https://me:hush@packages.example/simple"
    options, conf = options_and_conf({"index-url": address, "cert": "/etc/ca.crt"})
    assert "hush" not in " ".join(options)
    assert "id=ca,src=/etc/ca.crt" in options
    assert f"index-url = {address}\n" in conf
    assert "cert = /run/secrets/ca\n" in conf


def test_nothing_of_it_is_left_after_the_build() -> None:
    options, _ = options_and_conf({"index-url": "https://packages.example/simple"})
    assert not Path(options[-1].partition("src=")[2]).exists()


def test_a_folder_of_wheels_is_mounted_and_a_folder_as_an_index_left_out(tmp_path: Path) -> None:
    links = f"/nowhere {tmp_path} https://wheels.example/"
    options, conf = options_and_conf(
        {"find-links": links, "extra-index-url": f"file://{tmp_path} https://more.example"}
    )
    assert f"wheels={tmp_path}" in options
    assert "find-links = https://wheels.example/ /wheels\n" in conf
    assert "extra-index-url = https://more.example\n" in conf


def test_the_environments_settings_win_over_pips_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://file.example\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_INDEX_URL", "https://environment.example")
    assert network.pip_settings()["index-url"] == "https://environment.example"


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "pip_settings", dict)
    for name in ("BASE_IMAGE", "TORCH_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("no_settings")
def test_torch_comes_from_where_cdk_has_it_from() -> None:
    assert build.replaced("13.0") == {"TORCH_INDEX_URL": "https://download.pytorch.org/whl/cu130"}


@pytest.mark.usefixtures("no_settings")
def test_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_INDEX_URL", "")
    monkeypatch.setenv("BASE_IMAGE", "mine:1")
    assert build.replaced("13.0") == {"TORCH_INDEX_URL": "", "BASE_IMAGE": "mine:1"}


@pytest.mark.usefixtures("no_settings")
def test_a_build_of_torch_among_pips_own_wheels_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl").touch()
    monkeypatch.setattr(network, "pip_settings", lambda: {"find-links": str(tmp_path)})
    assert build.replaced("none") == {"TORCH_INDEX_URL": ""}


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_an_engine_that_does_not_answer_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CONTAINERS_CONF", "mine")
    program(tmp_path, "docker", "exit 1")
    program(tmp_path, "podman", "echo podman version 5")
    assert engine.find() == engine.Engine(str(tmp_path / "podman"), is_podman=True)


def test_podman_under_dockers_name_is_podman(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CONTAINERS_CONF", "mine")
    program(tmp_path, "docker", "echo podman version 5")
    assert engine.find().is_podman


def test_without_an_engine_it_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(engine.ImageError) as error:
        engine.find()
    assert str(error.value) == (
        "no container engine: start docker or install podman (here: there is neither)"
    )
