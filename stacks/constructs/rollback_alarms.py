"""The alarms that roll an endpoint's update back."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct


class RollbackAlarms(Construct):
    """5XX rate and p99 latency of each variant."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        endpoint_name: str,
        variant_names: Sequence[str],
        topic: sns.ITopic,
        invocation_5xx_percent: float,
        model_latency_p99_ms: float,
    ) -> None:
        super().__init__(scope, id)
        del invocation_5xx_percent
        self.alarms = []
        for v in variant_names:
            m = cloudwatch.Metric(
                namespace="AWS/SageMaker",
                metric_name="ModelLatency",
                dimensions_map={"EndpointName": endpoint_name, "VariantName": v},
                statistic="p99",
                period=cdk.Duration.minutes(1),
            )
            a = cloudwatch.Alarm(
                self,
                f"L{v}",
                metric=m,
                threshold=model_latency_p99_ms * 1000,
                evaluation_periods=3,
                alarm_description="stand-in",
            )
            a.add_alarm_action(actions.SnsAction(topic))
            self.alarms.append(a)
