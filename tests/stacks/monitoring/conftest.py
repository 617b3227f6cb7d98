"""A stage of each mode, with what watches it, all synthesized at once."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns

from stacks.constructs.rollback_alarms import RollbackAlarms
from stacks.monitoring import MonitoringStack
from stacks.settings import Settings
from stacks.stage_plan import StagePlan, stage_plans
from tests.stacks.conftest import Template, read_templates

Document = dict[str, Any]

GPU = {"instance_type": "ml.g4dn.12xlarge"}
CPU = {"instance_type": "ml.c7i.2xlarge"}
SCALING = {"min_capacity": 1, "max_capacity": 4, "invocations_per_instance": 600}

# Ids as they stand in names: `realtime` is the endpoint berth-realtime.
STAGES: dict[str, Document] = {
    "realtime": {
        "endpoint": GPU,
        "scaling": SCALING,
        "alarms": {"no_traffic_minutes": 30, "model_latency_p99_ms": 400},
    },
    "quiet": {"endpoint": CPU, "scaling": {**SCALING, "max_capacity": 1}},
    "often": {
        "endpoint": {**CPU, "metrics": {"enhanced": True, "frequency_seconds": 10}},
        "scaling": SCALING,
    },
    "seldom": {
        "endpoint": {**CPU, "metrics": {"enhanced": True, "frequency_seconds": 300}},
        "scaling": SCALING,
    },
    "pools": {
        "endpoint": {**GPU, "fallback_instance_types": ["ml.g5.xlarge"]},
        "scaling": SCALING,
    },
    "variants": {
        "endpoint": CPU,
        "scaling": SCALING,
        "variants": {"Old": {"weight": 9}, "New": {"weight": 1}},
        "alarms": {"no_traffic_minutes": 5},
    },
    "own": {
        "endpoint": {"instance_type": "ml.c5.xlarge", "fallback_instance_types": ["ml.c5.large"]},
        "scaling": SCALING,
        "variants": {
            "Shared": {"weight": 1},
            "Large": {"weight": 1, "instance_type": "ml.c5.4xlarge"},
            "Gpu": {"weight": 1, **GPU},
        },
    },
    "named": {"mode": "serverless", "variants": {"Only": {"weight": 1}}, "endpoint": CPU},
    "drift": {
        "endpoint": CPU,
        "scaling": SCALING,
        "drift": {"enabled": True, "band_width": 2.5, "labels": ["PERSON", "B.LOC"]},
    },
    "classes": {
        "endpoint": CPU,
        "drift": {"enabled": True, "task": "classes", "labels": ["POS"]},
    },
    "async": {
        "mode": "async",
        "endpoint": GPU,
        "scaling": {"min_capacity": 0, "max_capacity": 4, "backlog_per_instance": 5},
        "alarms": {"no_traffic_minutes": 30},
    },
    "multi": {"mode": "multi-model", "endpoint": CPU, "scaling": SCALING},
    "uncached": {
        "mode": "multi-model",
        "endpoint": CPU,
        "scaling": SCALING,
        "multi_model": {"cache": False},
    },
    "serverless": {
        "mode": "serverless",
        "serverless": {"max_concurrency": 20, "provisioned_concurrency": 5},
    },
    "component": {"mode": "inference-component", "endpoint": GPU, "scaling": SCALING},
}


def _plans() -> Mapping[str, StagePlan]:
    account = {"account": "111111111111", "region": "eu-central-1"}
    return stage_plans(
        Settings.model_validate(
            {
                "project": "berth",
                "model": {"path": "model"},
                "container": {"cuda": "13.0"},
                "stages": {name: {**account, **stage} for name, stage in STAGES.items()},
                "file": Path("stages.toml"),
            }
        )
    )


def _add(app: cdk.App, name: str, plan: StagePlan) -> None:
    settings = plan.settings
    environment = cdk.Environment(account=settings.account, region=settings.region)
    stage = cdk.Stage(app, name, env=environment)
    serving = cdk.Stack(stage, "Serving")
    critical, warning = sns.Topic(serving, "Critical"), sns.Topic(serving, "Warning")
    rollback = RollbackAlarms(serving, "RollbackAlarms", plan=plan, topic=critical)
    MonitoringStack(
        stage,
        "Monitoring",
        plan=plan,
        critical=critical,
        warning=warning,
        rollback_alarm_names=rollback.names,
    ).add_stack_dependency(serving)


@pytest.fixture(scope="session")
def assembly(context: Document, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("monitoring")
    app = cdk.App(outdir=str(folder), context=context, analytics_reporting=False)
    for name, plan in _plans().items():
        _add(app, name, plan)
    app.synth()
    return folder


@pytest.fixture(scope="session")
def stacks(assembly: Path) -> dict[str, Template]:
    """By `<stage>-<stack>`: `async-Monitoring`."""
    return read_templates(assembly)


def properties(template: Template, type_name: str) -> list[Document]:
    return [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == type_name
    ]


Alarms = Callable[[str], dict[str, Document]]


@pytest.fixture(scope="session")
def alarms(stacks: dict[str, Template]) -> Alarms:
    """The metric alarms of a stage, by their names behind the endpoint's."""

    def of(stage: str) -> dict[str, Document]:
        return {
            each["AlarmName"].removeprefix(f"berth-{stage}-"): each
            for stack in ("Serving", "Monitoring")
            for each in properties(stacks[f"{stage}-{stack}"], "AWS::CloudWatch::Alarm")
        }

    return of


Dashboard = Callable[[str], list[Document]]


@pytest.fixture(scope="session")
def dashboard(stacks: dict[str, Template]) -> Dashboard:
    """The widgets of a stage's dashboard."""

    def of(stage: str) -> list[Document]:
        (found,) = properties(stacks[f"{stage}-Monitoring"], "AWS::CloudWatch::Dashboard")
        assert found["DashboardName"] == f"berth-{stage}"
        widgets: list[Document] = json.loads(found["DashboardBody"])["widgets"]
        return widgets

    return of
