"""A release's cloud assembly in a folder, and what it needs in an account."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from aws import assembly
from aws.assembly import StageAssembly
from aws.recorded import unzip
from aws.stage import Stage
from promotion import PromotionError
from promotion.artifacts import Artifact, expected_artifacts
from promotion.moving.objects import holds
from promotion.moving.registry import ecr_repository
from promotion.moving.s3 import S3Object
from promotion.release import Release
from promotion.store import ReleaseStore


@dataclass(frozen=True)
class Unpacked:
    """A release's cloud assembly in a folder, and the target's part of it."""

    folder: Path
    wanted: StageAssembly


@contextmanager
def unpacked(store: ReleaseStore, release: Release, target: Stage) -> Iterator[Unpacked]:
    """Unpack a release's assembly for the length of the block.

    Raises PromotionError where it has not the target in the account of stages.toml.
    """
    with TemporaryDirectory(prefix="berth-") as name:
        folder = Path(name)
        unzip(store.assembly(release), folder, target.project, target.qualifier)
        place = target.settings
        yield Unpacked(folder, assembly.read(folder, target.name, place.account, place.region))


def artifacts_of(made: Unpacked, release: Release, source: Stage, target: Stage) -> list[Artifact]:
    """What has to be in the target's account."""
    settings = assembly.settings(made.folder)
    return expected_artifacts(
        release, source, target, made.wanted, settings.stages[target.name].shipping
    )


def check_assets(target: Stage, release: Release, made: Unpacked) -> None:
    """Raise PromotionError where the account has not all that the release ran with any more."""
    s3, account = target.client("s3"), target.settings.account
    again = f"is not what {release.id} ran with, or gone; promote it again from the stage before"
    contents = {asset.id: asset.content for asset in release.assets}
    for file in made.wanted.files:
        place, content = S3Object(s3, account, file.bucket, file.key), contents[file.id]
        if not holds(place, digests=content.digests, size=content.size):
            raise PromotionError(f"{place}: {again}")
    digests = {image.tag: image.digest for image in release.images}
    for image in made.wanted.images:
        repository = ecr_repository(target.session, image.repository)
        there = repository.manifest(image.tag)
        if there is None or there.digest != digests.get(image.tag):
            raise PromotionError(f"{repository}:{image.tag}: {again}")
