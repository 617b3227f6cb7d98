"""The models of a stage: for each its image, its bytes in S3 and SageMaker's Model."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.execution_role import ExecutionRole, RolePermissions
from stacks.constructs.model_source import (
    ModelSource,
    archive_asset,
    archive_prefix,
    file_assets,
    given_archive,
)
from stacks.constructs.served_model import ServedModel
from stacks.constructs.serving_image import ServingImage
from stacks.packed_model import Models, PackedModel
from stacks.stage_plan import StagePlan

MODELS_PREFIX = "models/"


class HostedModels(Construct):
    """Model names by the path of their folder, and the role that they share."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        plan: StagePlan,
        models: Models,
        bucket: str,
        log_group_arn: str,
        permissions: RolePermissions,
    ) -> None:
        """`bucket`: the stage's, for a multi-model endpoint."""
        super().__init__(scope, id)
        self._plan, self._bucket, self.network = plan, bucket, permissions
        # A model's number stands in its constructs' ids: a folder's name may be anything.
        numbered = {path: str(number or "") for number, path in enumerate(plan.models)}
        images = {
            path: ServingImage(
                self, f"Image{number}", model=models[path].record, cuda=plan.cuda
            ).asset
            for path, number in numbered.items()
        }
        sources = {
            path: self._source(f"Archive{number}", models[path])
            for path, number in numbered.items()
        }
        self.role: iam.IRole = ExecutionRole(
            self,
            "ExecutionRole",
            repositories=sorted({image.repository.repository_arn for image in images.values()}),
            sources=list(sources.values()),
            log_group_arn=log_group_arn,
            permissions=permissions,
        ).role
        self.names = {
            path: ServedModel(
                self,
                f"Model{number}",
                role=self.role,
                image_uri=images[path].image_uri,
                source=sources[path],
                network_isolation=plan.is_isolated,
                subnet_ids=permissions.subnet_ids,
                security_group_ids=permissions.security_group_ids,
                multi_model_cache=plan.settings.multi_model.cache
                if plan.mode.has_archives
                else None,
            ).name
            for path, number in numbered.items()
        }

    def _source(self, id: str, model: PackedModel) -> ModelSource:
        shipping = self._plan.settings.shipping
        if self._plan.mode.has_archives:
            return archive_prefix(bucket=self._bucket, prefix=MODELS_PREFIX)
        if shipping.form == "files":
            stack = cdk.Stack.of(self)
            return file_assets(stack, files=model.files, manifest=model.manifest_sha256)
        if shipping.s3_uri and shipping.manifest_sha256:
            return given_archive(s3_uri=shipping.s3_uri, manifest=shipping.manifest_sha256)
        return archive_asset(self, id, archive=model.archive, manifest=model.manifest_sha256)
