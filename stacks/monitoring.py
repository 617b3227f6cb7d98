"""What watches a stage's endpoint: alarms, drift, the dashboard, log queries."""

import json
from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.constructs.drift_metrics import DriftMetrics
from stacks.constructs.metric_alarms import MetricAlarms
from stacks.constructs.saved_queries import SavedQueries
from stacks.constructs.unhealthy_alarm import UnhealthyAlarm
from stacks.settings import StageSettings
from stacks.watching.alarm import Severity
from stacks.watching.dashboard import dashboard
from stacks.watching.drift import figures
from stacks.watching.endpoint import endpoint_alarms
from stacks.watching.metrics import watched_variants
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
        stack_name: str,
        endpoint_name: str,
        settings: StageSettings,
        variants: Mapping[str, str],
        critical: sns.ITopic,
        warning: sns.ITopic,
        rollback_alarm_names: Sequence[str],
        log_group_name: str,
        inference_component_name: str | None = None,
    ) -> None:
        """`variants`: the instance type of each by its name, empty for a serverless one."""
        super().__init__(
            scope,
            id,
            stack_name=stack_name,
            termination_protection=settings.termination_protection,
            description="Berth: alarms, dashboard and log queries of a stage.",
        )
        watched = watched_variants(endpoint_name, settings, variants, inference_component_name)
        wanted = endpoint_alarms(endpoint_name, settings, watched)
        topics: dict[Severity, str] = {
            "critical": critical.topic_arn,
            "warning": warning.topic_arn,
        }
        alarms = MetricAlarms(
            self, "Alarms", endpoint_name=endpoint_name, alarms=wanted, topic_arns=topics
        ).by_name
        severe = [
            f"{endpoint_name}-{alarm.name}" for alarm in wanted if alarm.severity == "critical"
        ]
        unhealthy = UnhealthyAlarm(
            self,
            "Unhealthy",
            endpoint_name=endpoint_name,
            rollback_alarm_names=rollback_alarm_names,
            critical=[alarms[name] for name in severe],
        )
        if settings.drift.enabled:
            DriftMetrics(
                self,
                "Drift",
                endpoint_name=endpoint_name,
                log_group_name=log_group_name,
                figures=figures(settings.drift.labels),
            )
        names = [unhealthy.name, *rollback_alarm_names, *alarms]
        arns = [
            f"arn:{self.partition}:cloudwatch:{self.region}:{self.account}:alarm:{name}"
            for name in names
        ]
        cloudwatch.CfnDashboard(
            self,
            "Dashboard",
            dashboard_name=endpoint_name,
            dashboard_body=json.dumps(
                {"widgets": dashboard(endpoint_name, settings, watched, arns)}
            ),
        )
        SavedQueries(
            self,
            "Queries",
            folder=endpoint_name,
            log_group_name=log_group_name,
            queries=QUERIES,
        )
