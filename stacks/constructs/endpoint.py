"""SageMaker's three: Model, EndpointConfig, Endpoint."""

from collections.abc import Mapping

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

# SageMaker's own name for an endpoint's only variant.
VARIANT_NAME = "AllTraffic"


class ModelEndpoint(Construct):
    """A model behind a real-time endpoint.

    A new model, image or instance type replaces Model and EndpointConfig, which is why these have
    no name of ours, and updates the Endpoint in place.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        endpoint_name: str,
        role: iam.IRole,
        image_uri: str,
        model_data_url: str,
        environment: Mapping[str, str],
        instance_type: str,
        initial_instance_count: int,
        inference_ami_version: str | None,
    ) -> None:
        super().__init__(scope, id)
        model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=role.role_arn,
            enable_network_isolation=True,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=image_uri, model_data_url=model_data_url, environment=dict(environment)
            ),
        )
        config = sagemaker.CfnEndpointConfig(
            self,
            "Config",
            production_variants=[
                sagemaker.CfnEndpointConfig.ProductionVariantProperty(
                    variant_name=VARIANT_NAME,
                    model_name=model.attr_model_name,
                    instance_type=instance_type,
                    initial_instance_count=initial_instance_count,
                    initial_variant_weight=1,
                    inference_ami_version=inference_ami_version,
                )
            ],
        )
        self.endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=endpoint_name,
            endpoint_config_name=config.attr_endpoint_config_name,
            # Else an update would put the autoscaled instance count back to the initial one.
            retain_all_variant_properties=True,
        )
        self.endpoint_name = self.endpoint.attr_endpoint_name
