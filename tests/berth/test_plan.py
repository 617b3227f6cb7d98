"""`berth plan`, on cloud assemblies that are there already: no CDK, no AWS."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import berth_cli

pytestmark = pytest.mark.slow


def run(folder: Path, *arguments: str, colours: bool = False) -> subprocess.CompletedProcess[str]:
    hidden = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nobody = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    environment = hidden | nobody | {"AWS_EC2_METADATA_DISABLED": "true"}
    if colours:
        environment["FORCE_COLOR"] = "1"
    return berth_cli.run("plan", *arguments, folder=folder, environment=environment)


@pytest.fixture
def changed(assembly: Path, tmp_path: Path) -> Path:
    """The same assembly without dev's data bucket."""
    folder = tmp_path / "changed"
    shutil.copytree(assembly, folder)
    file = folder / "assembly-dev" / "storage.template.json"
    template = json.loads(file.read_text())
    del template["Resources"]["Data"]
    file.write_text(json.dumps(template))
    return folder


def test_two_equal_assemblies_have_nothing_between_them(model_folder: Path, assembly: Path) -> None:
    ended = run(model_folder, "dev", "--assembly", str(assembly), "--against", str(assembly))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("berth-dev-storage: nothing to do\n")
    assert all(line.endswith(": nothing to do") for line in ended.stdout.splitlines())


def test_data_that_is_touched_ends_with_status_1(
    model_folder: Path, assembly: Path, changed: Path
) -> None:
    ended = run(model_folder, "dev", "--assembly", str(changed), "--against", str(assembly))
    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout.splitlines()[-1].startswith("refused: ")


@pytest.mark.parametrize(("said_again", "status"), [("true", 0), ("false", 1)])
def test_both_keys_of_stages_toml_let_it_go_on(
    assembly: Path, changed: Path, model_folder: Path, said_again: str, status: int
) -> None:
    keys = f'[dev.data]\nremoval_policy = "destroy"\ndelete_data = {said_again}\n'
    with (model_folder / "stages.toml").open("a") as stages:
        stages.write(keys)
    ended = run(model_folder, "dev", "--assembly", str(changed), "--against", str(assembly))
    assert ended.returncode == status, ended.stdout + ended.stderr


def test_colours_add_nothing_to_the_words(
    model_folder: Path, assembly: Path, changed: Path
) -> None:
    arguments = ("dev", "--assembly", str(changed), "--against", str(assembly))
    plain, coloured = (
        run(model_folder, *arguments).stdout,
        run(model_folder, *arguments, colours=True).stdout,
    )
    assert "\x1b[" not in plain
    assert "\x1b[" in coloured
    assert "✗ " in plain


def test_bad_input_is_one_line_and_status_2(
    model_folder: Path, assembly: Path, tmp_path: Path
) -> None:
    def line(*arguments: str) -> str:
        ended = run(model_folder, *arguments)
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
        return ended.stderr

    assert line("staging") == "stages.toml: no stage 'staging'; there are dev, qa, prod\n"
    assert "manifest.json: cannot be read" in line("dev", "--assembly", str(tmp_path))
    given = ("dev", "--assembly", str(assembly))
    assert "neither a cloud assembly nor" in line(*given, "--against", str(tmp_path))
    assert line(*given) == "AWS: Unable to locate credentials\n"


def test_a_script_reads_the_lines_with_their_tones(
    model_folder: Path, assembly: Path, changed: Path
) -> None:
    arguments = ("dev", "--assembly", str(changed), "--against", str(assembly), "--json")
    ended = run(model_folder, *arguments)
    assert (ended.returncode, ended.stderr) == (1, "")
    document = json.loads(ended.stdout)
    assert (document["stage"], document["refused"]) == ("dev", True)
    assert {line["tone"] for line in document["lines"]} == {"plain", "refusal"}
