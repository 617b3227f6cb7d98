"""The golden set that is part of a model, or else its input example, stored with the release.

It is read from the deployed model, not from a checkout, which a promotion does not have.
"""

import tarfile
from typing import Any

from aws.assembly import Template
from aws.stage import Stage
from promotion import PromotionError
from promotion.moving.s3 import content_of, parted
from promotion.release import Model, Release
from promotion.store import ReleaseStore
from stacks.compatibility.golden_set import FILE

_EXAMPLE = "serving_input_example.json"
"""The body of a request, as MLflow writes it and as the server tries its model with."""


def keep(
    stage: Stage,
    store: ReleaseStore,
    models: tuple[Model, ...],
    templates: dict[str, Template],
    newest: Release | None,
) -> tuple[str | None, str | None]:
    """Store the golden set of the stage's main model, or else its example; return their SHA-256.

    A model without a golden set, as a training job may make it, is verified with that of `newest`;
    None where that has none either. It is not read again where `newest` has the same model.

    Raises PromotionError where the model's archive cannot be read.
    """
    former = newest.golden if newest else None
    model = _main(models, templates[stage.names.serving_stack])
    if newest and model in newest.models and (newest.golden or newest.example):
        return newest.golden, newest.example
    contents = _contents(stage.client("s3"), model)
    if (content := contents.get(FILE)) is not None:
        return store.keep_golden(content), None
    if former is None and (example := contents.get(_EXAMPLE)) is not None:
        return None, store.keep_golden(example)
    return former, None


def _main(models: tuple[Model, ...], template: Template) -> Model:
    """The model; of several, the one that the first production variant names."""
    configs = [
        each["Properties"]["ProductionVariants"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::SageMaker::EndpointConfig"
    ]
    named = [variants[0]["ModelName"]["Fn::GetAtt"][0] for variants in configs if len(models) > 1]
    return next(model for model in models if not named or model.logical_id in named)


def _contents(s3: Any, model: Model) -> dict[str, bytes]:
    """The golden set and the example, by their names; nothing after the golden set is read."""
    found: dict[str, bytes] = {}
    if model.data is None:
        return found
    if model.data.endswith("/"):
        for name in (FILE, _EXAMPLE):
            if (content := content_of(s3, f"{model.data}{name}")) is not None:
                found[name] = content
        return found
    bucket, key = parted(model.data)
    version = model.archive.version if model.archive else None
    pinned = {"VersionId": version} if version else {}
    body = s3.get_object(Bucket=bucket, Key=key, **pinned)["Body"]
    try:
        with tarfile.open(fileobj=body, mode="r|gz") as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                if name in {FILE, _EXAMPLE} and (file := archive.extractfile(member)):
                    found[name] = file.read()
                if FILE in found:
                    break
    except tarfile.TarError as error:
        raise PromotionError(f"{model.data}: cannot be read as a .tar.gz: {error}") from None
    return found
