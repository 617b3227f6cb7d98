"""Which scalable targets and policies a stage gets, by its mode."""

from collections.abc import Mapping

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from stacks.constructs.endpoint_scaling import Scaling, Tracked
from stacks.constructs.step_scaling import StepScaling
from stacks.settings.scaling import ScalingSettings
from stacks.stage_plan import StagePlan
from stacks.stage_plan.variants import ONLY_VARIANT

# SageMaker's predefined metrics of a variant and of a component's copies: for each target of
# `[<stage>.scaling]` the policy's name and the metric's.
_OF_A_VARIANT = {
    "invocations_per_instance": (
        "invocations-per-instance",
        "SageMakerVariantInvocationsPerInstance",
    ),
    "concurrent_requests_per_model": (
        "concurrent-requests-per-model",
        "SageMakerVariantConcurrentRequestsPerModelHighResolution",
    ),
}
_OF_COPIES = {
    "invocations_per_instance": (
        "invocations-per-copy",
        "SageMakerInferenceComponentInvocationsPerCopy",
    ),
    "concurrent_requests_per_model": (
        "concurrent-requests-per-copy",
        "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
    ),
}


def scale_variants(scope: Construct, plan: StagePlan, *, endpoint_name: str) -> None:
    """Scale each variant; `endpoint_name` as a reference, so that the endpoint is there before."""
    for variant in plan.variants:
        suffix = "" if variant.name == ONLY_VARIANT else variant.name
        _scale_variant(
            scope, f"Scaling{suffix}", plan, endpoint_name=endpoint_name, variant_name=variant.name
        )


def _scale_variant(
    scope: Construct, id: str, plan: StagePlan, *, endpoint_name: str, variant_name: str
) -> None:
    scaling = plan.scaling
    tracked = _predefined(scaling, _OF_A_VARIANT)
    if scaling.provisioned_concurrency_percent:
        tracked["provisioned-concurrency"] = Tracked(
            scaling.provisioned_concurrency_percent / 100,
            "SageMakerVariantProvisionedConcurrencyUtilization",
        )
    if scaling.backlog_per_instance:
        # By EndpointName alone: with VariantName the metric has no data and the policy never acts.
        tracked["backlog-per-instance"] = Tracked(
            scaling.backlog_per_instance,
            name="ApproximateBacklogSizePerInstance",
            dimensions={"EndpointName": endpoint_name},
        )
    target = Scaling(
        scope,
        id,
        resource_id=f"endpoint/{endpoint_name}/variant/{variant_name}",
        dimension=plan.mode.scalable_dimension,
        settings=scaling,
        tracked=tracked,
    )
    dimensions = {"EndpointName": endpoint_name, "VariantName": variant_name}
    if scaling.steps and scaling.invocations_per_instance:
        aim = scaling.invocations_per_instance
        StepScaling(
            target,
            "Steps",
            policy_name="steps",
            target=target.target,
            metric_name="InvocationsPerInstance",
            statistic="Sum",
            period_seconds=60,
            dimensions=dimensions,
            steps=[(aim * step.above_percent / 100, step.add) for step in scaling.steps],
            cooldown_seconds=scaling.scale_out_cooldown_seconds,
        )
    if plan.mode.has_queue:
        # Tracking the backlog an instance leads nowhere while there is none.
        # https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-autoscale.html
        _wake(
            target,
            scaling,
            metric_name="HasBacklogWithoutCapacity",
            statistic="Average",
            period_seconds=60,
            dimensions={"EndpointName": endpoint_name},
        )


def scale_component(
    scope: Construct, id: str, plan: StagePlan, *, component: sagemaker.CfnInferenceComponent
) -> None:
    """Scale the copies of the stage's inference component."""
    scaling, name = plan.scaling, plan.names.component
    target = Scaling(
        scope,
        id,
        resource_id=f"inference-component/{name}",
        dimension=plan.mode.scalable_dimension,
        settings=scaling,
        tracked=_predefined(scaling, _OF_COPIES),
    )
    # CloudFormation gives no attribute for the name, by which the order would follow.
    target.target.add_resource_dependency(component)
    _wake(
        target,
        scaling,
        metric_name="NoCapacityInvocationFailures",
        statistic="Maximum",
        period_seconds=30,
        dimensions={"InferenceComponentName": name},
    )


def _wake(
    target: Scaling,
    scaling: ScalingSettings,
    *,
    metric_name: str,
    statistic: str,
    period_seconds: int,
    dimensions: Mapping[str, str],
) -> None:
    """From zero to one by a metric that is 1 while something waits; nothing where zero is never."""
    if scaling.min_capacity == 0:
        StepScaling(
            target,
            "FromZero",
            policy_name="from-zero",
            target=target.target,
            metric_name=metric_name,
            statistic=statistic,
            period_seconds=period_seconds,
            dimensions=dimensions,
            steps=[(1, 1)],
            cooldown_seconds=scaling.scale_out_cooldown_seconds,
        )


def _predefined(
    scaling: ScalingSettings, metrics: Mapping[str, tuple[str, str]]
) -> dict[str, Tracked]:
    """The policies, by name, of the targets that are set."""
    return {
        policy: Tracked(aim, metric)
        for target, (policy, metric) in metrics.items()
        if (aim := getattr(scaling, target))
    }
