"""Another model in a cloud assembly."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from promotion import PromotionError
from promotion.exchange import drop_rollback_alarms, exchange_model
from promotion.release import Content, Release
from tests.promotion.releases import release

OLD, NEW = "9" * 64, "5" * 64
CONTENT = Content(version=None, sha256=NEW, parts_sha256=NEW, size=1)


@pytest.fixture
def running() -> Release:
    (asset,) = release().assets
    return release("qa-000001").model_copy(
        update={"assets": (asset.model_copy(update={"key": f"{OLD}.gz"}),)}
    )


@pytest.fixture
def nested(tmp_path: Path) -> Path:
    folder = tmp_path / "assembly-qa"
    folder.mkdir()
    templates = {
        "serving": {"Data": f"s3://bucket/{OLD}.gz", "MANIFEST": "a" * 64},
        "storage": {"Bucket": "data"},
    }
    urls = {}
    for name, template in templates.items():
        text = json.dumps(template)
        (folder / f"{name}.template.json").write_text(text)
        asset = hashlib.sha256(text.encode()).hexdigest()
        urls[name] = f"s3://bucket/{asset}.json"
        files = {asset: {"source": {"path": f"{name}.template.json"}, "key": f"{asset}.json"}}
        if name == "serving":
            files[OLD] = {"source": {"path": f"../asset.{OLD}.tar.gz"}, "key": f"{OLD}.gz"}
        (folder / f"{name}.assets.json").write_text(json.dumps({"files": files}))
    (folder / "manifest.json").write_text(json.dumps(urls))
    return folder


def test_the_model_is_another_wherever_it_is_named(nested: Path, running: Release) -> None:
    key = exchange_model(nested.parent, "qa", running, CONTENT, "6" * 64)
    assert key == f"{NEW}.gz"
    serving = json.loads((nested / "serving.template.json").read_text())
    assert serving == {"Data": f"s3://bucket/{NEW}.gz", "MANIFEST": "6" * 64}
    files = json.loads((nested / "serving.assets.json").read_text())["files"]
    assert files[NEW]["key"] == f"{NEW}.gz"
    assert not any(OLD in file.read_text() for file in nested.iterdir())


def test_a_changed_template_has_another_name_and_an_unchanged_one_keeps_its_own(
    nested: Path, running: Release
) -> None:
    before = json.loads((nested / "manifest.json").read_text())
    exchange_model(nested.parent, "qa", running, CONTENT, "6" * 64)
    after = json.loads((nested / "manifest.json").read_text())
    digest = hashlib.sha256((nested / "serving.template.json").read_bytes()).hexdigest()
    assert after["serving"] == f"s3://bucket/{digest}.json" != before["serving"]
    assert digest in json.loads((nested / "serving.assets.json").read_text())["files"]
    assert after["storage"] == before["storage"]


def test_a_stage_of_several_models_takes_none(nested: Path, running: Release) -> None:
    several = running.model_copy(update={"models": running.models * 2})
    with pytest.raises(PromotionError, match="qa-000001 does not run one model, shipped as one"):
        exchange_model(nested.parent, "qa", several, CONTENT, "6" * 64)


def test_an_endpoint_without_rollback_alarms_keeps_the_rest_of_its_update(nested: Path) -> None:
    update: dict[str, Any] = {
        "BlueGreenUpdatePolicy": {},
        "AutoRollbackConfiguration": {"Alarms": []},
    }
    endpoint = {"Type": "AWS::SageMaker::Endpoint", "Properties": {"DeploymentConfig": update}}
    other = {"Type": "AWS::S3::Bucket"}
    file = nested / "serving.template.json"
    before = json.loads((nested / "manifest.json").read_text())
    old = hashlib.sha256(file.read_bytes()).hexdigest()
    file.write_text(json.dumps({"Resources": {"Endpoint": endpoint, "Other": other}}))
    drop_rollback_alarms(nested.parent, "qa")
    resources = json.loads(file.read_text())["Resources"]
    assert resources["Endpoint"]["Properties"]["DeploymentConfig"] == {"BlueGreenUpdatePolicy": {}}
    assert resources["Other"] == other
    after = json.loads((nested / "manifest.json").read_text())
    new = hashlib.sha256(file.read_bytes()).hexdigest()
    assert after["serving"] == before["serving"].replace(old, new)
    assert after["storage"] == before["storage"]
