"""The alarms of an endpoint."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.constructs.endpoint import VARIANT_NAME

# https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
INVOCATION_METRICS = "AWS/SageMaker"
INSTANCE_METRICS = "/aws/sagemaker/Endpoints"


class EndpointAlarms(Construct):
    """Alarms on failing answers, slow answers and, where there are GPUs, their memory."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        endpoint_name: str,
        topic: sns.ITopic,
        invocation_5xx_errors: int,
        model_latency_p99_ms: float,
        gpu_memory_percent: float,
        gpus: int,
    ) -> None:
        super().__init__(scope, id)
        self._dimensions = {"EndpointName": endpoint_name, "VariantName": VARIANT_NAME}
        self._action = actions.SnsAction(topic)
        self._alarm(
            "Invocation5XXErrors",
            threshold=invocation_5xx_errors,
            statistic="Sum",
            periods=1,
            description=f"More than {invocation_5xx_errors} invocations failed in a minute: read "
            "the endpoint's log, and roll back if a deployment came before.",
        )
        self._alarm(
            "ModelLatency",
            threshold=model_latency_p99_ms * 1000,  # the metric is in microseconds
            statistic="p99",
            periods=3,
            description=f"The slowest hundredth of answers took over {model_latency_p99_ms:g} ms "
            "for three minutes: look at load, instance count and input lengths.",
        )
        if gpus:
            self._alarm(
                "GPUMemoryUtilization",
                namespace=INSTANCE_METRICS,
                threshold=gpu_memory_percent * gpus,  # the metric adds up the GPUs of an instance
                statistic="Maximum",
                periods=3,
                description=f"Over {gpu_memory_percent:g} % of the GPU memory has been in use for "
                "three minutes: the next long batch may find none.",
            )

    def _alarm(
        self,
        metric_name: str,
        *,
        threshold: float,
        statistic: str,
        periods: int,
        description: str,
        namespace: str = INVOCATION_METRICS,
    ) -> None:
        metric = cloudwatch.Metric(
            namespace=namespace,
            metric_name=metric_name,
            dimensions_map=self._dimensions,
            statistic=statistic,
            period=cdk.Duration.minutes(1),
        )
        alarm = cloudwatch.Alarm(
            self,
            metric_name,
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=periods,
            # No traffic, no data points: that is no fault.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)
