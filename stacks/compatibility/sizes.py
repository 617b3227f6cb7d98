"""The model's bytes, against disks, memories and timeouts. GB are 10^9 bytes, GiB 2^30."""

from collections.abc import Iterator

from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding
from stacks.instance_types import gpu_count, gpu_of, has_local_storage, memory_gib, vcpu_count

_GB, _GIB, _MIB = 10**9, 2**30, 2**20
SERVERLESS_DISK_GB = 5
LARGEST_VOLUME_GB = 512
# From which size on SageMaker's guide asks for a volume by name.
_UNNAMED_VOLUME_GB = 30
# Assumed, not measured: what one instance fetches from S3 and unpacks in a second. An archive of
# weights hardly shrinks, so its size is taken to be the folder's.
ASSUMED_BYTES_A_SECOND = 100 * 10**6


def volume_can_be_sized(stage: CheckedStage) -> Iterator[Finding]:
    """A volume is asked for only where there is one: not on instances with disks of their own.

    Source: "Instance store volumes" in the EC2 guide; volume_size_supported() of the SageMaker
    Python SDK, which keeps VolumeSizeInGB away from these as the service refuses it.
    """
    own = [name for name in dict.fromkeys(stage.instance_types.values()) if has_local_storage(name)]
    if own and stage.settings.endpoint.volume_size_gb:
        yield stage.refuse(
            "endpoint.volume_size_gb",
            f"disks of its own hold the model on {' and '.join(own)}; leave the key out",
        )


def model_fits_the_disk(stage: CheckedStage) -> Iterator[Finding]:
    """The unpacked model fits on the volume, with room for its archive beside it.

    Source: ProductionVariant.VolumeSizeInGB in SageMaker's service model; SageMaker's guide,
    "Deploy models with SageMaker Serverless Inference" (5 GB of ephemeral disk).
    """
    serverless = not stage.mode.has_instances
    key = "serverless.memory_mb" if serverless else "endpoint.volume_size_gb"
    room = SERVERLESS_DISK_GB if serverless else stage.settings.endpoint.volume_size_gb
    for _, model in stage.shipped:
        if room is None:
            return
        unpacked = model.size / _GB
        cure = "use real-time" if serverless else _volume_for(unpacked)
        if unpacked > room:
            yield stage.refuse(
                key, f"{model.name} takes {unpacked:.1f} GB of {room} GB of disk; {cure}"
            )
        elif stage.settings.shipping.form == "archive" and 2 * unpacked > room:
            yield stage.warn(
                key,
                f"{model.name} and its archive may take {2 * unpacked:.1f} GB of {room} GB of "
                f"disk while it is unpacked; {cure}",
            )


def large_model_names_its_volume(stage: CheckedStage) -> Iterator[Finding]:
    """Where instances have no disks of their own, a model of over 30 GB says how large a volume.

    Source: SageMaker's guide, "SageMaker AI endpoint parameters for large model inference";
    ProductionVariant.VolumeSizeInGB in its service model (512 at most).
    """
    if stage.settings.endpoint.volume_size_gb or not stage.mode.has_endpoint:
        return
    for variant, model in stage.shipped:
        size = model.size / _GB
        on_a_volume = not all(map(has_local_storage, variant.instance_types))
        if on_a_volume and size > _UNNAMED_VOLUME_GB:
            severity = stage.refuse if size > LARGEST_VOLUME_GB else stage.warn
            yield severity(
                "endpoint.volume_size_gb",
                f"unset, and {model.name} takes {size:.1f} GB of disk; {_volume_for(size)}",
            )


def model_fits_the_gpu(stage: CheckedStage) -> Iterator[Finding]:
    """The weights fit into the memory of one GPU, as each GPU has a copy of the model.

    Source: the GPU's memory in the EC2 guide; docs/container.md (a worker for each GPU).
    """
    for variant, model in stage.shipped:
        for key, instance_type in variant.types_by_key:
            gpu = gpu_of(instance_type)
            if gpu and (text := _too_large(model.weights / _GB, gpu.memory)):
                severity = stage.refuse if model.weights > gpu.memory * _GB else stage.warn
                yield severity(
                    key,
                    f"the weights of {model.name} take {text} GB of its {gpu.name}, which has to "
                    "hold batches too; use a GPU with more memory",
                )


