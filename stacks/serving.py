"""What a deployment replaces: image, model, endpoint, scaling and alarms."""

from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.compatibility import ModelRecord, gpu_count, inference_ami
from stacks.constructs.endpoint import ModelEndpoint
from stacks.constructs.endpoint_alarms import EndpointAlarms
from stacks.constructs.endpoint_scaling import EndpointScaling
from stacks.constructs.execution_role import ExecutionRole
from stacks.constructs.serving_image import ServingImage
from stacks.settings import StageSettings


@dataclass(frozen=True)
class PackedModel:
    """A model's archive, the SHA-256 of its SHA256SUMS, and what its folder asks for."""

    archive: Path
    manifest_sha256: str
    record: ModelRecord


class ServingStack(cdk.Stack):
    """The stateless half of a stage: it can be deleted and deployed again at any time."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stack_name: str,
        endpoint_name: str,
        settings: StageSettings,
        model: PackedModel,
        cuda: str,
        alarm_topic: sns.ITopic,
    ) -> None:
        super().__init__(
            scope,
            id,
            stack_name=stack_name,
            termination_protection=settings.termination_protection,
            description="Berth: image, model, endpoint, scaling and alarms of a stage.",
        )
        endpoint = settings.endpoint
        image = ServingImage(self, "Image", model=model.record, cuda=cuda).asset
        archive = s3_assets.Asset(self, "ModelArchive", path=str(model.archive))
        # SageMaker would make this group itself, and keep its logs for ever.
        log_group = logs.CfnLogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/sagemaker/Endpoints/{endpoint_name}",
            retention_in_days=settings.log_retention_days,
        )
        role = ExecutionRole(
            self, "ExecutionRole", image=image, model=archive, log_group_arn=log_group.attr_arn
        ).role
        serving = ModelEndpoint(
            self,
            "Serving",
            endpoint_name=endpoint_name,
            role=role,
            image_uri=image.image_uri,
            model_data_url=archive.s3_object_url,
            environment={"BERTH_MODEL_MANIFEST_SHA256": model.manifest_sha256},
            instance_type=endpoint.instance_type,
            initial_instance_count=endpoint.initial_capacity,
            inference_ami_version=inference_ami(endpoint.instance_type, cuda),
        )
        serving.endpoint.add_resource_dependency(log_group)
        EndpointScaling(
            self,
            "Scaling",
            endpoint_name=serving.endpoint_name,
            min_capacity=endpoint.min_capacity,
            max_capacity=endpoint.max_capacity,
            invocations_per_instance=endpoint.invocations_per_instance,
        )
        EndpointAlarms(
            self,
            "Alarms",
            endpoint_name=endpoint_name,
            topic=alarm_topic,
            invocation_5xx_errors=settings.alarms.invocation_5xx_errors,
            model_latency_p99_ms=settings.alarms.model_latency_p99_ms,
            gpu_memory_percent=settings.alarms.gpu_memory_percent,
            gpus=gpu_count(endpoint.instance_type),
        )
        cdk.CfnOutput(self, "EndpointName", value=serving.endpoint_name)
