"""`record`: what a stage runs now becomes a release, if it is not the newest one already."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from promotion import assembly, deployed, golden_set
from promotion.release import Release, Source, canonical_sha256
from promotion.stage import Stage, in_one_line
from promotion.store import ReleaseStore, assembly_of, next_id


def record(stage: Stage, folder: Path) -> tuple[Release, bool]:
    """Record what a stage runs; the release, and whether it is a new one.

    `folder`: the cloud assembly that it was deployed from.

    Raises PromotionError where that is not what is deployed.
    """
    synthesized = assembly.read(folder, stage.name, stage.settings.account, stage.settings.region)
    store = ReleaseStore(stage)
    while True:
        newest = store.newest()
        with in_one_line():
            deployed.check_templates(stage, synthesized.templates)
            found = _gathered(stage, store, synthesized, newest)
        if newest and found.runs_the_same_as(newest):
            return newest, False
        # Where another recorder took the number, what it wrote may be this very release.
        if store.add(found, synthesized.archive):
            return found, True


def _gathered(
    stage: Stage, store: ReleaseStore, synthesized: assembly.StageAssembly, newest: Release | None
) -> Release:
    models, images = deployed.models(stage, known=newest.models if newest else ())
    return Release(
        id=next_id(stage.name, newest),
        project=stage.project,
        stage=stage.name,
        account=stage.settings.account,
        region=stage.settings.region,
        recorded=datetime.now(UTC),
        source=source(),
        images=images,
        models=models,
        settings=stage.recorded_settings,
        templates={name: canonical_sha256(each) for name, each in synthesized.templates.items()},
        assembly=assembly_of(synthesized.archive),
        endpoint_config=deployed.endpoint_config(stage),
        golden=golden_set.keep(stage, store, models, synthesized.templates, newest),
    )


def source() -> Source:
    """The checkout that this is called in."""
    commit = _git("rev-parse", "--verify", "HEAD")
    changes = _git("status", "--porcelain")
    return Source(commit=commit, clean=commit is not None and changes == "")


def _git(*arguments: str) -> str | None:
    """What git says of this folder; None where there is no git, or the folder is no checkout."""
    try:
        ended = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return ended.stdout.strip() if ended.returncode == 0 else None
