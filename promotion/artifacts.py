"""The artifacts that a stage's assembly expects in its account, and where a release has them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from aws.assembly import FileAsset, ImageAsset, StageAssembly
from aws.stage import Stage
from promotion import PromotionError
from promotion.moving.images import copy_image, plan_image
from promotion.moving.objects import copy_object, plan_object
from promotion.moving.parts import Digests
from promotion.moving.registry import Repository, ecr_repository
from promotion.moving.result import Moved, OnBytes, Planned
from promotion.moving.s3 import S3Object, parted
from promotion.release import Release
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
    release: Release,
    source: Stage,
    target: Stage,
    wanted: StageAssembly,
    shipping: ShippingSettings,
) -> list[Artifact]:
    """Everything that the target's templates refer to, out of what `release` ran with.

    `shipping`: the target's, of the release's own stages.toml.

    Raises PromotionError where it did not run with it: nobody has tested that.
    """
    files = [_file(each, release, source, target) for each in wanted.files]
    repositories = _Repositories(source, target)
    images = [_image(each, release, repositories) for each in wanted.images]
    return [*files, *images, *_archive_by_uri(shipping, release, source, target)]


def _file(wanted: FileAsset, release: Release, source: Stage, target: Stage) -> Artifact:
    had = next((asset for asset in release.assets if asset.id == wanted.id), None)
    if had is None:
        raise PromotionError(
            f"{release.id} did not run with the asset {wanted.id}, which {target.name} needs:"
            f" nobody has tested it; make the two stages alike, and deploy {source.name} again"
        )
    return object_artifact(
        wanted.key,
        _at(source, had.bucket, had.key),
        _at(target, wanted.bucket, wanted.key),
        had.content.digests,
    )


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
    places = _at(source, *parted(had.data)), _at(target, *parted(shipping.s3_uri))
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


def _at(stage: Stage, bucket: str, key: str) -> S3Object:
    return S3Object(stage.client("s3"), stage.settings.account, bucket, key)


class _Repositories:
    """Repositories of both sides, each logged in to once."""

    def __init__(self, source: Stage, target: Stage) -> None:
        self._stages, self._known = (source, target), dict[tuple[int, str], Repository]()

    def source(self, name: str) -> Repository:
        return self._repository(0, name)

    def target(self, name: str) -> Repository:
        return self._repository(1, name)

    def _repository(self, side: int, name: str) -> Repository:
        if (side, name) not in self._known:
            self._known[side, name] = ecr_repository(self._stages[side].session, name)
        return self._known[side, name]


def _image(wanted: ImageAsset, release: Release, repositories: _Repositories) -> Artifact:
    had = next((image for image in release.images if image.tag == wanted.tag), None)
    if had is None:
        raise PromotionError(
            f"{release.id} did not run with the image {wanted.tag}: nobody has tested it; let all"
            " stages have the same [model] and [container]"
        )
    digest, tag = had.digest, wanted.tag
    return Artifact(
        "image",
        f"{wanted.repository}:{tag}",
        digest.removeprefix("sha256:"),
        lambda: plan_image(
            repositories.source(had.repository),
            repositories.target(wanted.repository),
            digest=digest,
            tag=tag,
        ),
        lambda on_bytes: copy_image(
            repositories.source(had.repository),
            repositories.target(wanted.repository),
            digest=digest,
            tag=tag,
            on_bytes=on_bytes,
        ),
    )
