"""Metrics of what the container logs of its model."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.stage_plan import StageNames
from stacks.watching.drift import Figure


class DriftMetrics(Construct):
    """For each figure a metric, and a model of what is usual of it.

    An alarm against ANOMALY_DETECTION_BAND trains such a model where there is none; one that
    stands here goes with the stack.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        names: StageNames,
        log_group_name: str,
        figures: Sequence[Figure],
    ) -> None:
        super().__init__(scope, id)
        for figure in figures:
            metric = figure.metric(names.metric_namespace)
            logs.CfnMetricFilter(
                self,
                figure.name,
                log_group_name=log_group_name,
                filter_pattern=figure.pattern,
                metric_transformations=[
                    logs.CfnMetricFilter.MetricTransformationProperty(
                        metric_namespace=metric.namespace,
                        metric_name=metric.name,
                        metric_value=figure.selector,
                    )
                ],
            )
            cloudwatch.CfnAnomalyDetector(
                self,
                f"{figure.name}-usual",
                namespace=metric.namespace,
                metric_name=metric.name,
                stat=metric.statistic,
            )
