"""Which instance types there are, where, and whether the image runs on them."""

from collections.abc import Iterator

from stacks.aws_data import Use, instance_types, offered_by_region, resource_types
from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding
from stacks.instance_types import (
    family_of,
    is_arm,
    nearest_instance_type,
    runs_linux_amd64_and_cuda,
)


def image_runs_on_the_instance_type(stage: CheckedStage) -> Iterator[Finding]:
    """The image is linux/amd64 with CUDA: no Graviton, no Inferentia, Trainium or Gaudi.

    Source: the instance type pages of the EC2 guide; stacks/hosted_models.py.
    """
    for key, instance_type in stage.instance_types.items():
        if runs_linux_amd64_and_cuda(instance_type):
            continue
        instead = _instead(instance_type, stage)
        if is_arm(instance_type):
            text = f"it is an Arm machine and the image is linux/amd64; use {instead}"
        else:
            text = f"the image has no driver for its accelerator; use {instead}"
        yield stage.refuse(key, text)


def instance_type_is_offered_in_the_region(stage: CheckedStage) -> Iterator[Finding]:
    """SageMaker offers every instance type in the stage's region, for hosting or for transform.

    A type that stands in no region's list, or a region without one, is a warning: there the list
    knows nothing. Source: cfn-lint's lists by region, made from AWS's price list.
    """
    use = _use(stage)
    offers, region = offered_by_region(use), stage.settings.region
    known = frozenset().union(*offers.values())
    for key, instance_type in stage.instance_types.items():
        if instance_type in offers.get(region, ()) or not _fits(instance_type, use):
            continue
        if region not in offers or instance_type not in known:
            yield stage.warn(
                key,
                f"no price list here says whether {region} has it for {use}; see the SageMaker "
                "quotas of the account",
            )
        else:
            yield stage.refuse(
                key, f"not offered for {use} in {region}; use {_instead(instance_type, stage)}"
            )


def components_are_offered_in_the_region(stage: CheckedStage) -> Iterator[Finding]:
    """CloudFormation makes inference components in some regions only.

    Source: cfn-lint's lists by region, made from CloudFormation's registry.
    """
    region = stage.settings.region
    known = resource_types(region)
    if not stage.mode.has_components or not known:
        return
    if "AWS::SageMaker::InferenceComponent" not in known:
        yield stage.refuse(
            "mode", f'CloudFormation has no inference components in {region}; use "real-time"'
        )


def transform_job_takes_the_instance_type(stage: CheckedStage) -> Iterator[Finding]:
    """Batch transform takes fewer instance types than hosting: of GPUs, g4dn to g6e and p3.

    Source: TransformInstanceType in SageMaker's service model.
    """
    for key, instance_type in stage.instance_types.items():
        if not _fits(instance_type, _use(stage)):
            yield stage.refuse(
                key,
                f"batch transform takes no {family_of(instance_type)}; "
                f"use {_instead(instance_type, stage)}",
            )


def _use(stage: CheckedStage) -> Use:
    return "transform" if stage.mode.has_transform_jobs else "hosting"


def _fits(instance_type: str, use: Use) -> bool:
    return use == "hosting" or instance_type in instance_types("transform")


def _instead(instance_type: str, stage: CheckedStage) -> str:
    use = _use(stage)
    every = instance_types(use)
    offers = offered_by_region(use).get(stage.settings.region, every)
    return nearest_instance_type(instance_type, offers & every) or "another type"
