"""The host images (AMIs) of SageMaker's GPU instances: which NVIDIA driver each has."""

from collections.abc import Sequence
from dataclasses import dataclass

from stacks.instance_types import gpu_of


@dataclass(frozen=True)
class InferenceAmi:
    """A host image of SageMaker hosting: its NVIDIA driver's branch, and the CUDA it reports."""

    version: str
    driver: int
    cuda: tuple[int, int]


# Those whose container toolkit does not mount CUDA's compat libraries over the image's own.
GPU_3_1 = InferenceAmi("al2-ami-sagemaker-inference-gpu-3-1", 550, (12, 4))
GPU_4_1 = InferenceAmi("al2023-ami-sagemaker-inference-gpu-4-1", 580, (13, 0))
TRANSFORM_AMI = "al2-ami-sagemaker-batch-gpu-535"
TRANSFORM_DRIVER = 535


def inference_ami(instance_type: str, cuda: str, fallbacks: Sequence[str] = ()) -> str | None:
    """The `InferenceAmiVersion` whose driver runs this CUDA on the instance and its fallbacks.

    None without a GPU. Left unset, g4dn and g5 get driver 470, which is too old for CUDA 12 (525
    or newer). Blackwell needs the newer one, which serves the older GPUs as well.
    """
    gpus = [gpu for name in (instance_type, *fallbacks) if (gpu := gpu_of(name))]
    if not gpus or cuda == "none":
        return None
    blackwell = any(gpu.capability >= (10, 0) for gpu in gpus)
    return (GPU_4_1 if blackwell or cuda_numbers(cuda) >= (13, 0) else GPU_3_1).version


def transform_ami(instance_type: str) -> str | None:
    """The `TransformAmiVersion` of a batch job; None without a GPU. Unset, the driver is 470."""
    return TRANSFORM_AMI if gpu_of(instance_type) else None


def cuda_numbers(version: str) -> tuple[int, ...]:
    """`(13, 0)` of `13.0`."""
    return tuple(map(int, version.split(".")))
