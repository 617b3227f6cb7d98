"""The copies of a model on the instances of an inference-component stage, by stages.toml."""

import aws_cdk as cdk

from stacks.constructs.endpoint import ModelEndpoint
from stacks.constructs.inference_component import InferenceComponent
from stacks.scaling import scale_component, scales
from stacks.settings import StageSettings


def add_component(
    stack: cdk.Stack,
    settings: StageSettings,
    *,
    name: str,
    serving: ModelEndpoint,
    variant_name: str,
    model_name: str,
) -> None:
    """The component, what scales it, and the output that names it."""
    component = InferenceComponent(
        stack,
        "Component",
        name=name,
        endpoint_name=serving.endpoint_name,
        variant_name=variant_name,
        model_name=model_name,
        copies=settings.scaling.initial,
        resources=settings.inference_component,
        timeouts=settings.endpoint,
    ).component
    if scales(settings):
        scale_component(stack, "Scaling", component=component, name=name, settings=settings)
    cdk.CfnOutput(stack, "InferenceComponentName", value=name)
