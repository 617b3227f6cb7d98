"""Autoscaling of a variant, or of an inference component."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_applicationautoscaling as scaling
from constructs import Construct

from stacks.settings.scaling import ScalingSettings

_Target = scaling.CfnScalableTarget
_Policy = scaling.CfnScalingPolicy


@dataclass(frozen=True)
class Tracked:
    """A metric to hold at a value: SageMaker's predefined one, or one by namespace and name."""

    target: float
    predefined: str | None = None
    name: str = ""
    dimensions: Mapping[str, str] | None = None


class Scaling(Construct):
    """A scalable target with its policies and schedule.

    No role is given: Application Auto Scaling uses its service-linked role for SageMaker.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        resource_id: str,
        dimension: str,
        settings: ScalingSettings,
        tracked: Mapping[str, Tracked],
    ) -> None:
        """`tracked`: target-tracking policies by name."""
        super().__init__(scope, id)
        self.target = _Target(
            self,
            "Target",
            service_namespace="sagemaker",
            scalable_dimension=dimension,
            resource_id=resource_id,
            min_capacity=settings.min_capacity,
            max_capacity=settings.max_capacity,
            scheduled_actions=[
                _Target.ScheduledActionProperty(
                    scheduled_action_name=f"schedule-{number}",
                    schedule=entry.at,
                    timezone=entry.timezone,
                    scalable_target_action=_Target.ScalableTargetActionProperty(
                        min_capacity=entry.min_capacity, max_capacity=entry.max_capacity
                    ),
                )
                for number, entry in enumerate(settings.schedule, start=1)
            ]
            or None,
        )
        for number, (name, metric) in enumerate(tracked.items()):
            _Policy(
                self,
                f"Policy{number or ''}",
                policy_name=name,
                policy_type="TargetTrackingScaling",
                scaling_target_id=self.target.ref,
                target_tracking_scaling_policy_configuration=_tracking(metric, settings),
            )


def _tracking(
    metric: Tracked, settings: ScalingSettings
) -> scaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty:
    predefined = metric.predefined and _Policy.PredefinedMetricSpecificationProperty(
        predefined_metric_type=metric.predefined
    )
    customized = metric.name and _Policy.CustomizedMetricSpecificationProperty(
        namespace="AWS/SageMaker",
        metric_name=metric.name,
        statistic="Average",
        dimensions=[
            _Policy.MetricDimensionProperty(name=name, value=value)
            for name, value in (metric.dimensions or {}).items()
        ],
    )
    return _Policy.TargetTrackingScalingPolicyConfigurationProperty(
        target_value=metric.target,
        predefined_metric_specification=predefined or None,
        customized_metric_specification=customized or None,
        scale_in_cooldown=settings.scale_in_cooldown_seconds,
        scale_out_cooldown=settings.scale_out_cooldown_seconds,
        disable_scale_in=settings.disable_scale_in or None,
    )
