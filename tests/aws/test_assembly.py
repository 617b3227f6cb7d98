"""What is taken out of a cloud assembly."""

import json
from pathlib import Path

import pytest

from aws.assembly import (
    FileAsset,
    ImageAsset,
    read,
    stage_folder,
    stages,
    stored_templates,
)
from aws.errors import AssemblyError

ACCOUNT, REGION = "1" * 12, "eu-central-1"
DEPLOY, PUBLISHING = (f"arn:${{AWS::Partition}}:iam::{ACCOUNT}:role/{n}" for n in "dp")
FILES = {
    name: {
        "source": {"path": path, "packaging": "file"},
        "destinations": {
            "there": {"bucketName": "cdk-assets", "objectKey": key, "assumeRoleArn": PUBLISHING}
        },
    }
    for name, path, key in (
        ("89ab", "t.json", "89ab.json"),
        ("0123", "../asset.0123.json", "0123.gz"),
    )
}
IMAGES = {
    "4567": {
        "source": {"dockerBuildArgs": {"PYTHON_VERSION": "3.11"}},
        "destinations": {"there": {"repositoryName": "cdk-images", "imageTag": "4567"}},
    },
}


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """dev and qa as the CDK writes them, an asset beside them."""
    folder = tmp_path / "cdk.out"
    artifacts = {
        f"assembly-{stage}": {
            "type": "cdk:cloud-assembly",
            "properties": {"directoryName": f"assembly-{stage}"},
        }
        for stage in ("dev", "qa")
    }
    write(folder / "manifest.json", {"version": "55.0.0", "artifacts": artifacts})
    for stage in ("dev", "qa"):
        stack = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{ACCOUNT}/{REGION}",
            "properties": {
                "stackName": f"berth-{stage}-serving",
                "templateFile": "t.json",
                "assumeRoleArn": DEPLOY,
            },
            "dependencies": ["storage", "assets"],
        }
        storage = {
            **stack,
            "properties": {"stackName": f"berth-{stage}-storage", "templateFile": "s.json"},
            "dependencies": ["assets"],
        }
        nested = folder / f"assembly-{stage}"
        assets = {"type": "cdk:asset-manifest", "properties": {"file": "assets.json"}}
        write(
            nested / "manifest.json",
            {"artifacts": {"assets": assets, "stack": stack, "storage": storage}},
        )
        write(nested / "t.json", {"Description": stage})
        write(nested / "s.json", {"Description": "Größe"})
        write(nested / "assets.json", {"files": FILES, "dockerImages": IMAGES})
    write(folder / "asset.0123.json", "the asset's bytes")
    write(folder / "tree.json", {})
    (folder / "stages.toml").write_text("project = 'berth'")
    return folder


def write(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def test_templates_are_found_by_their_stacks_in_the_order_of_deployment(assembly: Path) -> None:
    found = read(assembly, "dev", ACCOUNT, REGION)
    assert list(found.templates.items()) == [
        ("berth-dev-storage", {"Description": "Größe"}),
        ("berth-dev-serving", {"Description": "dev"}),
    ]


def test_its_stages_and_their_folders_are_those_of_its_manifest(assembly: Path) -> None:
    assert stages(assembly) == ["dev", "qa"]
    assert stage_folder(assembly, "qa") == assembly / "assembly-qa"


def test_stored_templates_come_from_an_assembly_or_from_files(
    assembly: Path, tmp_path: Path
) -> None:
    names = ["berth-dev-storage", "berth-dev-serving"]
    assert set(stored_templates(assembly, "dev", names)) == set(names)
    write(tmp_path / "stored" / "berth-dev-serving.template.json", {"Description": "stored"})
    found = stored_templates(tmp_path / "stored", "dev", names)
    assert found == {"berth-dev-serving": {"Description": "stored"}}
    with pytest.raises(AssemblyError, match=r"neither a cloud assembly nor .*serving\.template"):
        stored_templates(tmp_path / "empty", "dev", names)


def test_what_is_not_in_the_assembly_itself_is_expected_in_the_account(assembly: Path) -> None:
    found = read(assembly, "qa", ACCOUNT, REGION)
    assert found.bucket == "cdk-assets"
    assert found.files == (FileAsset("0123", "cdk-assets", "0123.gz"),)
    assert found.images == (ImageAsset("cdk-images", "4567", (("PYTHON_VERSION", "3.11"),)),)


def test_a_stage_that_it_has_not_is_refused(assembly: Path) -> None:
    with pytest.raises(AssemblyError, match="no stage prod in this cloud assembly"):
        read(assembly, "prod", ACCOUNT, REGION)


def test_the_roles_that_deploying_takes_on_are_each_named_once(assembly: Path) -> None:
    found = read(assembly, "qa", ACCOUNT, REGION)
    assert found.roles == tuple(f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in "dp")


def test_an_assembly_for_another_account_is_refused(assembly: Path) -> None:
    with pytest.raises(AssemblyError, match=r"berth-dev-\w+ is for aws://1{12}/eu-central-1"):
        read(assembly, "dev", "2" * 12, REGION)


def test_a_folder_that_is_no_assembly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssemblyError, match=r"manifest\.json: cannot be read: No such file"):
        read(tmp_path, "dev", ACCOUNT, REGION)
    (tmp_path / "manifest.json").write_text("<html>")
    with pytest.raises(AssemblyError, match=r"manifest\.json: not JSON"):
        read(tmp_path, "dev", ACCOUNT, REGION)
