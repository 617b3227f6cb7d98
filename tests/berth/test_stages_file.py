"""`--stages FILE` and `cdk --context stages=FILE`: a project in any folder."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.berth_cli import ROOT, run, status_of

pytestmark = pytest.mark.slow


def cdk(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "tools" / "cdk"), *arguments],
        cwd=folder,
        env={**os.environ, "CDK_DISABLE_CLI_TELEMETRY": "true", "CDK_NOTICES": "false"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_project_elsewhere_is_checked_with_its_own_model(
    model_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    named = str(Path(os.path.relpath(model_folder / "stages.toml", elsewhere)))
    done = run("--stages", named, "check", folder=elsewhere)
    assert (done.returncode, done.stderr) == (0, "")
    shutil.rmtree(model_folder / "build")
    done = run("--stages", named, "check", folder=elsewhere)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_folder_that_hides_our_packages_changes_nothing(model_folder: Path) -> None:
    for name in ("model", "stacks", "aws"):
        (model_folder / f"{name}.py").write_text("raise SystemExit('of the user')\n")
    assert run("check", folder=model_folder).returncode == 0


def test_the_cdk_works_on_a_project_elsewhere(
    model_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    named = f"stages={model_folder / 'stages.toml'}"
    every = cdk(elsewhere, "synth", "--quiet", "--context", named)
    assert every.returncode == 0, every.stderr
    assert list(elsewhere.iterdir()) == []
    whole = model_folder / "cdk.out"
    stages = [f"assembly-{name}" for name in ("dev", "qa", "prod")]
    assert sorted(stages) == sorted(file.name for file in whole.glob("assembly-*"))
    assert (whole / "stages.toml").read_text() == (model_folder / "stages.toml").read_text()
    assert (model_folder / "build" / "model.tar.gz").exists()


def test_without_a_stages_toml_the_cdk_starts_no_app(tmp_path: Path) -> None:
    done = cdk(tmp_path, "synth")
    assert done.returncode == 1
    assert "--app is required" in done.stderr


def test_a_mistake_ends_the_cdk_with_2(model_folder: Path) -> None:
    stages = model_folder / "stages.toml"
    stages.write_text(stages.read_text().replace("ml.g4dn.xlarge", "ml.g4dn.huge"))
    done = cdk(model_folder, "synth", "--quiet")
    assert done.returncode == 2
    assert 'stages.toml: dev.endpoint.instance_type = "ml.g4dn.huge"' in done.stderr


def test_the_example_is_not_built_over_a_model_of_the_users(
    model_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(model_folder)
    before = (model_folder / "build" / "model" / "MLmodel").read_text()
    assert status_of("model") == 0
    assert "stays as it is" in capsys.readouterr().err
    assert (model_folder / "build" / "model" / "MLmodel").read_text() == before


def test_roles_are_printed_as_outputs_of_a_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from stacks.job_roles import outputs
    from stacks.settings import load

    file = ROOT / "tests" / "stacks" / "stages.toml"
    monkeypatch.chdir(tmp_path)
    assert status_of("--stages", str(file), "roles", "prod") == 0
    lines = capsys.readouterr().out.splitlines()
    assert dict(line.split("=", 1) for line in lines) == outputs(load(file), "prod")


def test_the_state_of_the_local_aws_is_read_by_scripts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("LOCALAWS_HOME", str(tmp_path))
    assert status_of("local", "status", "--json") == 1
    assert json.loads(capsys.readouterr().out) == {"running": False, "url": None, "process": None}
