"""What container/Dockerfile is built with: by `cdk deploy` and by `berth image` alike."""

import re
from pathlib import Path

from stacks.compatibility import ModelRecord
from stacks.compatibility.versions import package_name, parsed_requirements

BASES = Path(__file__).parents[1] / "container" / "bases" / "Dockerfile"
"""The base images that are pinned by digest, a FROM a version of Python."""


def pinned_base(python_version: str) -> str | None:
    """The base image of a Python's minor version, by digest; None where none is pinned.

    Another patch version serves as well: a pickle belongs to a minor one.
    """
    minor = ".".join(python_version.split(".")[:2])
    text = BASES.read_text("utf-8") if BASES.exists() else ""
    found = re.search(rf"(?m)^FROM (\S+:{re.escape(minor)}[.-]\S*@sha256:[0-9a-f]{{64}})$", text)
    return found[1] if found else None


def torch_index_url(cuda: str) -> str:
    """Where PyTorch's build for `container.cuda` of stages.toml is had from."""
    build = "cpu" if cuda == "none" else f"cu{cuda.replace('.', '')}"
    return f"https://download.pytorch.org/whl/{build}"


def has_engine(model: ModelRecord, cuda: str) -> bool:
    """Whether the image has what computes an encoder on CPU; a model's own onnx is not replaced.

    That onnxruntime has no wheel of Python 3.10: torch computes there.
    """
    own = {package_name(requirement) for requirement in parsed_requirements(model.requirements)}
    fits = model.is_encoder and not model.python_version.startswith("3.10")
    return cuda == "none" and fits and not own & {"onnx", "onnxruntime"}


def build_arguments(model: ModelRecord, cuda: str) -> dict[str, str]:
    """What the Dockerfile's ARGs are for a model and `container.cuda`."""
    pinned = pinned_base(model.python_version)
    return {
        **({"BASE_IMAGE": pinned} if pinned else {}),
        "PYTHON_VERSION": model.python_version,
        "TORCH_INDEX_URL": torch_index_url(cuda),
        **({"ENGINE": "onnx"} if has_engine(model, cuda) else {}),
        "MODEL_REQUIREMENTS": _without_comments(model.requirements),
    }


def _without_comments(requirements: str) -> str:
    """What pip reads: build arguments stand in manifests and in the image's history."""
    return "\n".join(re.sub(r"(^|\s+)#.*", "", line) for line in requirements.split("\n"))
