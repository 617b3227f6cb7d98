"""Another model in a cloud assembly."""

import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws import assembly
from aws.assembly import FileAsset
from promotion import PromotionError
from promotion.exchange import drop_rollback_alarms, exchange_model, parts_with, shipped_archive
from promotion.release import Content, Release
from stacks.settings import load
from tests.promotion.releases import release, untimed

OLD, NEW, OTHER = "9" * 64, "5" * 64, "4" * 64
OLD_MANIFEST, NEW_MANIFEST, OTHER_MANIFEST = "a" * 64, "6" * 64, "7" * 64
MANIFESTS = {OLD: OLD_MANIFEST, OTHER: OTHER_MANIFEST}
ACCOUNTS = {"dev": "1" * 12, "qa": "2" * 12, "prod": "3" * 12}
REGION = "eu-central-1"


def of(sha256: str) -> Content:
    return Content(version=None, sha256=sha256, parts_sha256=sha256, size=1)


def running(archive: str = OLD, manifest: str = OLD_MANIFEST) -> Release:
    """What qa runs: one archive, by its id."""
    (asset,), (model,) = release().assets, release().models
    asset = asset.model_copy(update={"id": archive, "key": f"{archive}.gz"})
    model = model.model_copy(update={"manifest_sha256": manifest})
    return release("qa-000001").model_copy(update={"assets": (asset,), "models": (model,)})


def write(folder: Path, shipped: dict[str, list[str]]) -> None:
    """An assembly as the CDK writes it; `shipped`: the archives of each stage's part."""
    stages = ['project = "berth"', '[model]\npath = "m"', '[container]\ncuda = "none"']
    artifacts = {}
    for stage, archives in shipped.items():
        stages.append(f'[{stage}]\naccount = "{ACCOUNTS[stage]}"\nregion = "{REGION}"')
        stages.append('endpoint.instance_type = "ml.c5.large"')
        name = f"assembly-{stage}"
        properties = {"directoryName": name}
        artifacts[name] = {"type": "cdk:cloud-assembly", "properties": properties}
        write_part(folder / name, stage, archives)
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    (folder / "stages.toml").write_text("\n".join(stages))


def write_part(nested: Path, stage: str, archives: list[str]) -> None:
    nested.mkdir()
    bucket = f"assets-{ACCOUNTS[stage]}"
    models = [
        {"Data": f"s3://{bucket}/{each}.gz", "MANIFEST": MANIFESTS[each]} for each in archives
    ]
    # A model that lies in S3 by its files has the same manifest, and is no archive.
    files = {"Data": f"s3://{bucket}/models/{OLD_MANIFEST}/"}
    templates = {"storage": {"Bucket": "data"}, "serving": {"Models": models or [files]}}
    artifacts: dict[str, Any] = {}
    for name, template in templates.items():
        text = json.dumps(template)
        (nested / f"{name}.template.json").write_text(text)
        own = hashlib.sha256(text.encode()).hexdigest()
        assets = {own: asset(bucket, f"{name}.template.json", f"{own}.json")}
        if name == "serving":
            assets |= {
                each: asset(bucket, f"../asset.{each}.tar.gz", f"{each}.gz") for each in archives
            }
        listed = json.dumps({"files": assets, "dockerImages": {}})
        (nested / f"{name}.assets.json").write_text(listed)
        artifacts[f"{name}.assets"] = {
            "type": "cdk:asset-manifest",
            "properties": {"file": f"{name}.assets.json"},
        }
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{ACCOUNTS[stage]}/{REGION}",
            "properties": {
                "stackName": f"berth-{stage}-{name}",
                "templateFile": f"{name}.template.json",
                "stackTemplateAssetObjectUrl": f"s3://{bucket}/{own}.json",
            },
        }
    (nested / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))


def asset(bucket: str, path: str, key: str) -> dict[str, Any]:
    destinations = {"there": {"bucketName": bucket, "objectKey": key}}
    return {"source": {"path": path}, "destinations": destinations}


def read(folder: Path, stage: str) -> assembly.StageAssembly:
    return assembly.read(folder, stage, ACCOUNTS[stage], REGION)


def urls(folder: Path, stage: str) -> dict[str, str]:
    """Where CloudFormation reads each template."""
    artifacts = json.loads((folder / f"assembly-{stage}" / "manifest.json").read_text())
    return {
        name: each["properties"]["stackTemplateAssetObjectUrl"]
        for name, each in artifacts["artifacts"].items()
        if each["type"] == "aws:cloudformation:stack"
    }


def files_of(folder: Path, stage: str) -> dict[str, bytes]:
    nested = folder / f"assembly-{stage}"
    return {file.name: file.read_bytes() for file in nested.iterdir()}


def check_templates_are_named_by_their_content(folder: Path, stage: str) -> None:
    for name, url in urls(folder, stage).items():
        nested = folder / f"assembly-{stage}"
        digest = hashlib.sha256((nested / f"{name}.template.json").read_bytes()).hexdigest()
        assert url == f"s3://assets-{ACCOUNTS[stage]}/{digest}.json"
        assets = json.loads((nested / f"{name}.assets.json").read_text())["files"]
        assert assets[digest]["source"]["path"] == f"{name}.template.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An assembly of three stages of one model."""
    write(tmp_path, {stage: [OLD] for stage in ACCOUNTS})
    return tmp_path


