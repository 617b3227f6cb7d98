"""The alarms that roll an update back."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.stage_plan import StagePlan
from stacks.watching.alarm import Alarm, Band
from stacks.watching.endpoint import alarms_that_roll_back
from stacks.watching.metrics import Metric, Watched


class RollbackAlarms(Construct):
    """For each variant an alarm on the rate of its 5XX responses and one on its p99 ModelLatency.

    They have to be there before the endpoint whose AutoRollbackConfiguration names them, and so
    stand in its stack. AWS's page on auto-rollback asks of an alarm only that it monitors the
    endpoint, and its example of an error rate is the same average without arithmetic. No page
    says that an alarm on metric math is accepted; DescribeAlarms, which the role needs for
    rollback, reports its state as that of any other alarm.
    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
    """

    def __init__(self, scope: Construct, id: str, *, plan: StagePlan, topic: sns.ITopic) -> None:
        super().__init__(scope, id)
        self.alarms: list[cloudwatch.Alarm] = []
        self.names: list[str] = []
        action = actions.SnsAction(topic)
        for alarm in alarms_that_roll_back(plan):
            self.names.append(plan.names.alarm(alarm.name))
            self.alarms.append(self._add(alarm, self.names[-1], action))

    def _add(self, alarm: Alarm, name: str, action: actions.SnsAction) -> cloudwatch.Alarm:
        assert not isinstance(alarm.threshold, Band)  # noqa: S101 - for the type checker alone
        added = cloudwatch.Alarm(
            self,
            alarm.name,
            alarm_name=name,
            alarm_description=alarm.description,
            metric=_metric(alarm.watched),
            threshold=alarm.threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=alarm.periods,
            # No traffic, no data points: that is no fault of the new fleet.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        added.add_alarm_action(action)
        added.add_ok_action(action)
        return added


def _metric(watched: Watched) -> cloudwatch.IMetric:
    if isinstance(watched, Metric):
        return cloudwatch.Metric(
            namespace=watched.namespace,
            metric_name=watched.name,
            dimensions_map=dict(watched.dimensions),
            statistic=watched.statistic,
            period=cdk.Duration.seconds(watched.period),
        )
    return cloudwatch.MathExpression(
        expression=watched.expression.format(**{name: name for name in watched.metrics}),
        using_metrics={name: _metric(metric) for name, metric in watched.metrics.items()},
        period=cdk.Duration.seconds(max(metric.period for metric in watched.metrics.values())),
    )
