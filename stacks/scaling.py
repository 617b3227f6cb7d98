"""Which scalable targets and policies a stage gets, by its mode."""

from collections.abc import Mapping

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from stacks.constructs.endpoint_scaling import Scaling, Tracked
from stacks.constructs.step_scaling import StepScaling
from stacks.settings.scaling import ScalingSettings
from stacks.stage_plan import StagePlan
from stacks.stage_plan.variants import ONLY_VARIANT


def scale_variants(scope: Construct, plan: StagePlan, *, endpoint_name: str) -> None:
    """Scale each variant; `endpoint_name` as a reference, so that the endpoint is there before."""
    for variant in plan.variants:
        _scale_variant(
            scope,
            "Scaling" if variant.name == ONLY_VARIANT else f"Scaling{variant.name}",
            plan,
            endpoint_name=endpoint_name,
            variant_name=variant.name,
        )


def _scale_variant(
    scope: Construct,
    id: str,
    plan: StagePlan,
    *,
    endpoint_name: str,
    variant_name: str,
) -> None:
    scaling = plan.scaling
    tracked = _tracked(scaling) | _queue(scaling, endpoint_name)
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
    scope: Construct,
    id: str,
    plan: StagePlan,
    *,
    component: sagemaker.CfnInferenceComponent,
) -> None:
    """Scale the copies of the stage's inference component."""
    scaling, name = plan.scaling, plan.names.component
    tracked = {}
    if scaling.invocations_per_instance:
        tracked["invocations-per-copy"] = Tracked(
            scaling.invocations_per_instance, "SageMakerInferenceComponentInvocationsPerCopy"
        )
    if scaling.concurrent_requests_per_model:
        tracked["concurrent-requests-per-copy"] = Tracked(
            scaling.concurrent_requests_per_model,
            "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
        )
    target = Scaling(
        scope,
        id,
        resource_id=f"inference-component/{name}",
        dimension=plan.mode.scalable_dimension,
        settings=scaling,
        tracked=tracked,
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


def _tracked(scaling: ScalingSettings) -> dict[str, Tracked]:
    """The policies on SageMaker's predefined metrics, by name."""
    found = {}
    if scaling.invocations_per_instance:
        found["invocations-per-instance"] = Tracked(
            scaling.invocations_per_instance, "SageMakerVariantInvocationsPerInstance"
        )
    if scaling.concurrent_requests_per_model:
        found["concurrent-requests-per-model"] = Tracked(
            scaling.concurrent_requests_per_model,
            "SageMakerVariantConcurrentRequestsPerModelHighResolution",
        )
    if scaling.provisioned_concurrency_percent:
        found["provisioned-concurrency"] = Tracked(
            scaling.provisioned_concurrency_percent / 100,
            "SageMakerVariantProvisionedConcurrencyUtilization",
        )
    return found


def _queue(scaling: ScalingSettings, endpoint_name: str) -> dict[str, Tracked]:
    if not scaling.backlog_per_instance:
        return {}
    # By EndpointName alone: with VariantName the metric has no data and the policy never acts.
    backlog = Tracked(
        scaling.backlog_per_instance,
        name="ApproximateBacklogSizePerInstance",
        dimensions={"EndpointName": endpoint_name},
    )
    return {"backlog-per-instance": backlog}
