"""What runs on what: instance, GPU, driver, CUDA, Python. Checked at synth, offline.

Sources: the instance pages of AWS's EC2 guide (GPUs and their number), NVIDIA's CUDA GPU list
(compute capability) and CUDA release notes (drivers), and the documentation of
ProductionVariant.InferenceAmiVersion in SageMaker's service model (driver and CUDA of each AMI).
"""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from stacks.settings import Settings


class IncompatibleError(Exception):
    """Something cannot run on something else; the text is one line a clash."""


@dataclass(frozen=True)
class Gpu:
    """A GPU of an instance family; memory in GB of one GPU."""

    name: str
    memory: int
    capability: tuple[int, int]


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


@dataclass(frozen=True)
class InferenceAmi:
    """A host image of SageMaker hosting: its NVIDIA driver's branch, and the CUDA it reports."""

    version: str
    driver: int
    cuda: tuple[int, int]


# Those whose container toolkit does not mount CUDA's compat libraries over the image's own.
GPU_3_1 = InferenceAmi("al2-ami-sagemaker-inference-gpu-3-1", 550, (12, 4))
GPU_4_1 = InferenceAmi("al2023-ami-sagemaker-inference-gpu-4-1", 580, (13, 0))

# Graviton families carry a `g` behind their generation: c7g, m6gd, g5g.
_ARM_FAMILY = re.compile(r"[a-z]+\d+g[a-z]*")
_NO_CUDA_ACCELERATOR = {"inf1", "inf2", "trn1", "trn1n", "trn2", "dl1"}
OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class ModelRecord:
    """What an MLflow model folder says of the environment it needs."""

    python_version: str
    requirements: str


def family_of(instance_type: str) -> str:
    """`g5` of `ml.g5.xlarge`."""
    return instance_type.split(".")[1]


def gpu_count(instance_type: str) -> int:
    """How many GPUs an instance has; 0 for one without."""
    family, size = instance_type.split(".")[1:]
    if family not in GPUS:
        return 0
    if family in _EIGHT_GPU_FAMILIES and size != "4xlarge":
        return 8
    return _GPU_COUNTS.get(family, {}).get(size, 1)


def inference_ami(instance_type: str, cuda: str) -> str | None:
    """The `InferenceAmiVersion` whose driver runs this CUDA on this instance; None without a GPU.

    Left unset, g4dn and g5 get driver 470, which is too old for CUDA 12 (525 or newer).
    """
    gpu = GPUS.get(family_of(instance_type))
    if gpu is None:
        return None
    blackwell = gpu.capability >= (10, 0)
    return (GPU_4_1 if blackwell or _cuda(cuda) >= (13, 0) else GPU_3_1).version


def check(settings: Settings) -> None:
    """Refuse what cannot run.

    Raises:
        IncompatibleError: with one line a clash.
    """
    clashes = [
        f'{settings.file.name}: {name}.endpoint.instance_type = "{instance_type}": ' + clash
        for name, stage in settings.stages.items()
        for instance_type in stage.endpoint.instance_types
        if (clash := _clash(instance_type, settings.container.cuda))
    ]
    if clashes:
        raise IncompatibleError("\n".join(clashes))


def _clash(instance_type: str, cuda: str) -> str | None:
    family = family_of(instance_type)
    if family in _NO_CUDA_ACCELERATOR:
        return "the image has no driver for its accelerator; use a GPU or CPU type, as ml.g5.xlarge"
    if _ARM_FAMILY.fullmatch(family) or family == "p6e-gb200":
        return "it is an Arm machine and the image is linux/amd64; use an x86 type, as ml.c7i.large"
    return _cuda_clash(GPUS[family], cuda) if family in GPUS else None


def _cuda_clash(gpu: Gpu, cuda: str) -> str | None:
    if cuda == "none":
        return f'its {gpu.name} would stand idle with container.cuda = "none"; set it to "13.0"'
    capability = f"its {gpu.name} (compute capability {_dotted(gpu.capability)})"
    if gpu.capability < (5, 0):
        return f"no PyTorch build runs on {capability} any more; use ml.g4dn.xlarge"
    if _cuda(cuda) >= (13, 0) and gpu.capability < (7, 5):
        return (
            f"{capability} is older than the 7.5 that CUDA 13 asks for; "
            'set container.cuda = "12.6" or use ml.g4dn.xlarge'
        )
    if _cuda(cuda) < (12, 8) and gpu.capability >= (10, 0):
        return f'{capability} needs CUDA 12.8 or newer; set container.cuda = "13.0"'
    return None


def read_model_record(folder: Path) -> ModelRecord:
    """Read `python_env.yaml` and `requirements.txt` of an MLflow model folder.

    Raises:
        IncompatibleError: where one is missing, or names a Python that the server cannot run on.
    """
    try:
        environment = yaml.safe_load((folder / "python_env.yaml").read_text(encoding="utf-8"))
        requirements = (folder / "requirements.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise IncompatibleError(f"{folder}: not a whole MLflow model folder: {error}") from None
    python = str(environment.get("python") if isinstance(environment, dict) else None)
    if not re.fullmatch(r"3\.\d+(\.\d+)?", python):
        raise IncompatibleError(
            f"{folder}/python_env.yaml: python = {python}: must be a version such as 3.11.7"
        )
    if tuple(map(int, python.split(".")[:2])) < OLDEST_PYTHON:
        raise IncompatibleError(
            f"{folder}/python_env.yaml: python = {python}: the server needs Python "
            f"{_dotted(OLDEST_PYTHON)} or newer; log the model again under one"
        )
    return ModelRecord(python_version=python, requirements=requirements)


def _cuda(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def has_local_storage(instance_type: str) -> bool:
    """Whether an instance has disks of its own (NVMe), which no key of ours encrypts."""
    family = family_of(instance_type)
    return (family in GPUS and family not in {"p2", "p3"}) or family.rstrip("n").endswith("d")
