"""The copies of a model on the instances of an inference-component stage, by stages.toml."""

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from stacks.scaling import scale_component
from stacks.stage_plan import StagePlan

_Component = sagemaker.CfnInferenceComponent


def add_component(
    stack: cdk.Stack, plan: StagePlan, *, endpoint_name: str, model_name: str
) -> None:
    """The component, what scales it, and the output that names it.

    The instances of the endpoint follow the number of copies, which may go down to none.
    https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-zero-instances.html
    """
    settings, name = plan.settings, plan.names.component
    resources, timeouts = settings.inference_component, settings.endpoint
    component = _Component(
        Construct(stack, "Component"),
        "Component",
        inference_component_name=name,
        endpoint_name=endpoint_name,
        variant_name=plan.variants[0].name,
        specification=_Component.InferenceComponentSpecificationProperty(
            model_name=model_name,
            compute_resource_requirements=_Component.InferenceComponentComputeResourceRequirementsProperty(
                number_of_accelerator_devices_required=resources.accelerators or None,
                number_of_cpu_cores_required=resources.cpu_cores,
                min_memory_required_in_mb=resources.memory_mb,
            ),
            startup_parameters=_Component.InferenceComponentStartupParametersProperty(
                container_startup_health_check_timeout_in_seconds=timeouts.startup_timeout_seconds,
                model_data_download_timeout_in_seconds=timeouts.download_timeout_seconds,
            ),
        ),
        runtime_config=_Component.InferenceComponentRuntimeConfigProperty(
            copy_count=settings.scaling.initial
        ),
    )
    if plan.scales:
        scale_component(stack, "Scaling", plan, component=component)
    cdk.CfnOutput(stack, "InferenceComponentName", value=name)
