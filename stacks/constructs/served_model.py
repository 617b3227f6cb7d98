"""SageMaker's Model: an image, the model's bytes, and the role that reads both."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from stacks.compatibility import check_environment
from stacks.constructs.model_source import ModelSource


class ServedModel(Construct):
    """A Model without a name of ours: every change but of tags replaces it."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        role: iam.IRole,
        image_uri: str,
        source: ModelSource,
        network_isolation: bool,
        subnet_ids: Sequence[str],
        security_group_ids: Sequence[str],
        multi_model_cache: bool | None = None,
    ) -> None:
        """`multi_model_cache`: whether a multi-model endpoint keeps models; None for one model."""
        super().__init__(scope, id)
        check_environment(source.environment)
        several = multi_model_cache is not None
        container = sagemaker.CfnModel.ContainerDefinitionProperty(
            image=image_uri,
            model_data_url=source.data_url,
            model_data_source=source.data_source,
            environment=dict(source.environment) or None,
            mode="MultiModel" if several else None,
            multi_model_config=sagemaker.CfnModel.MultiModelConfigProperty(
                model_cache_setting="Enabled" if multi_model_cache else "Disabled"
            )
            if several
            else None,
        )
        vpc = sagemaker.CfnModel.VpcConfigProperty(
            subnets=list(subnet_ids), security_group_ids=list(security_group_ids)
        )
        self.name = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=role.role_arn,
            enable_network_isolation=network_isolation or None,
            primary_container=container,
            vpc_config=vpc if subnet_ids else None,
        ).attr_model_name
