"""The archives of a multi-model container, and their folder on an instance."""

from dataclasses import dataclass
from pathlib import Path

from localaws.json_api import refuse
from localaws.scope import Document, Scope

MOUNTED = "/opt/ml/models"
"""Where a container sees its models (developer guide, mms-container-apis)."""


@dataclass(frozen=True)
class Source:
    """A prefix of archives. Every instance has its own folder in `folder`.

    mounted: `folder` as the container's program sees it; cached: whether a model stays loaded
    after its invocation (ModelCacheSetting).
    """

    scope: Scope
    prefix: str
    folder: Path
    mounted: str
    cached: bool


def is_multi_model(container: Document) -> bool:
    """Whether a container definition is of Mode MultiModel."""
    return bool(container.get("Mode") == "MultiModel")


def check(container: Document) -> None:
    """Raise ValidationException for a multi-model container that names no prefix of archives."""
    if not is_multi_model(container):
        return
    refuse(
        "ModelDataSource" in container,
        "ModelDataSource cannot be used with multi-model endpoints: give the prefix of the archives"
        " as ModelDataUrl.",
    )
    refuse(
        not container.get("ModelDataUrl", "").startswith("s3://"),
        "A container of Mode MultiModel must have a ModelDataUrl, the s3:// prefix of its"
        " archives.",
    )


def source(scope: Scope, container: Document, folder: Path, *, mounted: bool) -> Source:
    """The source of a multi-model container's models; `mounted` where an engine runs it."""
    setting = container.get("MultiModelConfig", {}).get("ModelCacheSetting", "Enabled")
    return Source(
        scope=scope,
        prefix=container["ModelDataUrl"].rstrip("/") + "/",
        folder=folder,
        mounted=MOUNTED if mounted else str(folder),
        cached=setting == "Enabled",
    )
