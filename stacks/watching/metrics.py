"""CloudWatch's metrics of an endpoint, and arithmetic over them.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stacks.settings.endpoint import MetricsSettings
from stacks.stage_plan import Mode, StagePlan

INVOCATIONS = "AWS/SageMaker"
INSTANCES = "/aws/sagemaker/Endpoints"
COPIES = "/aws/sagemaker/InferenceComponents"

MINUTE = 60


@dataclass(frozen=True)
class Metric:
    """One metric by one statistic; `period` in seconds."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    period: int = MINUTE


@dataclass(frozen=True)
class Formula:
    """Metric math. The expression has each metric's name in braces: `100 * {errors}`."""

    expression: str
    metrics: Mapping[str, Metric]


Watched = Metric | Formula


@dataclass(frozen=True)
class WatchedVariant:
    """A variant, and where SageMaker publishes what it does.

    instance_types: in order of priority; empty where the mode has no instances.
    component: the inference component that serves in its place; its invocations are published
        by its own name.
    """

    endpoint: str
    name: str
    instance_types: tuple[str, ...] = ()
    component: str | None = None
    publishing: MetricsSettings = field(default_factory=MetricsSettings)

    @property
    def dimensions(self) -> dict[str, str]:
        """Of the variant's own metrics."""
        return {"EndpointName": self.endpoint, "VariantName": self.name}

    @property
    def invocations_every(self) -> int:
        """Seconds between data points of invocations, a minute at least.

        A shorter period than the metric is published by has gaps, and an alarm on it never sees
        all of its points. Without enhanced metrics invocations are published by the minute.
        https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch-enhanced-metrics.html
        """
        return self.instances_every if self.publishing.enhanced else MINUTE

    @property
    def instances_every(self) -> int:
        """Seconds between data points of an instance, a minute at least."""
        return max(MINUTE, self.publishing.frequency_seconds)

    def invocations(self, name: str, statistic: str, period: int = 0) -> Metric:
        """A metric of invocations, by the minute unless `period` says otherwise."""
        component = {"InferenceComponentName": self.component} if self.component else None
        seconds = max(period, self.invocations_every)
        return Metric(INVOCATIONS, name, component or self.dimensions, statistic, seconds)

    def instances(self, name: str, statistic: str) -> Metric:
        """A metric of instances; a data point is an instance at a moment."""
        return Metric(INSTANCES, name, self.dimensions, statistic, self.instances_every)

    @property
    def capacity(self) -> Metric:
        """As many samples as instances (or copies) were there, times `samples_each`.

        Each instance publishes its utilization once in every MetricPublishFrequencyInSeconds, so
        the samples count the instances: AWS reads them so in
        https://aws.amazon.com/blogs/machine-learning/enhanced-metrics-for-amazon-sagemaker-ai-endpoints-deeper-visibility-for-better-performance
        While an update runs, the old fleet and the new are counted together.
        """
        if self.component is None:
            return self.instances("CPUUtilization", "SampleCount")
        copy = {"InferenceComponentName": self.component}
        return Metric(COPIES, "CPUUtilizationNormalized", copy, "SampleCount", self.instances_every)

    @property
    def samples_each(self) -> int:
        """Samples of one instance in a period of `capacity`."""
        return max(1, MINUTE // self.publishing.frequency_seconds)


def watched_variants(plan: StagePlan) -> list[WatchedVariant]:
    """The variants of an endpoint that serve requests."""
    publishing = plan.settings.endpoint.metrics
    return [
        WatchedVariant(
            plan.names.endpoint, each.name, each.instance_types, plan.component, publishing
        )
        for each in plan.variants
    ]


def requests(variant: WatchedVariant, mode: Mode) -> Metric:
    """How many requests were answered: async endpoints publish no Invocations.

    https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html
    """
    if "Invocations" in mode.metrics:
        return variant.invocations("Invocations", "Sum")
    return variant.invocations("ModelLatency", "SampleCount")


def all_requests(variants: Sequence[WatchedVariant], mode: Mode) -> Formula:
    """How many requests all variants answered; 0 where there is no data point."""
    counted = {f"requests{index}": requests(each, mode) for index, each in enumerate(variants)}
    return Formula(" + ".join(f"FILL({{{name}}}, 0)" for name in counted), counted)
