"""A cloud assembly changed: with another model, or without the alarms that take an update back.

The CDK names a file asset by its content, and by that name alone the templates refer to it. So the
names are exchanged wherever they stand, and the template's own asset gets a new name in turn.
"""

import hashlib
import json
from pathlib import Path

from aws.assembly import stage_folder
from promotion import PromotionError
from promotion.release import Content, Release


def exchange_model(
    folder: Path, stage: str, running: Release, content: Content, manifest_sha256: str
) -> str:
    """Put another archive into a stage's part of an assembly; its key in the asset bucket.

    Raises PromotionError where the stage does not ship one model as one archive.
    """
    archives = [asset for asset in running.assets if asset.key.endswith(".gz")]
    if len(running.models) != 1 or len(archives) != 1 or not running.models[0].manifest_sha256:
        raise PromotionError(
            f"{stage}: {running.id} does not run one model, shipped as one archive: a trained model"
            " has no place to go to"
        )
    (old,), (model,) = archives, running.models
    nested = stage_folder(folder, stage)
    names = {
        old.id: content.sha256,
        old.key: f"{content.sha256}.gz",
        str(model.manifest_sha256): manifest_sha256,
    }
    for file in nested.glob("*.json"):
        _exchange(file, names)
    _rename_templates(nested)
    return f"{content.sha256}.gz"


def drop_rollback_alarms(folder: Path, stage: str) -> None:
    """Let no alarm take back an update of the stage's endpoint."""
    nested = stage_folder(folder, stage)
    for file in nested.glob("*.template.json"):
        template = json.loads(file.read_text(encoding="utf-8"))
        for resource in template.get("Resources", {}).values():
            update = resource.get("Properties", {}).get("DeploymentConfig", {})
            if (
                resource["Type"] == "AWS::SageMaker::Endpoint"
                and "AutoRollbackConfiguration" in update
            ):
                del update["AutoRollbackConfiguration"]
                file.write_text(json.dumps(template, indent=1), encoding="utf-8")
    _rename_templates(nested)


def _rename_templates(nested: Path) -> None:
    """A template's asset is in the bucket under its old name, with its old content."""
    renamed = {}
    for file in nested.glob("*.assets.json"):
        for name, asset in json.loads(file.read_text(encoding="utf-8"))["files"].items():
            template = nested / asset["source"]["path"]
            if template.parent == nested:
                renamed[name] = hashlib.sha256(template.read_bytes()).hexdigest()
    for file in nested.glob("*.json"):
        if not file.name.endswith(".template.json"):
            _exchange(file, renamed)


def _exchange(file: Path, names: dict[str, str]) -> None:
    text = file.read_text(encoding="utf-8")
    for old, new in names.items():
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
