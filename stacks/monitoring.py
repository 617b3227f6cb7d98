"""What watches a stage's endpoint: alarms, drift, the dashboard, log queries."""

import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.constructs.drift_metrics import DriftMetrics
from stacks.constructs.metric_alarms import MetricAlarms
from stacks.constructs.saved_queries import SavedQueries
from stacks.constructs.unhealthy_alarm import UnhealthyAlarm
from stacks.stage_plan import StagePlan
from stacks.watching.alarm import Severity
from stacks.watching.dashboard import dashboard
from stacks.watching.drift import figures
from stacks.watching.endpoint import endpoint_alarms
from stacks.watching.queries import QUERIES


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
        topics: dict[Severity, str] = {
            "critical": critical.topic_arn,
            "warning": warning.topic_arn,
        }
        alarms = MetricAlarms(self, "Alarms", names=names, alarms=wanted, topic_arns=topics).by_name
        severe = [names.alarm(alarm.name) for alarm in wanted if alarm.severity == "critical"]
        unhealthy = UnhealthyAlarm(
            self,
            "Unhealthy",
            names=names,
            rollback_alarm_names=rollback_alarm_names,
            critical=[alarms[name] for name in severe],
        )
        if settings.drift.enabled:
            DriftMetrics(
                self,
                "Drift",
                names=names,
                log_group_name=plan.container_logs,
                figures=figures(settings.drift.labels),
            )
        arns = [
            f"arn:{self.partition}:cloudwatch:{self.region}:{self.account}:alarm:{name}"
            for name in (unhealthy.name, *rollback_alarm_names, *alarms)
        ]
        cloudwatch.CfnDashboard(
            self,
            "Dashboard",
            dashboard_name=names.endpoint,
            dashboard_body=json.dumps({"widgets": dashboard(plan, arns)}),
        )
        SavedQueries(
            self,
            "Queries",
            names=names,
            log_group_name=plan.container_logs,
            queries=QUERIES,
        )
