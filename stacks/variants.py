"""The variants of an endpoint, as properties of its EndpointConfig."""

from aws_cdk import aws_sagemaker as sagemaker

from stacks.settings import StageSettings
from stacks.stage_plan import StagePlan, VariantPlan
from stacks.storage import StorageStack

_Config = sagemaker.CfnEndpointConfig


def variant_property(
    variant: VariantPlan, plan: StagePlan, storage: StorageStack, *, model_name: str
) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
    """A variant in the words of its mode."""
    if not plan.mode.has_instances:
        return _serverless(variant, plan.settings, model_name)
    own_model = None if plan.mode.has_components else model_name
    return _on_instances(variant, plan.settings, storage, model_name=own_model)


def _serverless(
    variant: VariantPlan, settings: StageSettings, model_name: str
) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
    serverless = settings.serverless
    return _Config.ProductionVariantProperty(
        variant_name=variant.name,
        model_name=model_name,
        initial_variant_weight=variant.weight,
        serverless_config=_Config.ServerlessConfigProperty(
            memory_size_in_mb=serverless.memory_mb,
            max_concurrency=serverless.max_concurrency,
            provisioned_concurrency=serverless.provisioned_concurrency or None,
        ),
    )


def _on_instances(
    variant: VariantPlan, settings: StageSettings, storage: StorageStack, *, model_name: str | None
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
    core_dumps = _Config.CoreDumpConfigProperty(
        destination_s3_uri=f"s3://{storage.bucket.bucket_name}/core-dumps/",
        kms_key_id=storage.key.key_arn,
    )
    return _Config.ProductionVariantProperty(
        variant_name=variant.name,
        model_name=model_name,
        initial_variant_weight=variant.weight if model_name else None,
        initial_instance_count=variant.count,
        instance_type=None if others else first,
        instance_pools=pools if others else None,
        inference_ami_version=variant.ami_version,
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
        core_dump_config=core_dumps if endpoint.core_dumps else None,
        enable_ssm_access=endpoint.ssm_access,
        managed_instance_scaling=None if model_name else managed,
    )
