"""EndpointConfig and Endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

Config = sagemaker.CfnEndpointConfig


@dataclass(frozen=True)
class EndpointOptions:
    """What an endpoint may have beside its variants; None leaves it out."""

    kms_key_arn: str | None = None
    data_capture: Config.DataCaptureConfigProperty | None = None
    asynchronous: Config.AsyncInferenceConfigProperty | None = None
    metrics: Config.MetricsConfigProperty | None = None
    execution_role_arn: str | None = None
    network_isolation: bool | None = None
    vpc: Config.VpcConfigProperty | None = None


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
        endpoint_name: str,
        variants: Sequence[Config.ProductionVariantProperty],
        shadow: Config.ProductionVariantProperty | None,
        options: EndpointOptions,
        deployment_config: sagemaker.CfnEndpoint.DeploymentConfigProperty | None,
        keeps_instance_count: bool,
    ) -> None:
        """`keeps_instance_count`: an update leaves what scaling has reached."""
        super().__init__(scope, id)
        config = Config(
            self,
            "Config",
            production_variants=list(variants),
            shadow_production_variants=[shadow] if shadow else None,
            kms_key_id=options.kms_key_arn,
            data_capture_config=options.data_capture,
            async_inference_config=options.asynchronous,
            metrics_config=options.metrics,
            execution_role_arn=options.execution_role_arn,
            enable_network_isolation=options.network_isolation,
            vpc_config=options.vpc,
        )
        # Retaining covers the weights as well, which are for stages.toml to say
        # (UpdateEndpoint.ExcludeRetainedVariantProperties).
        weights = sagemaker.CfnEndpoint.VariantPropertyProperty(
            variant_property_type="DesiredWeight"
        )
        self.endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=endpoint_name,
            endpoint_config_name=config.attr_endpoint_config_name,
            deployment_config=deployment_config,
            retain_all_variant_properties=keeps_instance_count or None,
            exclude_retained_variant_properties=[weights]
            if keeps_instance_count and len(variants) > 1
            else None,
        )
        self.endpoint_name = self.endpoint.attr_endpoint_name
