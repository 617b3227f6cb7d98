"""The models of a stage: for each its image, its bytes in S3 and SageMaker's Model."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from stacks.build_arguments import build_arguments
from stacks.constructs.model_source import (
    ModelSource,
    archive_asset,
    archive_prefix,
    file_assets,
    given_archive,
)
from stacks.constructs.private_network import PrivateNetwork
from stacks.execution_role import ExecutionRole
from stacks.packed_model import Models, PackedModel
from stacks.stage_plan import StagePlan
from stacks.storage import StorageStack

MODELS_PREFIX = "models/"
_CONTAINER_FOLDER = Path(__file__).parents[1] / "container"


class HostedModels(Construct):
    """Model names by the path of their folder, and the role that they share."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        plan: StagePlan,
        models: Models,
        storage: StorageStack,
        network: PrivateNetwork,
    ) -> None:
        super().__init__(scope, id)
        self._plan, self._storage, self.network = plan, storage, network
        # A model's number stands in its constructs' ids: a folder's name may be anything.
        numbered = {path: str(number or "") for number, path in enumerate(plan.models)}
        images = {
            path: self._image(f"Image{number}", models[path]) for path, number in numbered.items()
        }
        sources = {
            path: self._source(f"Archive{number}", models[path])
            for path, number in numbered.items()
        }
        self.role = ExecutionRole(
            self,
            "ExecutionRole",
            plan=plan,
            storage=storage,
            network=network,
            repositories=sorted({image.repository.repository_arn for image in images.values()}),
            sources=list(sources.values()),
        ).role
        self.names = {
            path: self._model(f"Model{number}", images[path].image_uri, sources[path])
            for path, number in numbered.items()
        }

    def _image(self, id: str, model: PackedModel) -> ecr_assets.DockerImageAsset:
        """The image built from `container/`, with the model's own Python and requirements."""
        return ecr_assets.DockerImageAsset(
            Construct(self, id),
            "Asset",
            directory=str(_CONTAINER_FOLDER),
            platform=ecr_assets.Platform.LINUX_AMD64,
            # SageMaker's CreateModel refuses OCI manifests and the attestations that BuildKit adds.
            outputs=["type=docker"],
            build_args=build_arguments(model.record, self._plan.cuda),
        )

    def _source(self, id: str, model: PackedModel) -> ModelSource:
        shipping = self._plan.settings.shipping
        if self._plan.mode.has_archives:
            return archive_prefix(bucket=self._storage.bucket.bucket_name, prefix=MODELS_PREFIX)
        if shipping.form == "files":
            stack = cdk.Stack.of(self)
            return file_assets(stack, files=model.files, manifest=model.manifest_sha256)
        if shipping.s3_uri and shipping.manifest_sha256:
            return given_archive(s3_uri=shipping.s3_uri, manifest=shipping.manifest_sha256)
        return archive_asset(self, id, archive=model.archive, manifest=model.manifest_sha256)

    def _model(self, id: str, image_uri: str, source: ModelSource) -> str:
        """The name of a Model that CloudFormation names: every change but of tags replaces it."""
        plan, network = self._plan, self.network
        several = plan.mode.has_archives
        cache = sagemaker.CfnModel.MultiModelConfigProperty(
            model_cache_setting="Enabled" if plan.settings.multi_model.cache else "Disabled"
        )
        container = sagemaker.CfnModel.ContainerDefinitionProperty(
            image=image_uri,
            model_data_url=source.data_url,
            model_data_source=source.data_source,
            environment={**source.environment, **plan.environment} or None,
            mode="MultiModel" if several else None,
            multi_model_config=cache if several else None,
        )
        vpc = sagemaker.CfnModel.VpcConfigProperty(
            subnets=network.subnet_ids, security_group_ids=network.security_group_ids
        )
        return sagemaker.CfnModel(
            Construct(self, id),
            "Model",
            execution_role_arn=self.role.role_arn,
            enable_network_isolation=plan.is_isolated or None,
            primary_container=container,
            vpc_config=vpc if network.subnet_ids else None,
        ).attr_model_name
