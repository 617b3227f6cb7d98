"""A model as an inference component, whose copies scale to none and back."""

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from stacks.settings.endpoint import EndpointSettings
from stacks.settings.modes import InferenceComponentSettings

_Component = sagemaker.CfnInferenceComponent


class InferenceComponent(Construct):
    """Copies of a model on the instances of an endpoint, which follow the number of copies.

    https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-zero-instances.html
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        endpoint_name: str,
        variant_name: str,
        model_name: str,
        copies: int,
        resources: InferenceComponentSettings,
        timeouts: EndpointSettings,
    ) -> None:
        super().__init__(scope, id)
        needs = _Component.InferenceComponentComputeResourceRequirementsProperty(
            number_of_accelerator_devices_required=resources.accelerators or None,
            number_of_cpu_cores_required=resources.cpu_cores,
            min_memory_required_in_mb=resources.memory_mb,
        )
        starting = _Component.InferenceComponentStartupParametersProperty(
            container_startup_health_check_timeout_in_seconds=timeouts.startup_timeout_seconds,
            model_data_download_timeout_in_seconds=timeouts.download_timeout_seconds,
        )
        self.component = _Component(
            self,
            "Component",
            inference_component_name=name,
            endpoint_name=endpoint_name,
            variant_name=variant_name,
            specification=_Component.InferenceComponentSpecificationProperty(
                model_name=model_name,
                compute_resource_requirements=needs,
                startup_parameters=starting,
            ),
            runtime_config=_Component.InferenceComponentRuntimeConfigProperty(copy_count=copies),
        )
