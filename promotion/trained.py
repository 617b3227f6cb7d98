"""A model that a training job has made: its archive, its fit to stages, and its promotion."""

import hashlib
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws import assembly
from aws.assembly import ImageAsset, StageAssembly
from aws.errors import CallError, in_one_line
from aws.stage import Stage
from promotion import PromotionError
from promotion.artifacts import object_artifact
from promotion.contents import content_of
from promotion.exchange import exchange_model, is_archive, parts_with, shipped_archive
from promotion.moving.parts import PART_SIZE, Digests, parts_of
from promotion.moving.s3 import S3Object, object_of, parted
from promotion.promote import Outcome, Promotion
from promotion.release import Content, Lineage, Release
from promotion.store import ReleaseStore, Unpacked
from stacks.build_arguments import build_arguments
from stacks.compatibility import IncompatibleError, check, read_model
from stacks.settings import Settings

MANIFEST = "SHA256SUMS"
_MODEL = "trained"


def artifact(stage: Stage, name: str) -> str:
    """The S3 URI of the archive of a SageMaker model, or of an approved model package.

    Raises PromotionError where there is neither, or it has no archive.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModelPackage.html
    """
    container = _model(stage, name) or _package(stage, name)
    if container is None:
        raise PromotionError(
            f"{name}: neither a SageMaker model nor a model package of {stage.settings.account},"
            f" {stage.settings.region}"
        )
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    uri = str(container.get("ModelDataUrl") or source.get("S3Uri") or "")
    if not uri.endswith(".gz"):
        raise PromotionError(f"{name}: its data is no .tar.gz in S3: {uri or 'none'}")
    return uri


def _model(stage: Stage, name: str) -> dict[str, Any] | None:
    if "/" in name or ":" in name:
        return None
    try:
        with in_one_line():
            found = stage.client("sagemaker").describe_model(ModelName=name)
    except CallError as error:
        if "Could not find model" not in error.reason:
            raise
        return None
    container: dict[str, Any] = found.get("PrimaryContainer") or found["Containers"][0]
    return container


def _package(stage: Stage, name: str) -> dict[str, Any] | None:
    try:
        with in_one_line():
            found = stage.client("sagemaker").describe_model_package(ModelPackageName=name)
    except CallError as error:
        if error.code not in {"ValidationException", "ResourceNotFound"}:
            raise
        return None
    status = found.get("ModelApprovalStatus", "Approved")
    if status != "Approved":
        raise PromotionError(f"{name}: the model package is {status}; approve it first")
    container: dict[str, Any] = found["InferenceSpecification"]["Containers"][0]
    return container


def unpack(archive: Path, folder: Path, name: str) -> str:
    """Unpack a model's archive and check its files by its SHA256SUMS; returns that file's SHA-256.

    Raises PromotionError where the archive has no SHA256SUMS, or a file differs from it.
    """
    try:
        with tarfile.open(archive) as content:
            for member in content:
                _write(content, member, folder)
        manifest = (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise PromotionError(
            f"{name}: no {MANIFEST} in its archive, by which the container knows its files; pack"
            " it with `berth pack`"
        ) from None
    except (tarfile.TarError, OSError) as error:
        raise PromotionError(f"{name}: its archive cannot be unpacked: {error}") from None
    for line in manifest.decode().splitlines():
        wanted, _, file = line.partition("  ")
        place = folder / file
        if not place.is_file() or _sha256(place) != wanted:
            raise PromotionError(f"{name}: {file} is not what its {MANIFEST} says")
    return hashlib.sha256(manifest).hexdigest()


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write one file; tarfile's own extraction filter is missing in Debian 12's Python 3.11.2."""
    place = folder / member.name
    if not (member.isfile() or member.isdir()) or not (
        place.resolve().is_relative_to(folder.resolve())
    ):
        raise tarfile.ExtractError(f"{member.name} is a link or a device, or leaves its folder")
    if content := archive.extractfile(member):
        place.parent.mkdir(parents=True, exist_ok=True)
        with content, place.open("wb") as file:
            shutil.copyfileobj(content, file)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def check_fit(settings: Settings, images: Mapping[str, ImageAsset], model: Path, name: str) -> None:
    """Check a model's folder for the stages of these images, each of which runs this one model.

    Raises PromotionError with a line for what does not fit a stage or its image.
    """
    stages = {stage: settings.stages[stage] for stage in images}
    alone = settings.model_copy(update={"stages": stages})
    try:
        packed = read_model(model, name, settings.model)
        check(alone, dict.fromkeys(alone.model_paths, packed))
    except IncompatibleError as error:
        raise PromotionError(str(error)) from None
    needed = build_arguments(packed.record, settings.container.cuda)
    for stage, image in images.items():
        had = dict(image.arguments)
        for argument, value in needed.items():
            if had.get(argument) != value:
                raise PromotionError(
                    f"{stage}: the model needs another image than {stage} runs: {argument} is"
                    f" {_differing(had.get(argument, 'none'), value)}; deploy it from a checkout"
                )


def _differing(had: str, needed: str) -> str:
    """How an image's build argument differs from the one that the model needs."""
    before, after = set(had.splitlines()), set(needed.splitlines())
    lost, new = ", ".join(sorted(before - after)), ", ".join(sorted(after - before))
    return f"{lost or 'less'} in it, and {new or 'less'} of the model"


def checked_images(
    settings: Settings, target: str, parts: Mapping[str, StageAssembly]
) -> dict[str, ImageAsset]:
    """The image of the target, and of each stage after it that gets the same model alone.

    A stage of several models is not checked: no promotion reaches it, as it needs archives that
    the target does not run.
    """
    order = list(settings.stages)
    return {
        stage: part.images[0]
        for stage, part in parts.items()
        if order.index(stage) >= order.index(target)
        and [is_archive(file) for file in part.files].count(True) == 1
    }


def bring_model(promotion: Promotion, source: Stage, name: str, running: Release) -> Outcome:
    """Put a trained model in the place of the one that the target's release `running` has.

    Raises PromotionError where there is no such model, or it does not fit; nothing is changed then.
    """
    target = promotion.target
    place = object_of(source, *parted(artifact(source, name)))
    with ReleaseStore(target).unpacked(running, target) as made:
        parts = parts_with(made.folder, shipped_archive(running))
        content, manifest = _fetched(place, made.folder, name)
        settings = assembly.settings(made.folder)
        images = checked_images(settings, target.name, parts)
        check_fit(settings, images, made.folder / _MODEL, name)
        key = exchange_model(made.folder, running, content, manifest)
        wanted = assembly.read(
            made.folder, target.name, target.settings.account, target.settings.region
        )
        there = object_of(target, wanted.bucket, key)
        artifacts = [object_artifact(key, place, there, content.digests)]
        lineage = Lineage(stage=source.name, release=None, model=name)
        return promotion.bring(Unpacked(made.folder, wanted), artifacts, running, lineage)


def _fetched(place: S3Object, folder: Path, name: str) -> tuple[Content, str]:
    """Download and unpack an archive; returns its content, and its manifest's SHA-256."""
    archive, found = folder / "model.tar.gz", place.existing()
    size: int = found["ContentLength"]
    with archive.open("wb") as file:
        for part in parts_of(size, PART_SIZE):
            file.write(place.read(part, found["ETag"]))
    manifest = unpack(archive, folder / _MODEL, name)
    with archive.open("rb") as file:
        digests = Digests.of(iter(lambda: file.read(PART_SIZE), b""), size)
    archive.unlink()
    return content_of(digests, found.get("VersionId"), size), manifest
