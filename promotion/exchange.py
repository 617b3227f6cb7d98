"""A changed cloud assembly: with another model, or without the alarms that roll an update back.

The CDK names a file asset by its content, and the templates refer to it by that name alone. So the
name is exchanged wherever it is, and the template's own asset is renamed in turn.
"""

import hashlib
import json
from pathlib import Path

from aws import assembly
from aws.assembly import FileAsset, StageAssembly
from promotion import PromotionError
from promotion.release import Asset, Content, Release


def shipped_archive(release: Release) -> Asset:
    """The archive of a release's one model.

    Raises PromotionError where it does not run one model, shipped as one archive.
    """
    archives = [asset for asset in release.assets if is_archive(asset)]
    if len(release.models) != 1 or len(archives) != 1 or not release.models[0].manifest_sha256:
        raise PromotionError(
            f"{release.stage}: {release.id} does not run one model, shipped as one archive: a"
            " trained model has no archive to take the place of"
        )
    return archives[0]


def is_archive(asset: Asset | FileAsset) -> bool:
    """Whether an asset is a model's archive, by its name."""
    return asset.key.endswith(".gz")


def parts_with(folder: Path, archive: Asset) -> dict[str, StageAssembly]:
    """The parts of an assembly that ship an archive, by stage, in the order of stages.toml."""
    there = assembly.stages(folder)
    parts = {
        name: assembly.read(folder, name, stage.account, stage.region)
        for name, stage in assembly.settings(folder).stages.items()
        if name in there
    }
    return {
        name: part
        for name, part in parts.items()
        if any(file.id == archive.id for file in part.files)
    }


def exchange_model(folder: Path, running: Release, content: Content, manifest_sha256: str) -> str:
    """Put another archive in the place of that of `running`; returns its key in an asset bucket.

    The part of every stage that ships this archive is changed: the assembly is recorded with the
    release, and the stages after this one are deployed from it. Another archive stays.

    Raises PromotionError where `running` does not run one model, shipped as one archive.
    """
    old, (model,) = shipped_archive(running), running.models
    names = {
        old.id: content.sha256,
        old.key: f"{content.sha256}.gz",
        str(model.manifest_sha256): manifest_sha256,
    }
    for stage in parts_with(folder, old):
        nested = assembly.stage_folder(folder, stage)
        for file in nested.glob("*.json"):
            _exchange(file, names)
        _rename_templates(nested)
    return f"{content.sha256}.gz"


def drop_rollback_alarms(folder: Path, stage: str) -> None:
    """Remove the alarms by which SageMaker rolls back an update of the stage's endpoint."""
    nested = assembly.stage_folder(folder, stage)
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
    """Name each template's asset by its new content: the bucket has the old one by the old name."""
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
