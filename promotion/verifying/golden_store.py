"""The golden set that is part of a model, stored with the release.

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

FILE = "golden.jsonl"


def keep(
    stage: Stage,
    store: ReleaseStore,
    models: tuple[Model, ...],
    templates: dict[str, Template],
    newest: Release | None,
) -> str | None:
    """Store the golden set of the stage's main model, and return its SHA-256.

    A model without one, as a training job may make it, is verified with that of `newest`; None
    where that has none either. It is not read again where `newest` has the same model.

    Raises PromotionError where the model's archive cannot be read.
    """
    former = newest.golden if newest else None
    model = _main(models, templates[stage.names.serving_stack])
    if newest and model in newest.models:
        return former
    content = _content(stage.client("s3"), model)
    return store.keep_golden(content) if content is not None else former


def _main(models: tuple[Model, ...], template: Template) -> Model:
    """The model; of several, the one that the first production variant names."""
    configs = [
        each["Properties"]["ProductionVariants"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::SageMaker::EndpointConfig"
    ]
    named = [variants[0]["ModelName"]["Fn::GetAtt"][0] for variants in configs if len(models) > 1]
    return next(model for model in models if not named or model.logical_id in named)


def _content(s3: Any, model: Model) -> bytes | None:
    if model.data is None:
        return None
    if model.data.endswith("/"):
        return content_of(s3, f"{model.data}{FILE}")
    bucket, key = parted(model.data)
    version = model.archive.version if model.archive else None
    pinned = {"VersionId": version} if version else {}
    body = s3.get_object(Bucket=bucket, Key=key, **pinned)["Body"]
    try:
        with tarfile.open(fileobj=body, mode="r|gz") as archive:
            for member in archive:
                if member.name.removeprefix("./") == FILE and (file := archive.extractfile(member)):
                    return file.read()
    except tarfile.TarError as error:
        raise PromotionError(f"{model.data}: cannot be read as a .tar.gz: {error}") from None
    return None
