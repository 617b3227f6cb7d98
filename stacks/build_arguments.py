"""What container/Dockerfile is built with: by `cdk deploy` and by `berth image` alike."""

import re

from stacks.compatibility import ModelRecord


def torch_index_url(cuda: str) -> str:
    """Where PyTorch's build for `container.cuda` of stages.toml is had from."""
    build = "cpu" if cuda == "none" else f"cu{cuda.replace('.', '')}"
    return f"https://download.pytorch.org/whl/{build}"


def build_arguments(model: ModelRecord, cuda: str) -> dict[str, str]:
    """What the Dockerfile's ARGs are for a model and `container.cuda`."""
    return {
        "PYTHON_VERSION": model.python_version,
        "TORCH_INDEX_URL": torch_index_url(cuda),
        "MODEL_REQUIREMENTS": _without_comments(model.requirements),
    }


def _without_comments(requirements: str) -> str:
    """What pip reads: build arguments stand in manifests and in the image's history."""
    return "\n".join(re.sub(r"(^|\s+)#.*", "", line) for line in requirements.split("\n"))
