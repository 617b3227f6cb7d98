"""GPU, driver, CUDA, PyTorch: what runs on what."""

from collections.abc import Iterator

from packaging.version import Version

from stacks.ami_versions import TRANSFORM_DRIVER, cuda_numbers
from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding
from stacks.instance_types import Gpu, gpu_of

# NVIDIA's CUDA toolkit release notes: the oldest driver of each major version.
_OLDEST_DRIVER = {12: 525, 13: 580}
# PyTorch's release matrix (RELEASE.md): the first version built for each CUDA.
_FIRST_TORCH = {"12.6": "2.6", "13.0": "2.9"}


def gpu_runs_the_images_cuda(stage: CheckedStage) -> Iterator[Finding]:
    """The image's CUDA knows the compute capability of every instance type's GPU.

    Source: NVIDIA's CUDA release notes (13 needs 7.5 or newer; Blackwell needs 12.8 or newer).
    """
    for key, instance_type in stage.instance_types.items():
        gpu = gpu_of(instance_type)
        if gpu and (clash := _cuda_clash(gpu, stage.cuda)):
            yield stage.refuse(key, clash)


def _cuda_clash(gpu: Gpu, cuda: str) -> str | None:
    if cuda == "none":
        return f'its {gpu.name} would stand idle with container.cuda = "none"; set it to "13.0"'
    capability = f"its {gpu.name} (compute capability {'.'.join(map(str, gpu.capability))})"
    if gpu.capability < (5, 0):
        return f"no PyTorch build runs on {capability} any more; use ml.g4dn.xlarge"
    if cuda_numbers(cuda) >= (13, 0) and gpu.capability < (7, 5):
        return (
            f"{capability} is older than the 7.5 that CUDA 13 asks for; "
            'set container.cuda = "12.6" or use ml.g4dn.xlarge'
        )
    if cuda_numbers(cuda) < (12, 8) and gpu.capability >= (10, 0):
        return f'{capability} needs CUDA 12.8 or newer; set container.cuda = "13.0"'
    return None


def one_ami_serves_all_instance_types(stage: CheckedStage) -> Iterator[Finding]:
    """Instance types that stand in for each other have GPUs all, or none: they share one AMI.

    Source: ProductionVariant.InferenceAmiVersion in SageMaker's service model.
    """
    for variant in stage.plan.every_variant:
        has_gpu = [gpu_of(name) is not None for name in variant.instance_types]
        for (key, _), same in zip(variant.types_by_key, has_gpu, strict=True):
            if same != has_gpu[0]:
                kind = "a GPU" if has_gpu[0] else "no GPU"
                yield stage.refuse(
                    key,
                    f"one host image serves it and {variant.instance_types[0]}, which has "
                    f"{kind}; name types that have {kind}",
                )


def batch_driver_runs_the_images_cuda(stage: CheckedStage) -> Iterator[Finding]:
    """Batch transform has no host image with a driver for CUDA 13.

    Source: TransformResources.TransformAmiVersion in SageMaker's service model (470 and 535);
    NVIDIA's CUDA release notes (CUDA 13 needs driver 580).
    """
    if not stage.mode.has_transform_jobs or stage.cuda == "none":
        return
    needed = _OLDEST_DRIVER[cuda_numbers(stage.cuda)[0]]
    for key, instance_type in stage.instance_types.items():
        if gpu_of(instance_type) and needed > TRANSFORM_DRIVER:
            yield stage.refuse(
                key,
                f"batch jobs have NVIDIA driver {TRANSFORM_DRIVER} at most and CUDA {stage.cuda} "
                f'needs {needed}; set container.cuda = "12.6" or use a CPU type',
            )


def torch_is_built_for_the_images_cuda(stage: CheckedStage) -> Iterator[Finding]:
    """PyTorch publishes the version that the model pins for the image's CUDA.

    Source: PyTorch's release matrix (CUDA 12.6 from 2.6 on, CUDA 13.0 from 2.9 on).
    """
    first = _FIRST_TORCH.get(stage.cuda)
    for model in stage.models_in_use:
        torch = model.pins.get("torch")
        if first and torch and torch < Version(first):
            yield stage.refuse_file(
                f"{model.name}/requirements.txt",
                f"torch=={torch}: PyTorch has builds for CUDA {stage.cuda} from {first} on; "
                "log the model again under a newer one"
                + (', or set container.cuda = "12.6"' if torch >= Version("2.6") else ""),
            )


def serverless_image_needs_no_cuda(stage: CheckedStage) -> Iterator[Finding]:
    """Serverless endpoints have no GPU: CUDA only makes their image, and its start, larger.

    Source: SageMaker's guide, "Deploy models with SageMaker Serverless Inference" (exclusions).
    """
    if not stage.mode.has_instances and stage.cuda != "none":
        yield stage.warn(
            "mode",
            f"the image carries CUDA {stage.cuda} that serverless cannot use, against the 10 GB "
            'that its images may have; set container.cuda = "none" where no stage has a GPU',
        )
