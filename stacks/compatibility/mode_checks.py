"""What the modes exclude."""

import re
from collections.abc import Iterator

from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding
from stacks.stage_plan import MODES

# Types that a container may read, and whose bytes have no lines.
_BINARY = re.compile(
    r"(image|audio|video|font)/|application/(octet-stream|x-npy|(x-|vnd\.apache\.)parquet|gzip|zip)\b"
)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html, "safe characters"
_S3_KEY = re.compile(r"[A-Za-z0-9!_.*'()-]+\.tar\.gz")


def network_and_capture_fit_the_mode(stage: CheckedStage) -> Iterator[Finding]:
    """Serverless endpoints have no VPC and no data capture.

    Source: SageMaker's guide, "Deploy models with SageMaker Serverless Inference" (exclusions).
    """
    network, mode = stage.settings.network, stage.mode
    for key, asked, possible in (
        ("network.vpc_id", network.vpc_id, mode.can_join_a_vpc),
        ("network.new_vpc", network.new_vpc, mode.can_join_a_vpc),
        ("capture.percent", stage.settings.capture.percent, mode.can_capture_data),
    ):
        if asked and not possible:
            yield stage.refuse(
                key, f'mode = "{mode.name}" cannot have it; leave it out or use mode = "real-time"'
            )


def isolation_fits_the_mode(stage: CheckedStage) -> Iterator[Finding]:
    """Network isolation, on by default, is not applied to a serverless endpoint.

    Source: SageMaker's guide, "Deploy models with SageMaker Serverless Inference" (exclusions).
    """
    if stage.settings.network.isolation and not stage.mode.can_be_isolated:
        yield stage.warn(
            "network.isolation",
            f'mode = "{stage.mode.name}" cannot be isolated: the container has a network; '
            "say false",
        )


def form_fits_the_mode(stage: CheckedStage) -> Iterator[Finding]:
    """Uncompressed files (ModelDataSource) go with no batch job, serverless or multi-model.

    Source: ContainerDefinition.ModelDataSource in SageMaker's service model.
    """
    if stage.settings.shipping.form == "files" and not stage.mode.can_ship_files:
        yield stage.refuse(
            "shipping.form",
            f'mode = "{stage.mode.name}" takes archives alone; use form = "archive"',
        )


def s3_form_names_its_archive(stage: CheckedStage) -> Iterator[Finding]:
    """With form = "s3" both the archive and its manifest's SHA-256 are given.

    Source: docs/container.md (the server checks every file against that SHA-256).
    """
    shipping = stage.settings.shipping
    if shipping.form != "s3" or stage.mode.has_archives:
        return
    for key in ("s3_uri", "manifest_sha256"):
        if getattr(shipping, key) is None:
            yield stage.refuse(f"shipping.{key}", 'missing; form = "s3" needs it')


def s3_form_has_one_model(stage: CheckedStage) -> Iterator[Finding]:
    """With form = "s3" there is one archive, so no variant and no shadow has another model.

    Source: `[shipping]` in stacks/settings/stage.py.
    """
    others = set(stage.plan.models) - {stage.plan.model}
    if stage.settings.shipping.form == "s3" and others:
        yield stage.refuse(
            "shipping.form",
            "variants and shadow with models of their own are shipped from folders; "
            'use form = "archive"',
        )


def shadow_has_one_variant_beside_it(stage: CheckedStage) -> Iterator[Finding]:
    """A shadow stands beside exactly one production variant of a real-time endpoint.

    Source: SageMaker's guide, "Shadow tests: exclusions"; ShadowProductionVariants of
    CreateEndpointConfig in SageMaker's service model.
    """
    if stage.settings.shadow is None:
        return
    if not stage.mode.can_have_a_shadow:
        yield stage.refuse(
            "shadow", f'mode = "{stage.mode.name}" has no shadow; use mode = "real-time"'
        )
    if len(stage.settings.variants) > 1:
        yield stage.refuse(
            "shadow", "it takes exactly one production variant; leave one in [variants] or none"
        )


def variants_fit_the_mode(stage: CheckedStage) -> Iterator[Finding]:
    """Variants are for endpoints whose variants hold models; a serverless endpoint has one.

    Source: SageMaker's guide, "Multi-model endpoints", "Inference components" and "Deploy models
    with SageMaker Serverless Inference" (exclusions); a transform job has one model.
    """
    most = stage.mode.most_variants
    if len(stage.settings.variants) > most:
        has = "one at most" if most else "none"
        yield stage.refuse(
            "variants",
            f'mode = "{stage.mode.name}" has {has}; use mode = "real-time" or leave them out',
        )


def archives_can_be_uploaded(stage: CheckedStage) -> Iterator[Finding]:
    """The folder of a multi-model endpoint holds archives, named as S3 keys can be.

    Source: SageMaker's guide, "Create a multi-model endpoint" (TargetModel is a key under the
    prefix); S3's guide, "Naming Amazon S3 objects".
    """
    key = "multi_model.archives"
    if stage.plan.archives is None:
        return
    if stage.archives is None:
        yield stage.refuse(key, "no folder that can be read; make it, or leave the key out")
    elif not stage.archives:
        yield stage.warn(key, "the folder is empty; `berth push` adds archives later")
    for file in stage.archives or ():
        if not _S3_KEY.fullmatch(file.name):
            yield stage.refuse(
                key,
                f"{file.name!r} cannot be a model; name it in letters and digits, as ner.tar.gz",
            )


def instance_types_fit_the_mode(stage: CheckedStage) -> Iterator[Finding]:
    """A serverless endpoint has no instances.

    Source: ProductionVariant.ServerlessConfig in SageMaker's service model.
    """
    if not stage.mode.has_instances and stage.settings.endpoint.instance_types:
        yield stage.warn(
            "endpoint.instance_type", f'mode = "{stage.mode.name}" has no instances; leave it out'
        )


def one_instance_type_for_a_transform_job(stage: CheckedStage) -> Iterator[Finding]:
    """A transform job has one instance type; those of an endpoint have an order of priority.

    Source: TransformResources and ProductionVariant.InstancePools in SageMaker's service model.
    """
    key = "endpoint.fallback_instance_types"
    choices = [one.instance_types for one in stage.plan.every_variant]
    if stage.mode.has_transform_jobs and any(len(types) > 1 for types in choices):
        yield stage.refuse(key, "a transform job has one instance type; leave the key out")
    if any(len(set(types)) < len(types) for types in choices):
        yield stage.refuse(key, "names a type twice; leave one out")


def lines_are_text(stage: CheckedStage) -> Iterator[Finding]:
    """Objects are cut up at line ends only where their media type is one of text.

    Source: TransformInput.SplitType in SageMaker's service model (a newline character).
    """
    batch = stage.settings.batch
    if not stage.mode.has_transform_jobs or batch.split != "Line":
        return
    if _BINARY.match(batch.content_type.lower()):
        yield stage.refuse(
            "batch.content_type", 'has no lines to split objects at; set batch.split = "None"'
        )


def tables_have_an_effect(stage: CheckedStage) -> Iterator[Finding]:
    """A table of another mode has no effect.

    Source: stacks/settings/stage.py.
    """
    fields = type(stage.settings).model_fields
    given = {fields[name].alias or name for name in stage.settings.model_fields_set}
    for mode in MODES.values():
        if mode.settings_table in given and mode.settings_table != stage.mode.settings_table:
            yield stage.warn(mode.settings_table, f'has no effect in mode = "{stage.mode.name}"')
    if "shipping" in given and stage.mode.has_archives:
        yield stage.warn("shipping", "a multi-model endpoint's archives lie under models/ instead")
