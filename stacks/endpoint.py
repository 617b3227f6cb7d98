"""EndpointConfig and Endpoint, by stages.toml."""

from collections.abc import Sequence

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from stacks.constructs.deployment_config import deployment_config
from stacks.hosted_models import HostedModels
from stacks.settings import StageSettings
from stacks.stage_plan import StagePlan, VariantPlan
from stacks.storage import StorageStack
from stacks.variants import variant_property

_Config = sagemaker.CfnEndpointConfig


class ModelEndpoint(Construct):
    """Variants behind an endpoint.

    A change of a variant replaces the EndpointConfig, which is why it has no name of ours, and
    updates the Endpoint in place.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        plan: StagePlan,
        hosted: HostedModels,
        storage: StorageStack,
        rollback_alarms: Sequence[str],
    ) -> None:
        super().__init__(scope, id)
        mode, settings = plan.mode, plan.settings
        metrics, network = settings.endpoint.metrics, hosted.network
        # Instances that wait for inference components have no Model to take these from.
        vpc = _Config.VpcConfigProperty(
            subnets=network.subnet_ids, security_group_ids=network.security_group_ids
        )

        def variant(one: VariantPlan) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
            return variant_property(one, plan, storage, model_name=hosted.names[one.model])

        config = _Config(
            self,
            "Config",
            production_variants=[variant(one) for one in plan.variants],
            shadow_production_variants=[variant(plan.shadow)] if plan.shadow else None,
            kms_key_id=storage.key.key_arn if plan.encrypts_volumes else None,
            data_capture_config=_capture(settings, storage) if settings.capture.percent else None,
            async_inference_config=_asynchronous(settings, storage) if mode.has_queue else None,
            metrics_config=_Config.MetricsConfigProperty(
                enable_enhanced_metrics=metrics.enhanced,
                enable_detailed_observability=metrics.detailed_observability,
                metric_publish_frequency_in_seconds=metrics.frequency_seconds,
            )
            if mode.has_instances
            else None,
            execution_role_arn=hosted.role.role_arn if mode.has_components else None,
            enable_network_isolation=plan.is_isolated if mode.has_components else None,
            vpc_config=vpc if mode.has_components and network.subnet_ids else None,
        )
        # An update leaves the instance count that scaling has reached.
        keeps_instance_count = mode.has_instances and not plan.has_fixed_capacity
        # Retaining covers the weights as well, which are for stages.toml to say
        # (UpdateEndpoint.ExcludeRetainedVariantProperties).
        weights = sagemaker.CfnEndpoint.VariantPropertyProperty(
            variant_property_type="DesiredWeight"
        )
        self.name = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=plan.names.endpoint,
            endpoint_config_name=config.attr_endpoint_config_name,
            deployment_config=deployment_config(settings.update, rollback_alarms)
            if mode.has_guardrails
            else None,
            retain_all_variant_properties=keeps_instance_count or None,
            exclude_retained_variant_properties=[weights]
            if keeps_instance_count and len(plan.variants) > 1
            else None,
        ).attr_endpoint_name


def _capture(
    settings: StageSettings, storage: StorageStack
) -> sagemaker.CfnEndpointConfig.DataCaptureConfigProperty:
    return _Config.DataCaptureConfigProperty(
        enable_capture=True,
        initial_sampling_percentage=settings.capture.percent,
        destination_s3_uri=f"s3://{storage.bucket.bucket_name}/capture/",
        kms_key_id=storage.key.key_arn,
        capture_options=[
            _Config.CaptureOptionProperty(capture_mode=mode) for mode in ("Input", "Output")
        ],
        # Of other media types the captured text would be base64.
        capture_content_type_header=_Config.CaptureContentTypeHeaderProperty(
            csv_content_types=["text/csv"],
            json_content_types=["application/json", "application/jsonlines"],
        ),
    )


def _asynchronous(
    settings: StageSettings, storage: StorageStack
) -> sagemaker.CfnEndpointConfig.AsyncInferenceConfigProperty:
    bucket = storage.bucket.bucket_name
    most = settings.asynchronous.max_concurrent_invocations_per_instance
    return _Config.AsyncInferenceConfigProperty(
        client_config=_Config.AsyncInferenceClientConfigProperty(
            max_concurrent_invocations_per_instance=most
        ),
        output_config=_Config.AsyncInferenceOutputConfigProperty(
            s3_output_path=f"s3://{bucket}/async/output/",
            s3_failure_path=f"s3://{bucket}/async/failure/",
            kms_key_id=storage.key.key_arn,
            notification_config=_Config.AsyncInferenceNotificationConfigProperty(
                success_topic=storage.successes.topic_arn, error_topic=storage.errors.topic_arn
            ),
        ),
    )
