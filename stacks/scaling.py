"""Which scalable targets and policies a stage gets, by its mode."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from stacks.compatibility.scaling import EVERY_TARGET, PUBLISHED_TARGETS
from stacks.constructs.endpoint import ONLY_VARIANT
from stacks.constructs.endpoint_scaling import Scaling, Tracked
from stacks.constructs.step_scaling import StepScaling
from stacks.settings import StageSettings
from stacks.settings.scaling import ScalingSettings

_INSTANCES = "sagemaker:variant:DesiredInstanceCount"
_PROVISIONED = "sagemaker:variant:DesiredProvisionedConcurrency"
_COPIES = "sagemaker:inference-component:DesiredCopyCount"


def scales(settings: StageSettings) -> bool:
    """Whether capacity is Application Auto Scaling's to choose."""
    scaling = settings.scaling
    if settings.mode == "batch" or not scaling.enabled:
        return False
    if settings.mode == "serverless" and not settings.serverless.provisioned_concurrency:
        return False
    return scaling.min_capacity < scaling.max_capacity or bool(scaling.schedule)


def has_fixed_capacity(settings: StageSettings) -> bool:
    """Whether the instance count is stages.toml's to say at every update.

    With scaling only switched off for a while, an update keeps what it had reached.
    """
    scaling = settings.scaling
    return scaling.min_capacity == scaling.max_capacity and not scaling.schedule


def scale_variants(
    scope: Construct, endpoint_name: str, variant_names: Sequence[str], settings: StageSettings
) -> None:
    """Scale each variant of a real-time, multi-model, async or serverless endpoint."""
    for name in variant_names:
        _scale_variant(
            scope,
            "Scaling" if name == ONLY_VARIANT else f"Scaling{name}",
            endpoint_name=endpoint_name,
            variant_name=name,
            settings=settings,
        )


def _scale_variant(
    scope: Construct, id: str, *, endpoint_name: str, variant_name: str, settings: StageSettings
) -> None:
    scaling = _published(settings)
    serverless, queued = settings.mode == "serverless", settings.mode == "async"
    tracked = _tracked(scaling) | _queue(scaling, endpoint_name)
    target = Scaling(
        scope,
        id,
        resource_id=f"endpoint/{endpoint_name}/variant/{variant_name}",
        dimension=_PROVISIONED if serverless else _INSTANCES,
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
    if queued:
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
    *,
    component: sagemaker.CfnInferenceComponent,
    name: str,
    settings: StageSettings,
) -> None:
    """Scale the copies of an inference component of that name."""
    scaling = settings.scaling
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
        dimension=_COPIES,
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


def _published(settings: StageSettings) -> ScalingSettings:
    """Without the targets that the mode has no metrics for.

    A stage cannot take back what `[defaults]` sets, and of some Application Auto Scaling would
    refuse the policy.
    """
    others = set(EVERY_TARGET) - PUBLISHED_TARGETS[settings.mode]
    return settings.scaling.model_copy(update=dict.fromkeys(others))


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
