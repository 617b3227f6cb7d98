"""Step scaling: an alarm, and what it adds."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

_Policy = scaling.CfnScalingPolicy


class StepScaling(Construct):
    """Adds capacity at once where a metric is at or above a threshold, more where it is far above.

    steps: (metric value from which it counts, capacity to add), rising; the first value is the
    alarm's threshold.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        policy_name: str,
        target: scaling.CfnScalableTarget,
        metric_name: str,
        statistic: str,
        period_seconds: int,
        dimensions: Mapping[str, str],
        steps: Sequence[tuple[float, int]],
        cooldown_seconds: int,
    ) -> None:
        super().__init__(scope, id)
        threshold = steps[0][0]
        ends = [value - threshold for value, _ in steps[1:]]
        policy = _Policy(
            self,
            "Policy",
            policy_name=policy_name,
            policy_type="StepScaling",
            scaling_target_id=target.ref,
            step_scaling_policy_configuration=_Policy.StepScalingPolicyConfigurationProperty(
                adjustment_type="ChangeInCapacity",
                cooldown=cooldown_seconds,
                metric_aggregation_type="Maximum",
                step_adjustments=[
                    _Policy.StepAdjustmentProperty(
                        scaling_adjustment=add,
                        metric_interval_lower_bound=value - threshold,
                        metric_interval_upper_bound=end,
                    )
                    for (value, add), end in zip(steps, [*ends, None], strict=True)
                ],
            ),
        )
        cloudwatch.CfnAlarm(
            self,
            "Alarm",
            alarm_description=f"Not a fault: has the policy {policy_name} add capacity.",
            namespace="AWS/SageMaker",
            metric_name=metric_name,
            statistic=statistic,
            period=period_seconds,
            dimensions=[
                cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value)
                for name, value in dimensions.items()
            ],
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=threshold,
            evaluation_periods=1,
            treat_missing_data="notBreaching",
            alarm_actions=[policy.ref],
        )
