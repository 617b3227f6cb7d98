"""What an endpoint has beside its variants, by stages.toml."""

from aws_cdk import aws_sagemaker as sagemaker

from stacks.constructs.endpoint import EndpointOptions
from stacks.hosted_models import HostedModels
from stacks.settings import StageSettings
from stacks.stage_plan import StagePlan
from stacks.storage import StorageStack

_Config = sagemaker.CfnEndpointConfig


def endpoint_options(
    plan: StagePlan, storage: StorageStack, hosted: HostedModels
) -> EndpointOptions:
    """Key, data capture, queue and metrics of an endpoint."""
    mode, settings = plan.mode, plan.settings
    metrics, network = settings.endpoint.metrics, hosted.network
    # Instances that wait for inference components have no Model to take these from.
    vpc = _Config.VpcConfigProperty(
        subnets=list(network.subnet_ids), security_group_ids=list(network.security_group_ids)
    )
    return EndpointOptions(
        execution_role_arn=hosted.role.role_arn if mode.has_components else None,
        network_isolation=plan.is_isolated if mode.has_components else None,
        vpc=vpc if mode.has_components and network.subnet_ids else None,
        kms_key_arn=storage.key.key_arn if plan.encrypts_volumes else None,
        data_capture=_capture(settings, storage) if settings.capture.percent else None,
        asynchronous=_asynchronous(settings, storage) if mode.has_queue else None,
        metrics=_Config.MetricsConfigProperty(
            enable_enhanced_metrics=metrics.enhanced,
            enable_detailed_observability=metrics.detailed_observability,
            metric_publish_frequency_in_seconds=metrics.frequency_seconds,
        )
        if mode.has_instances
        else None,
    )


def core_dump(
    settings: StageSettings, storage: StorageStack
) -> sagemaker.CfnEndpointConfig.CoreDumpConfigProperty | None:
    """Where a crashed container's memory goes; None where it is not kept."""
    if not settings.endpoint.core_dumps:
        return None
    return _Config.CoreDumpConfigProperty(
        destination_s3_uri=f"s3://{storage.bucket.bucket_name}/core-dumps/",
        kms_key_id=storage.key.key_arn,
    )


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
