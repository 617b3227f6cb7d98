"""The artifacts that a stage's assembly expects in its account, and where a release has them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

from aws.assembly import FileAsset
from aws.stage import Stage
from promotion import PromotionError
from promotion.moving import Moved, OnBytes, Planned
from promotion.moving.images import copy_image, plan_image
from promotion.moving.objects import copy_object, holds, plan_object
from promotion.moving.parts import Digests
from promotion.moving.registry import Repository, ecr_repository
from promotion.moving.s3 import S3Object, object_of, parted
from promotion.release import Image, Release
from promotion.store import Unpacked
from stacks.settings.stage import ShippingSettings


@dataclass(frozen=True)
class Artifact:
    """A file or an image to be copied to the target's account.

    Attributes:
        digest: SHA-256, in hexadecimal.
    """

    kind: Literal["image", "file"]
    name: str
    digest: str
    plan: Callable[[], Planned]
    move: Callable[[OnBytes], Moved]


def expected_artifacts(
    made: Unpacked, release: Release, source: Stage, target: Stage
) -> list[Artifact]:
    """Everything that the target's templates refer to, out of what `release` ran with.

    Raises PromotionError where it did not run with it: nobody has tested that.
    """

    @cache
    def repository(stage: Stage, name: str) -> Repository:
        return ecr_repository(stage.session, name)

    artifacts = [_file(each, release, source, target) for each in made.wanted.files]
    for wanted in made.wanted.images:
        had = next((image for image in release.images if image.tag == wanted.tag), None)
        if had is None:
            raise PromotionError(
                f"{release.id} did not run with the image {wanted.tag}: nobody has tested it; let"
                " all stages have the same [model] and [container]"
            )
        places = repository(source, had.repository), repository(target, wanted.repository)
        artifacts.append(_image(had, wanted.tag, *places))
    shipping = target.settings.shipping
    return [*artifacts, *_archive_by_uri(shipping, release, source, target)]


def check_assets(made: Unpacked, release: Release, stage: Stage) -> None:
    """Raise PromotionError where a stage does not have all that its own release ran with."""
    again = f"is not what {release.id} ran with, or gone; promote it again from the stage before"
    contents = {asset.id: asset.content for asset in release.assets}
    for file in made.wanted.files:
        place, content = object_of(stage, file.bucket, file.key), contents[file.id]
        if not holds(place, digests=content.digests, size=content.size):
            raise PromotionError(f"{place}: {again}")
    digests = {image.tag: image.digest for image in release.images}
    for image in made.wanted.images:
        repository = ecr_repository(stage.session, image.repository)
        there = repository.manifest(image.tag)
        if there is None or there.digest != digests.get(image.tag):
            raise PromotionError(f"{repository}:{image.tag}: {again}")


def _file(wanted: FileAsset, release: Release, source: Stage, target: Stage) -> Artifact:
    had = next((asset for asset in release.assets if asset.id == wanted.id), None)
    if had is None:
        raise PromotionError(
            f"{release.id} did not run with the asset {wanted.id}, which {target.name} needs:"
            f" nobody has tested it; make the two stages alike, and deploy {source.name} again"
        )
    places = object_of(source, had.bucket, had.key), object_of(target, wanted.bucket, wanted.key)
    return object_artifact(wanted.key, *places, had.content.digests)


def _archive_by_uri(
    shipping: ShippingSettings, release: Release, source: Stage, target: Stage
) -> list[Artifact]:
    """The archive that stages.toml names by its S3 URI, which is no asset of the CDK's."""
    if shipping.s3_uri is None:
        return []
    manifest = shipping.manifest_sha256
    had = next((model for model in release.models if model.manifest_sha256 == manifest), None)
    if had is None or had.data is None or had.archive is None:
        raise PromotionError(
            f"stages.toml: {target.name}.shipping.manifest_sha256: {release.id} did not run with"
            f" the model {manifest}: nobody has tested it; give {source.name} the same model"
        )
    if had.data == shipping.s3_uri:
        return []
    places = object_of(source, *parted(had.data)), object_of(target, *parted(shipping.s3_uri))
    return [object_artifact(shipping.s3_uri, *places, had.archive.digests)]


def object_artifact(name: str, source: S3Object, target: S3Object, digests: Digests) -> Artifact:
    """An object in S3 to be copied."""
    return Artifact(
        "file",
        name,
        digests.whole,
        partial(plan_object, source, target, digests=digests),
        lambda on_bytes: copy_object(source, target, digests=digests, on_bytes=on_bytes),
    )


def _image(had: Image, tag: str, source: Repository, target: Repository) -> Artifact:
    return Artifact(
        "image",
        f"{target.name}:{tag}",
        had.digest.removeprefix("sha256:"),
        partial(plan_image, source, target, digest=had.digest, tag=tag),
        lambda on_bytes: copy_image(source, target, digest=had.digest, tag=tag, on_bytes=on_bytes),
    )
