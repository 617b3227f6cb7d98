"""What an instance type is: its cores, memory, GPUs and disks.

Neither botocore nor cfn-lint has these as data, and a rule by family and size says nearly all of
it. Source: AWS's "Amazon EC2 instance types" guide (specifications of each family); a SageMaker
type has what the EC2 type of its name has.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass


class UnknownInstanceTypeError(LookupError):
    """An instance type of a family that this module does not know; the text is one line."""


@dataclass(frozen=True)
class Gpu:
    """A GPU of an instance family; memory in GB of one GPU."""

    name: str
    memory: int
    capability: tuple[int, int]


# Compute capability: NVIDIA's list of CUDA GPUs.
GPUS = {
    "p2": Gpu("K80", 12, (3, 7)),
    "p3": Gpu("V100", 16, (7, 0)),
    "g4dn": Gpu("T4", 16, (7, 5)),
    "p4d": Gpu("A100", 40, (8, 0)),
    "p4de": Gpu("A100", 80, (8, 0)),
    "g5": Gpu("A10G", 24, (8, 6)),
    "g6": Gpu("L4", 24, (8, 9)),
    "g6e": Gpu("L40S", 48, (8, 9)),
    "p5": Gpu("H100", 80, (9, 0)),
    "p5e": Gpu("H200", 141, (9, 0)),
    "p5en": Gpu("H200", 141, (9, 0)),
    "p6-b200": Gpu("B200", 180, (10, 0)),
    "p6e-gb200": Gpu("GB200", 185, (10, 0)),
    "p6-b300": Gpu("B300", 268, (10, 3)),
    "g7": Gpu("RTX PRO 4500", 32, (12, 0)),
    "g7e": Gpu("RTX PRO 6000", 96, (12, 0)),
}

# Sizes with several GPUs, by family; every other size of a GPU family has one.
_GPU_COUNTS = {
    "p2": {"8xlarge": 8, "16xlarge": 16},
    "p3": {"8xlarge": 4, "16xlarge": 8},
    "g4dn": {"12xlarge": 4},
    "g5": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "g6": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "g6e": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "g7": {"12xlarge": 2, "24xlarge": 4, "48xlarge": 8},
    "g7e": {"12xlarge": 2, "24xlarge": 4, "48xlarge": 8},
    "p6e-gb200": {"36xlarge": 4},
}
_EIGHT_GPU_FAMILIES = {"p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300"}

# GiB for each vCPU: by the family, or else by its first letter.
_GIB_A_VCPU = {
    **{"c": 2, "m": 4, "r": 8, "t": 4, "c4": 1.875, "inf1": 2, "inf2": 4, "trn1": 4, "trn1n": 4},
    **{"g4dn": 4, "g5": 4, "g6": 4, "g6e": 8, "g7": 4, "g7e": 8, "p2": 15.25, "p3": 7.625},
    **{"p4d": 12, "p4de": 12, "dl1": 8},
}
_GIB = {
    **{"ml.t2.medium": 4, "ml.c4.8xlarge": 60, "ml.p2.16xlarge": 732},
    **{"ml.g7e.12xlarge": 512, "ml.g7e.24xlarge": 1024, "ml.g7e.48xlarge": 2048},
    **{"ml.p5.4xlarge": 256, "ml.p5.48xlarge": 2048, "ml.p5e.48xlarge": 2048},
    **{"ml.p5en.48xlarge": 2048, "ml.p6-b200.48xlarge": 2048, "ml.p6-b300.48xlarge": 4096},
    **{"ml.p6e-gb200.36xlarge": 960, "ml.trn2.48xlarge": 2048},
}
_VCPUS = {"ml.t2.medium": 2, "ml.c4.8xlarge": 36}

# A `d` behind the generation stands for local disks (m5d, g4dn, p4de); these have them without.
# Also: volume_size_supported() of the SageMaker Python SDK.
_LOCAL_STORAGE = re.compile(r"[a-z]+\d+[a-z]*d[a-z]*|(g5|g6|g7)e?|p5(e|en)?|p6.*|trn\d+n?|dl1")
# Graviton families carry a `g` behind their generation: c7g, m6gd, g5g. GB200 is Grace and B200.
_ARM = re.compile(r"[a-z]+\d+g[a-z]*|p6e-gb200")


def family_of(instance_type: str) -> str:
    """`g5` of `ml.g5.xlarge`."""
    return instance_type.split(".")[1]


def gpu_of(instance_type: str) -> Gpu | None:
    """The kind of GPU that an instance has; None for one without."""
    return GPUS.get(family_of(instance_type))


def gpu_count(instance_type: str) -> int:
    """How many GPUs an instance has; 0 for one without."""
    family, size = instance_type.split(".")[1:]
    if family not in GPUS:
        return 0
    if family in _EIGHT_GPU_FAMILIES and size != "4xlarge":
        return 8
    return _GPU_COUNTS.get(family, {}).get(size, 1)


def vcpu_count(instance_type: str) -> int:
    """How many vCPUs an instance has.

    CPUUtilization of SageMaker is 100 for each of them.
    """
    if instance_type in _VCPUS:
        return _VCPUS[instance_type]
    size = instance_type.split(".")[2]
    small = {"medium": 1, "large": 2, "xlarge": 4}
    return small[size] if size in small else 4 * int(size.removesuffix("xlarge"))


def memory_gib(instance_type: str) -> float:
    """Memory of an instance in GiB.

    Raises:
        UnknownInstanceTypeError: for a family that this module does not know yet.
    """
    if instance_type in _GIB:
        return _GIB[instance_type]
    family = family_of(instance_type)
    ratio = _GIB_A_VCPU.get(family) or _GIB_A_VCPU.get(re.split(r"\d", family)[0])
    if ratio is None:
        raise UnknownInstanceTypeError(
            f"{instance_type}: its memory is not known; use another type"
        )
    return vcpu_count(instance_type) * ratio


def has_local_storage(instance_type: str) -> bool:
    """Whether the model lies on the instance's own disks.

    These are encrypted by the hardware: no KmsKeyId and no VolumeSizeInGB may be asked for.
    Source: CreateEndpointConfig.KmsKeyId and TransformResources.VolumeKmsKeyId in SageMaker's
    service model; "Instance store volumes" in the EC2 guide.
    """
    return _LOCAL_STORAGE.fullmatch(family_of(instance_type)) is not None


def is_arm(instance_type: str) -> bool:
    """Whether it is a Graviton (or Grace) machine."""
    return _ARM.fullmatch(family_of(instance_type)) is not None


def runs_linux_amd64_and_cuda(instance_type: str) -> bool:
    """Whether the image runs on it: no Arm, and none of AWS's or Habana's accelerators."""
    return not is_arm(instance_type) and family_of(instance_type)[:3] not in {"inf", "trn", "dl1"}


def nearest_instance_type(wanted: str, among: Iterable[str]) -> str | None:
    """The type most like `wanted` that the image runs on: GPU or not, then memory and cores."""

    def distance(name: str) -> tuple[float, ...]:
        gpu, other = gpu_of(wanted), gpu_of(name)
        return (
            abs(math.log2((gpu.memory if gpu else 1) / (other.memory if other else 1))),
            abs(gpu_count(wanted) - gpu_count(name)),
            abs(math.log2(memory_gib(wanted) / memory_gib(name))),
            abs(vcpu_count(wanted) - vcpu_count(name)),
        )

    fitting = [
        name
        for name in sorted(among)
        if runs_linux_amd64_and_cuda(name) and bool(gpu_of(name)) == bool(gpu_of(wanted))
    ]
    return min(fitting, key=distance, default=None)
