"""Recording what a stage runs as a release, unless the newest release is the same."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aws import assembly
from aws.errors import in_one_line
from aws.recorded import zipped
from aws.stage import Stage
from promotion import deployed
from promotion.contents import Contents
from promotion.release import Asset, Lineage, Release, Source, canonical_sha256
from promotion.store import ReleaseStore, assembly_of, next_id
from promotion.verifying import golden_store
from stacks.settings import Settings


def record(
    stage: Stage,
    folder: Path,
    *,
    source: Source,
    lineage: Lineage | None = None,
    moved: Release | None = None,
) -> tuple[Release, bool]:
    """Record what a stage runs; returns the release, and whether it is a new one.

    `folder`: the cloud assembly that the stage was deployed from. `source`: the checkout that the
    assembly was synthesized from. `moved`: the release that was promoted to the stage; its bytes
    are not read again where S3 knows them by their SHA-256.

    Raises PromotionError where the assembly is not what is deployed.
    """
    store = ReleaseStore(stage)
    synthesized = assembly.read(folder, stage.name, stage.settings.account, stage.settings.region)
    archive = zipped(folder, stage.project, stage.qualifier)
    while True:
        newest = store.newest()
        # What an unsigned release says is not signed anew.
        known = newest if newest and store.is_trusted(newest.id) else None
        with in_one_line():
            deployed.check_templates(stage, synthesized.templates)
            contents = Contents(stage, known, moved)
            models, images = deployed.models(stage, contents)
            golden, example = golden_store.keep(stage, store, models, synthesized.templates, known)
            found = Release(
                id=next_id(stage.name, newest),
                project=stage.project,
                stage=stage.name,
                account=stage.settings.account,
                region=stage.settings.region,
                recorded=datetime.now(UTC),
                source=source,
                images=images,
                models=models,
                assets=_assets(synthesized, contents),
                settings=recorded_settings(assembly.settings(folder), stage.name),
                templates={
                    name: canonical_sha256(each) for name, each in synthesized.templates.items()
                },
                assembly=assembly_of(archive),
                endpoint_config=deployed.endpoint_config(stage),
                golden=golden,
                example=example,
                lineage=lineage,
                berth_version=_version(synthesized.templates),
            )
        if known and found.runs_the_same_as(known):
            return known, False
        # Another recorder has taken the number, and may have recorded the same.
        if store.add(found, archive):
            return found, True


def _assets(synthesized: assembly.StageAssembly, contents: Contents) -> tuple[Asset, ...]:
    return tuple(
        Asset(
            id=file.id,
            bucket=file.bucket,
            key=file.key,
            content=contents.of(f"s3://{file.bucket}/{file.key}"),
        )
        for file in synthesized.files
    )


def recorded_settings(every: Settings, name: str) -> dict[str, Any]:
    """A stage's settings by their names in the file, with the tables that all stages share."""
    shared = every.model_dump(mode="json", include={"model", "container"})
    return {**every.stages[name].model_dump(mode="json", by_alias=True), **shared}


def _version(templates: dict[str, assembly.Template]) -> str | None:
    """The version of Berth in the templates' metadata, which version 0.1 did not write."""
    said = (each.get("Metadata", {}).get("Berth", {}).get("version") for each in templates.values())
    return next(filter(None, said), None)
