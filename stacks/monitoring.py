"""What watches a stage's endpoint: alarms, drift, the dashboard, log queries."""

import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.constructs.metric_alarms import MetricAlarms
from stacks.stage_plan import StagePlan
from stacks.watching.dashboard import dashboard
from stacks.watching.drift import figures
from stacks.watching.endpoint import endpoint_alarms
from stacks.watching.queries import queries


class MonitoringStack(cdk.Stack):
    """Deployed after the endpoint: it can change, or be gone, without touching what serves.

    A batch stage has no endpoint and no such stack; its state machine has an alarm of its own.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        plan: StagePlan,
        critical: sns.ITopic,
        warning: sns.ITopic,
        rollback_alarm_names: Sequence[str],
    ) -> None:
        settings, names = plan.settings, plan.names
        super().__init__(
            scope,
            id,
            stack_name=names.monitoring_stack,
            termination_protection=settings.termination_protection,
            description="Berth: alarms, dashboard and log queries of a stage.",
        )
        wanted = endpoint_alarms(plan)
        topic_arns = {"critical": critical.topic_arn, "warning": warning.topic_arn}
        alarms = MetricAlarms(
            self, "Alarms", names=names, alarms=wanted, topic_arns=topic_arns
        ).by_name
        severe = [names.alarm(alarm.name) for alarm in wanted if alarm.severity == "critical"]
        unhealthy = names.alarm("unhealthy")
        composite = self._unhealthy(plan, unhealthy, [*rollback_alarm_names, *severe])
        for name in severe:
            composite.add_resource_dependency(alarms[name])
        if settings.drift.enabled:
            self._drift_metrics(plan)
        arns = [
            f"arn:{self.partition}:cloudwatch:{self.region}:{self.account}:alarm:{name}"
            for name in (unhealthy, *rollback_alarm_names, *alarms)
        ]
        cloudwatch.CfnDashboard(
            self,
            "Dashboard",
            dashboard_name=names.endpoint,
            dashboard_body=json.dumps({"widgets": dashboard(plan, arns)}),
        )
        folder = Construct(self, "Queries")
        for name, query in queries(plan.settings.drift.task).items():
            logs.CfnQueryDefinition(
                folder,
                name,
                name=names.saved_query(name),
                query_string=query,
                log_group_names=[plan.container_logs],
            )

    def _unhealthy(
        self, plan: StagePlan, name: str, watched: Sequence[str]
    ) -> cloudwatch.CfnCompositeAlarm:
        """The alarm that is in ALARM while one of the critical alarms is.

        It sends no message: each of those has sent its own. It is the one state that a dashboard,
        a deployment or a status page asks for. CloudWatch takes it only when those are there.
        """
        return cloudwatch.CfnCompositeAlarm(
            Construct(self, "Unhealthy"),
            "Alarm",
            alarm_name=name,
            alarm_rule=" OR ".join(f'ALARM("{one}")' for one in watched),
            alarm_description=f"Answers of {plan.names.endpoint} fail, are late or do not come: "
            "the alarm that set this off says which and what to do.",
        )

    def _drift_metrics(self, plan: StagePlan) -> None:
        """For each figure a metric, and a model of what is usual of it.

        An alarm against ANOMALY_DETECTION_BAND trains such a model where there is none; one that
        stands here goes with the stack.
        """
        scope = Construct(self, "Drift")
        for figure in figures(plan.settings.drift):
            metric = figure.metric(plan.names.metric_namespace)
            logs.CfnMetricFilter(
                scope,
                figure.name,
                log_group_name=plan.container_logs,
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
                scope,
                f"{figure.name}-usual",
                namespace=metric.namespace,
                metric_name=metric.name,
                stat=metric.statistic,
            )
