"""The stand-in for docker, called as the CDK CLI calls it."""

import base64
import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from localaws import builder, engine
from localaws.images import build_arguments
from tests.localaws.conftest import TestEmulator

HASH = "0f" * 32


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOCALAWS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build context, and the working directory, as the CLI has it."""
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "entrypoint.sh").write_text("#!/bin/sh\n")
    (folder / "entrypoint.sh").chmod(0o755)
    monkeypatch.chdir(folder)
    return folder


def build(tag: str = f"cdkasset-{HASH}") -> int:
    options = ["--build-arg", "LINES=a==1\nb==2\n", "--build-arg", "EMPTY=", "--tag", tag]
    return engine.main(
        ["build", *options, "--platform", "linux/amd64", "--output=type=docker", "."]
    )


def test_a_build_keeps_the_context_and_says_that_nothing_is_built(
    home: Path, context: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build() == 0
    kept = home / "images" / f"cdkasset-{HASH}" / "entrypoint.sh"
    assert kept.stat().st_mode & 0o111
    assert capsys.readouterr().err.count("NOT built") == 1


def test_a_tag_is_where_the_hosting_plane_looks(home: Path, context: Path) -> None:
    build()
    reference = f"111111111111.dkr.ecr.eu-central-1.amazonaws.com/assets:{HASH}"
    assert engine.main(["tag", f"cdkasset-{HASH}", reference]) == 0
    assert (home / "images" / HASH / "entrypoint.sh").is_file()
    assert build_arguments(home / "images" / HASH) == {"LINES": "a==1\nb==2\n", "EMPTY": ""}
    assert engine.main(["inspect", reference]) == 0


def test_nothing_half_copied_is_left_beside_the_images(home: Path, context: Path) -> None:
    build()
    assert [path.name for path in (home / "images").iterdir()] == [f"cdkasset-{HASH}"]


def test_an_image_that_is_not_there_is_dockers_status_1(home: Path) -> None:
    assert engine.main(["inspect", "cdkasset-none"]) == 1


def test_an_image_is_found_by_its_tag_whatever_the_account(
    home: Path, context: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(f"x:{HASH}")
    listing = ["images", "--format", "{{.Repository}}:{{.Tag}}", "--filter"]
    assert engine.main([*listing, f"reference=*/*:{HASH}"]) == 0
    assert capsys.readouterr().out.strip().endswith(f":{HASH}")


def test_a_login_is_kept_for_those_who_may_read_the_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir(exist_ok=True)
    monkeypatch.setattr(sys, "stdin", StringIO("token\n"))
    login = ["login", "--username", "AWS", "--password-stdin", "registry"]
    assert engine.main(["--config", "/c", *login]) == 0
    kept = home / "login-registry"
    assert base64.b64decode(kept.read_text()) == b"AWS:token"
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (["run", "x"], "no 'run' here"),
        (["tag", "none", "other"], "none: no such image"),
        (["push", "somewhere/x:y"], "must be an image of an ECR repository"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_2(
    home: Path, capsys: pytest.CaptureFixture[str], call: list[str], message: str
) -> None:
    assert engine.main(call) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_a_context_without_a_dockerfile_is_refused(
    home: Path, context: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (context / "Dockerfile").unlink()
    assert build() == 2
    assert "no Dockerfile" in capsys.readouterr().err
    assert not (home / "images").exists()


def log_in(ecr: Any, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the CDK CLI does before it pushes."""
    (given,) = ecr.get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(given["authorizationToken"]).decode().partition(":")
    monkeypatch.setattr(sys, "stdin", StringIO(password))
    registry = uri.partition("/")[0]
    assert engine.main(["login", "--username", user, "--password-stdin", registry]) == 0


def test_an_engines_own_push_has_the_login_and_the_users_other_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "contexts").mkdir()
    mine = {"credsStore": "desktop", "currentContext": "mine", "auths": {"elsewhere": {}}}
    (tmp_path / "config.json").write_text(json.dumps(mine))
    with builder._logged_in("127.0.0.1:1", "bG9naW4=") as folder:
        assert json.loads((folder / "config.json").read_text()) == {
            "currentContext": "mine",
            "auths": {"127.0.0.1:1": {"auth": "bG9naW4="}},
        }
        assert (folder / "contexts").samefile(tmp_path / "contexts")
        assert folder.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "contexts").is_dir()
    assert json.loads((tmp_path / "config.json").read_text()) == mine


@pytest.mark.slow
def test_a_push_is_an_image_in_ecr_that_says_what_it_is(
    emulator: TestEmulator,
    context: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LOCALAWS_HOME", str(emulator.home))
    ecr = emulator.client("ecr", "qa")
    uri = ecr.create_repository(repositoryName="assets")["repository"]["repositoryUri"]
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        ecr.describe_images(repositoryName="assets", imageIds=[{"imageTag": HASH}])
    build(f"x:{HASH}")
    assert engine.main(["push", f"{uri}:{HASH}"]) == 2
    assert "no login; log in to it first" in capsys.readouterr().err
    log_in(ecr, uri, monkeypatch)
    assert engine.main(["push", f"{uri}:{HASH}"]) == 0
    (image,) = ecr.describe_images(repositoryName="assets", imageIds=[{"imageTag": HASH}])[
        "imageDetails"
    ]
    assert image["imageManifestMediaType"].startswith("application/vnd.docker.distribution")
    # The same context is the same image in every account.
    assert engine.main(["push", f"{uri}:{HASH}"]) == 0
    (again,) = ecr.describe_images(repositoryName="assets")["imageDetails"]
    assert again["imageDigest"] == image["imageDigest"]
