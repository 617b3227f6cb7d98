"""What stands behind an endpoint: its variants, as SageMaker is told of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from stacks.compatibility import inference_ami
from stacks.constructs.endpoint import ONLY_VARIANT
from stacks.settings import StageSettings

SHADOW_VARIANT = "Shadow"

_Config = sagemaker.CfnEndpointConfig


@dataclass(frozen=True)
class Variant:
    """A variant as stages.toml means it.

    model: the path of its folder as it stands there; instance_types: in order of priority, empty
    for serverless; count: instances of the first deployment.
    """

    name: str
    model: str
    weight: float
    instance_types: Sequence[str]
    count: int


def production_variants(settings: StageSettings, model: str) -> list[Variant]:
    """Those that answer; one, named as SageMaker itself does, where stages.toml names none."""
    endpoint, count = settings.endpoint, settings.scaling.initial
    if not settings.variants:
        # [defaults] may name them for the other stages: serverless has none, and a warning says so.
        types = () if settings.mode == "serverless" else endpoint.instance_types
        return [Variant(ONLY_VARIANT, model, 1, types, count)]
    return [
        Variant(
            name,
            variant.model or model,
            variant.weight,
            (variant.instance_type,) if variant.instance_type else endpoint.instance_types,
            count,
        )
        for name, variant in settings.variants.items()
    ]


def shadow_variant(settings: StageSettings) -> Variant | None:
    """The one that gets copies of requests. Its weight beside the other's 1 is their share."""
    shadow = settings.shadow
    if shadow is None:
        return None
    types = (shadow.instance_type,) if shadow.instance_type else settings.endpoint.instance_types
    return Variant(SHADOW_VARIANT, shadow.model, shadow.percent / 100, types, shadow.instance_count)


def variant_property(
    variant: Variant,
    settings: StageSettings,
    *,
    model_name: str,
    cuda: str,
    core_dump: sagemaker.CfnEndpointConfig.CoreDumpConfigProperty | None,
) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
    """A variant in the words of its mode."""
    if settings.mode == "serverless":
        return _serverless(settings, model_name)
    own_model = None if settings.mode == "inference-component" else model_name
    return _on_instances(variant, settings, model_name=own_model, cuda=cuda, core_dump=core_dump)


def _serverless(
    settings: StageSettings, model_name: str
) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
    serverless = settings.serverless
    return _Config.ProductionVariantProperty(
        variant_name=ONLY_VARIANT,
        model_name=model_name,
        initial_variant_weight=1,
        serverless_config=_Config.ServerlessConfigProperty(
            memory_size_in_mb=serverless.memory_mb,
            max_concurrency=serverless.max_concurrency,
            provisioned_concurrency=serverless.provisioned_concurrency or None,
        ),
    )


def _on_instances(
    variant: Variant,
    settings: StageSettings,
    *,
    model_name: str | None,
    cuda: str,
    core_dump: sagemaker.CfnEndpointConfig.CoreDumpConfigProperty | None,
) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
    """Without a model the instances wait for inference components."""
    endpoint, scaling = settings.endpoint, settings.scaling
    first, *others = variant.instance_types
    pools = [
        _Config.InstancePoolProperty(instance_type=instance_type, priority=priority)
        for priority, instance_type in enumerate(variant.instance_types, start=1)
    ]
    managed = _Config.ManagedInstanceScalingProperty(
        status="ENABLED",
        min_instance_count=scaling.min_capacity,
        max_instance_count=scaling.max_capacity,
    )
    return _Config.ProductionVariantProperty(
        variant_name=variant.name,
        model_name=model_name,
        initial_variant_weight=variant.weight if model_name else None,
        initial_instance_count=variant.count,
        instance_type=None if others else first,
        instance_pools=pools if others else None,
        inference_ami_version=inference_ami(first, cuda, others),
        volume_size_in_gb=endpoint.volume_size_gb,
        # With inference components these two stand in the component.
        container_startup_health_check_timeout_in_seconds=endpoint.startup_timeout_seconds
        if model_name
        else None,
        model_data_download_timeout_in_seconds=endpoint.download_timeout_seconds
        if model_name
        else None,
        variant_instance_provision_timeout_in_seconds=endpoint.provision_timeout_seconds,
        routing_config=_Config.RoutingConfigProperty(routing_strategy=endpoint.routing),
        core_dump_config=core_dump,
        enable_ssm_access=endpoint.ssm_access,
        managed_instance_scaling=None if model_name else managed,
    )
