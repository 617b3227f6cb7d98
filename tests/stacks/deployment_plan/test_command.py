"""`python -m stacks plan`, on cloud assemblies that are there already: no CDK, no AWS."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stacks.conftest import Template

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


def run(folder: Path, *arguments: str, colours: bool = False) -> subprocess.CompletedProcess[str]:
    hidden = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nobody = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return subprocess.run(
        [sys.executable, "-m", "stacks", "plan", *arguments],
        cwd=folder,
        env=hidden
        | nobody
        | {"AWS_EC2_METADATA_DISABLED": "true", "PYTHONPATH": str(ROOT)}
        | ({"FORCE_COLOR": "1"} if colours else {}),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def changed(own_assembly: Path, tmp_path: Path) -> Path:
    """The same assembly, dev's data bucket and its policy not in it."""
    folder = tmp_path / "changed"
    shutil.copytree(own_assembly, folder)
    (file,) = folder.glob("assembly-dev/devStorage*.template.json")
    template: Template = json.loads(file.read_text())
    for name in [name for name in template["Resources"] if name.startswith("Data")]:
        del template["Resources"][name]
    file.write_text(json.dumps(template))
    return folder


def test_two_equal_assemblies_have_nothing_between_them(root: Path, own_assembly: Path) -> None:
    ended = run(root, "dev", "--assembly", str(own_assembly), "--against", str(own_assembly))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("berth-dev-storage: nothing to do\n")
    assert all(line.endswith(": nothing to do") for line in ended.stdout.splitlines())


def test_data_that_is_touched_ends_with_status_2(
    root: Path, own_assembly: Path, changed: Path
) -> None:
    ended = run(root, "dev", "--assembly", str(changed), "--against", str(own_assembly))
    assert (ended.returncode, ended.stderr) == (2, "")
    assert ended.stdout.splitlines()[-1].startswith("refused: ")


@pytest.mark.parametrize(("said_again", "status"), [("true", 0), ("false", 2)])
def test_both_keys_of_stages_toml_let_it_go_on(
    own_assembly: Path, changed: Path, tmp_path: Path, said_again: str, status: int
) -> None:
    keys = f'[dev.data]\nremoval_policy = "destroy"\ndelete_data = {said_again}\n'
    (tmp_path / "stages.toml").write_text(f"{(ROOT / 'stages.toml').read_text()}\n{keys}")
    ended = run(tmp_path, "dev", "--assembly", str(changed), "--against", str(own_assembly))
    assert ended.returncode == status, ended.stdout + ended.stderr


def test_colours_add_nothing_to_the_words(root: Path, own_assembly: Path, changed: Path) -> None:
    arguments = ("dev", "--assembly", str(changed), "--against", str(own_assembly))
    plain, coloured = run(root, *arguments).stdout, run(root, *arguments, colours=True).stdout
    assert "\x1b[" not in plain
    assert "\x1b[" in coloured
    assert "✗ " in plain


def test_bad_input_is_one_line_and_status_2(root: Path, own_assembly: Path, tmp_path: Path) -> None:
    def line(*arguments: str) -> str:
        ended = run(root, *arguments)
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
        return ended.stderr

    assert line("staging") == "stages.toml: no stage staging; there are dev, qa, prod\n"
    assert "manifest.json: cannot be read" in line("dev", "--assembly", str(tmp_path))
    given = ("dev", "--assembly", str(own_assembly))
    assert "neither a cloud assembly nor" in line(*given, "--against", str(tmp_path))
    assert line(*given) == "deployed templates: Unable to locate credentials\n"
