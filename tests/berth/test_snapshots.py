"""`berth snapshots`, on a cloud assembly that is there already: no CDK."""

import json
from pathlib import Path

import pytest

from tests.berth_cli import status_of


def kept(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in (folder / "snapshots").iterdir()}


def snapshots(folder: Path, *arguments: str) -> int:
    options = ("--assembly", str(folder / "cdk.out"), *arguments)
    return status_of("--stages", str(folder / "stages.toml"), "snapshots", *options)


def change(assembly: Path, key: str, value: object) -> None:
    file = assembly / "assembly-dev" / "storage.template.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))


def test_every_template_is_a_file_beside_stages_toml(model_folder: Path, assembly: Path) -> None:
    assert snapshots(model_folder) == 0
    assert sorted(kept(model_folder)) == ["dev-Serving.json", "dev-Storage.json"]
    template = json.loads((assembly / "assembly-dev" / "serving.template.json").read_text())
    assert json.loads(kept(model_folder)["dev-Serving.json"]) == template


def test_the_hashes_of_assets_are_masked_and_nothing_else(
    model_folder: Path, assembly: Path
) -> None:
    change(assembly, "Metadata", {"key": f"{'a1' * 32}.zip", "short": "a1" * 31})
    assert snapshots(model_folder) == 0
    assert json.loads(kept(model_folder)["dev-Storage.json"])["Metadata"] == {
        "key": "<hash>.zip",
        "short": "a1" * 31,
    }
    change(assembly, "Metadata", {"key": f"{'b2' * 32}.zip", "short": "a1" * 31})
    assert snapshots(model_folder, "--check") == 0


def test_a_check_writes_nothing_and_shows_the_difference(
    model_folder: Path, assembly: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(assembly, "Description", "one")
    snapshots(model_folder)
    before = kept(model_folder)
    assert snapshots(model_folder, "--check") == 0
    change(assembly, "Description", "two")
    capsys.readouterr()
    assert snapshots(model_folder, "--check") == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")] == [
        '-  "Description": "one",',
        '+  "Description": "two",',
    ]
    assert lines[0] == "--- dev-Storage.json"
    advice = "snapshots: differs from stages.toml; to write it anew: berth snapshots"
    assert lines[-1].endswith(advice)
    assert kept(model_folder) == before


def test_a_long_difference_is_cut_off_and_says_so(
    model_folder: Path, assembly: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshots(model_folder)
    change(assembly, "Metadata", list(range(500)))
    capsys.readouterr()
    assert snapshots(model_folder, "--check") == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 62
    assert lines[-2].startswith("dev-Storage.json: 4")
    assert lines[-2].endswith(" more lines")


@pytest.mark.usefixtures("assembly")
def test_a_file_without_a_stack_is_told_and_removed_and_other_files_stay(
    model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshots(model_folder)
    folder = model_folder / "snapshots"
    (folder / "old-Storage.json").write_text("{}\n")
    (folder / "dev-Storage.json").unlink()
    (folder / "README.md").write_text("read me")
    capsys.readouterr()
    assert snapshots(model_folder, "--check") == 1
    assert capsys.readouterr().out.splitlines()[:2] == [
        "dev-Storage.json: is not written yet",
        "old-Storage.json: belongs to nothing in stages.toml any more",
    ]
    assert snapshots(model_folder) == 0
    assert sorted(kept(model_folder)) == ["README.md", "dev-Serving.json", "dev-Storage.json"]


def test_what_is_no_assembly_gets_one_line(
    model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert snapshots(model_folder) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (model_folder / "snapshots").exists()
