"""What goes through S3: the model's objects, and a multi-model stage's archives."""

from collections.abc import Iterator

from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding
from stacks.instance_types import has_local_storage

_GB, _GIB = 10**9, 2**30
BUCKET_DEPLOYMENT_DISK_GIB = 10
# Parts of 5 GiB, of which an upload has 10,000: 48.8 TiB.
LARGEST_OBJECT = 10_000 * 5 * _GIB


def objects_fit_into_s3(stage: CheckedStage) -> Iterator[Finding]:
    """An object of S3 holds the model's archive, or its largest file in the form `files`.

    SageMaker's pages name no size that an archive may have: the disk that it is unpacked on is
    the limit. Source: S3's guide, "Amazon S3 multipart upload limits"; the CDK CLI uploads in
    parts.
    """
    as_files = stage.settings.shipping.form == "files"
    for _, model in stage.shipped:
        size = model.largest_file if as_files else model.size
        if size > LARGEST_OBJECT:
            what = "the largest file of" if as_files else "the archive of"
            cure = "save it in shards" if as_files else 'use form = "files"'
            yield stage.refuse(
                "shipping.form",
                f"{what} {model.name} takes {size / 2**40:.1f} TiB and an object of S3 "
                f"{LARGEST_OBJECT / 2**40:.1f} at most; {cure}",
            )


def archives_fit_the_volume(stage: CheckedStage) -> Iterator[Finding]:
    """Each archive of a multi-model endpoint fits on the volume, where others can make room for it.

    Source: SageMaker's guide, "Multi-model endpoints" (models are unloaded, and then deleted, as
    memory and disk fill); ProductionVariant.VolumeSizeInGB in its service model.
    """
    room = stage.settings.endpoint.volume_size_gb
    if room is None or any(map(has_local_storage, stage.instance_types.values())):
        return
    for file in stage.archives or ():
        size = file.stat().st_size / _GB
        if size > room:
            yield stage.refuse(
                "endpoint.volume_size_gb",
                f"{file.name!r} takes {size:.1f} GB; ask for {2 * int(size) + 2}",
            )


def archives_fit_the_copying_function(stage: CheckedStage) -> Iterator[Finding]:
    """The Lambda function that copies a multi-model stage's archives has room for them.

    It holds them zipped and unzipped at once. What fits is copied in three minutes at the assumed
    rate, of the fifteen that the function has. Source: Lambda's quotas (10,240 MB of /tmp,
    900 s); aws_s3_deployment.BucketDeployment in the CDK's reference.
    """
    size = sum(file.stat().st_size for file in stage.archives or () if file.is_file())
    if 2 * size > BUCKET_DEPLOYMENT_DISK_GIB * _GIB:
        yield stage.refuse(
            "multi_model.archives",
            f"the folder has {size / _GIB:.1f} GiB and the function that copies it has room for "
            f"{BUCKET_DEPLOYMENT_DISK_GIB / 2:.0f}; push archives one by one with "
            "`berth push`",
        )
