"""The copies of a model on the instances of an inference-component stage, by stages.toml."""

import aws_cdk as cdk

from stacks.constructs.endpoint import ModelEndpoint
from stacks.constructs.inference_component import InferenceComponent
from stacks.scaling import scale_component
from stacks.stage_plan import StagePlan


def add_component(
    stack: cdk.Stack, plan: StagePlan, *, serving: ModelEndpoint, model_name: str
) -> None:
    """The component, what scales it, and the output that names it."""
    settings, name = plan.settings, plan.names.component
    component = InferenceComponent(
        stack,
        "Component",
        name=name,
        endpoint_name=serving.endpoint_name,
        variant_name=plan.variants[0].name,
        model_name=model_name,
        copies=settings.scaling.initial,
        resources=settings.inference_component,
        timeouts=settings.endpoint,
    ).component
    if plan.scales:
        scale_component(stack, "Scaling", plan, component=component)
    cdk.CfnOutput(stack, "InferenceComponentName", value=name)