def model_fits_the_memory(stage: CheckedStage) -> Iterator[Finding]:
    """The weights fit into the memory of the instance.

    Only a warning where there is a GPU: weights can pass through to it piece by piece. Source:
    the instance types' pages in the EC2 guide.
    """
    for variant, model in stage.shipped:
        for key, instance_type in variant.types_by_key:
            room = memory_gib(instance_type)
            if text := _too_large(model.weights / _GIB, room):
                fatal = model.weights > room * _GIB and not gpu_of(instance_type)
                yield (stage.refuse if fatal else stage.warn)(
                    key,
                    f"the weights of {model.name} take {text} GiB of its memory; use a larger size",
                )


def model_fits_serverless(stage: CheckedStage) -> Iterator[Finding]:
    """The weights fit into the memory of a serverless environment, the server's own beside them.

    Source: ProductionVariantServerlessConfig.MemorySizeInMB in SageMaker's service model.
    """
    if stage.mode.has_instances:
        return
    room = stage.settings.serverless.memory_mb
    for _, model in stage.shipped:
        if text := _too_large(model.weights / _MIB, room):
            severity = stage.refuse if model.weights > room * _MIB else stage.warn
            cure = "ask for more" if room < 6144 else 'use mode = "real-time"'
            yield severity(
                "serverless.memory_mb", f"the weights of {model.name} take {text} MB; {cure}"
            )


def copies_fit_the_instance(stage: CheckedStage) -> Iterator[Finding]:
    """One copy of an inference component fits on an instance, and the weights fit into the copy.

    Source: InferenceComponentComputeResourceRequirements in SageMaker's service model.
    """
    if not stage.mode.has_components:
        return
    asked = stage.settings.inference_component
    for instance_type in stage.instance_types.values():
        for name, wanted, there in (
            ("accelerators", asked.accelerators, gpu_count(instance_type)),
            ("cpu_cores", asked.cpu_cores or 0, vcpu_count(instance_type)),
            ("memory_mb", asked.memory_mb, memory_gib(instance_type) * 1024),
        ):
            if wanted > there:
                yield stage.refuse(
                    f"inference_component.{name}",
                    f"{instance_type} has {there:g}; ask for that at most",
                )
    for _, model in stage.shipped:
        if not asked.accelerators and model.weights > asked.memory_mb * _MIB:
            yield stage.refuse(
                "inference_component.memory_mb",
                f"the weights of {model.name} take {model.weights / _MIB:.0f} MB; ask for more",
            )


def model_arrives_in_time(stage: CheckedStage) -> Iterator[Finding]:
    """Fetching and unpacking the model, at an assumed 100 MB/s, ends within the timeout.

    Source: ProductionVariant.ModelDataDownloadTimeoutInSeconds in SageMaker's service model.
    """
    allowed = stage.settings.endpoint.download_timeout_seconds
    if not stage.mode.has_instances or not stage.mode.has_endpoint:
        return
    for _, model in stage.shipped:
        seconds = model.size / ASSUMED_BYTES_A_SECOND
        if seconds > allowed:
            yield stage.warn(
                "endpoint.download_timeout_seconds",
                f"{model.name} takes about {seconds:.0f} s at an assumed 100 MB/s; allow "
                f"{min(3600, 2 * round(seconds))}",
            )


def _volume_for(size: float) -> str:
    """What to ask for, with room for an archive of so many GB and what is in it."""
    if size > LARGEST_VOLUME_GB:
        return "use an instance type with disks of its own"
    return f"ask for {min(LARGEST_VOLUME_GB, 2 * int(size) + 2)}"


def _too_large(size: float, room: float) -> str | None:
    """`SIZE of ROOM` where more than four fifths are taken."""
    return f"{size:.1f} of {room:g}" if size > 0.8 * room else None