@pytest.mark.parametrize("stage", ACCOUNTS)
def test_the_model_is_another_wherever_it_is_named(folder: Path, stage: str) -> None:
    assert exchange_model(folder, running(), of(NEW), NEW_MANIFEST) == f"{NEW}.gz"
    part, bucket = read(folder, stage), f"assets-{ACCOUNTS[stage]}"
    assert part.templates[f"berth-{stage}-serving"] == {
        "Models": [{"Data": f"s3://{bucket}/{NEW}.gz", "MANIFEST": NEW_MANIFEST}]
    }
    assert part.files == (FileAsset(NEW, bucket, f"{NEW}.gz"),)
    assert not any(OLD.encode() in content for content in files_of(folder, stage).values())


@pytest.mark.parametrize("stage", ACCOUNTS)
def test_a_changed_template_has_another_name_and_an_unchanged_one_keeps_its_own(
    folder: Path, stage: str
) -> None:
    before = urls(folder, stage)
    exchange_model(folder, running(), of(NEW), NEW_MANIFEST)
    after = urls(folder, stage)
    assert after["serving"] != before["serving"]
    assert after["storage"] == before["storage"]
    check_templates_are_named_by_their_content(folder, stage)


@pytest.mark.parametrize("archives", [[OTHER], []], ids=["another", "as files"])
def test_a_stage_that_ships_something_else_keeps_it(tmp_path: Path, archives: list[str]) -> None:
    write(tmp_path, {"dev": [OLD], "qa": [OLD], "prod": archives})
    before = files_of(tmp_path, "prod")
    exchange_model(tmp_path, running(), of(NEW), NEW_MANIFEST)
    assert files_of(tmp_path, "prod") == before


def test_a_stage_of_several_models_gets_the_one_and_keeps_the_other(tmp_path: Path) -> None:
    write(tmp_path, {"qa": [OLD], "prod": [OTHER, OLD]})
    exchange_model(tmp_path, running(), of(NEW), NEW_MANIFEST)
    assert [file.id for file in read(tmp_path, "prod").files] == [OTHER, NEW]
    (models,) = read(tmp_path, "prod").templates["berth-prod-serving"].values()
    assert [each["MANIFEST"] for each in models] == [OTHER_MANIFEST, NEW_MANIFEST]


def test_a_stage_that_the_assembly_does_not_have_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, {"qa": [OLD], "prod": [OLD]})
    stages = tmp_path / "stages.toml"
    stages.write_text(
        f'{stages.read_text()}\n[dev]\naccount = "{"1" * 12}"\nregion = "{REGION}"\n'
        'endpoint.instance_type = "ml.c5.large"\n'
    )
    assert list(load(stages).stages) == ["qa", "prod", "dev"]
    assert list(parts_with(tmp_path, shipped_archive(running()))) == ["qa", "prod"]


shipped = st.fixed_dictionaries(
    {
        "dev": st.lists(st.sampled_from([OLD, OTHER]), unique=True),
        "qa": st.just([OLD]),
        "prod": st.lists(st.sampled_from([OLD, OTHER]), unique=True),
    }
)


@untimed
@given(shipped=shipped)
def test_exchanged_and_exchanged_again_it_is_as_if_the_first_had_not_been(
    shipped: dict[str, list[str]],
) -> None:
    """And so an exchange with what was there before leaves the assembly as it was, to the byte."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, shipped)
        before = {stage: files_of(folder, stage) for stage in shipped}
        exchange_model(folder, running(), of(NEW), NEW_MANIFEST)
        for stage, archives in shipped.items():
            wanted = [NEW if each == OLD else each for each in archives]
            assert [file.id for file in read(folder, stage).files] == wanted
            assert (files_of(folder, stage) == before[stage]) == (OLD not in archives)
            check_templates_are_named_by_their_content(folder, stage)
        exchange_model(folder, running(NEW, NEW_MANIFEST), of(OLD), OLD_MANIFEST)
        assert {stage: files_of(folder, stage) for stage in shipped} == before


def test_a_stage_of_several_models_takes_none(folder: Path) -> None:
    several = running().model_copy(update={"models": running().models * 2})
    with pytest.raises(PromotionError, match="qa-000001 does not run one model, shipped as one"):
        exchange_model(folder, several, of(NEW), NEW_MANIFEST)


def test_an_endpoint_without_rollback_alarms_keeps_the_rest_of_its_update(folder: Path) -> None:
    update: dict[str, Any] = {
        "BlueGreenUpdatePolicy": {},
        "AutoRollbackConfiguration": {"Alarms": []},
    }
    endpoint = {"Type": "AWS::SageMaker::Endpoint", "Properties": {"DeploymentConfig": update}}
    other = {"Type": "AWS::S3::Bucket"}
    file = folder / "assembly-qa" / "serving.template.json"
    before = urls(folder, "qa")
    file.write_text(json.dumps({"Resources": {"Endpoint": endpoint, "Other": other}}))
    drop_rollback_alarms(folder, "qa")
    resources = json.loads(file.read_text())["Resources"]
    assert resources["Endpoint"]["Properties"]["DeploymentConfig"] == {"BlueGreenUpdatePolicy": {}}
    assert resources["Other"] == other
    check_templates_are_named_by_their_content(folder, "qa")
    assert urls(folder, "qa")["storage"] == before["storage"]
