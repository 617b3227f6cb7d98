"""Templates, read from what the CDK wrote or from what somebody stored."""

import json
from pathlib import Path
from typing import Any

import pytest

from stacks.deployment_plan.assembly import (
    AssemblyError,
    given_back,
    stage_stacks,
    stored_templates,
)

NAMES = ["berth-dev-storage", "berth-dev-serving"]


def stack(name: str, file: str, *dependencies: str) -> dict[str, Any]:
    return {
        "type": "aws:cloudformation:stack",
        "environment": "aws://111111111111/eu-central-1",
        "properties": {"stackName": name, "templateFile": file},
        "dependencies": [*dependencies, "Some.assets"],
    }


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """A cloud assembly as the CDK lays it out, its stacks in no helpful order."""
    stage = tmp_path / "assembly-dev"
    stage.mkdir()
    nested = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-dev"}}
    written = {
        tmp_path / "manifest.json": {"artifacts": {"assembly-dev": nested}},
        stage / "manifest.json": {
            "artifacts": {
                "Serving": stack(NAMES[1], "serving.json", "Storage"),
                "Some.assets": {"type": "cdk:asset-manifest"},
                "Storage": stack(NAMES[0], "storage.json"),
            }
        },
        stage / "serving.json": {"Description": "Größer → schneller"},
        stage / "storage.json": {"Description": "storage"},
    }
    for file, content in written.items():
        file.write_text(json.dumps(content))
    return tmp_path


def test_a_stage_has_its_stacks_in_the_order_of_deployment(assembly: Path) -> None:
    found = stage_stacks(assembly, "dev")
    assert [each.name for each in found] == NAMES
    assert (found[0].account, found[0].region) == ("111111111111", "eu-central-1")


def test_what_cloudformation_does_not_keep_is_not_compared(assembly: Path) -> None:
    assert stage_stacks(assembly, "dev")[1].template == {"Description": "Gr??er ? schneller"}


def test_stored_templates_come_from_an_assembly_or_from_files(
    assembly: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert set(stored_templates(assembly, "dev", NAMES)) == set(NAMES)
    folder = tmp_path_factory.mktemp("stored")
    (folder / "berth-dev-serving.template.json").write_text("{}")
    assert stored_templates(folder, "dev", NAMES) == {"berth-dev-serving": {}}


def test_what_cannot_be_read_is_one_line(assembly: Path, tmp_path: Path) -> None:
    with pytest.raises(AssemblyError, match="no stage prod in this cloud assembly"):
        stage_stacks(assembly, "prod")
    with pytest.raises(AssemblyError, match=r"manifest\.json: cannot be read: No such file"):
        stage_stacks(tmp_path / "nowhere", "dev")
    (assembly / "assembly-dev" / "serving.json").write_text("{")
    with pytest.raises(AssemblyError, match=r"serving\.json: not JSON"):
        stage_stacks(assembly, "dev")
    with pytest.raises(AssemblyError, match=r"neither a cloud assembly nor .*serving\.template"):
        stored_templates(tmp_path / "assembly-dev" / "empty", "dev", NAMES)


def test_a_template_is_compared_as_cloudformation_gives_it_back() -> None:
    synthesized = {"Größe": ["5 µs", {"n": 1.5}], "plain": True}
    assert given_back(synthesized) == {"Gr??e": ["5 ?s", {"n": 1.5}], "plain": True}
