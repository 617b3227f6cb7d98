"""The table of alarms in docs/monitoring.md: the alarms of every mode, with default settings."""

from pathlib import Path

from stacks.settings import Settings
from stacks.stage_plan import MODES, Mode, StagePlan, stage_plans
from stacks.watching.alarm import Alarm, Band
from stacks.watching.endpoint import alarms_that_roll_back, endpoint_alarms
from stacks.watching.metrics import Metric
from tools.markdown import table

_MODES = [mode for mode in MODES.values() if mode.has_endpoint]


def alarm_table() -> str:
    """Each alarm once, with the modes that have it."""
    found: dict[str, Alarm] = {}
    modes: dict[str, list[Mode]] = {}
    for mode in _MODES:
        plans = [_plan(mode, task) for task in ("entities", "classes", "vectors")]
        alarms: dict[str, Alarm] = {}
        for plan in plans:  # of alarms with one name, the first task's is shown
            for alarm in (*alarms_that_roll_back(plan), *endpoint_alarms(plan)):
                alarms.setdefault(alarm.name, alarm)
        for name, alarm in alarms.items():
            found.setdefault(name, alarm)
            modes.setdefault(name, []).append(mode)
    rows = []
    for name, alarm in sorted(found.items(), key=lambda item: item[1].severity):
        where = "all" if modes[name] == _MODES else ", ".join(mode.name for mode in modes[name])
        rows.append((f"`{name}`", alarm.severity, where, _watched(alarm), alarm.description))
    return table("alarm | topic | modes | what is watched | what it says", rows)


def _plan(mode: Mode, task: str) -> StagePlan:
    stage = {
        "account": "111111111111",
        "region": "eu-central-1",
        "mode": mode.name,
        "endpoint": {"instance_type": "ml.g4dn.xlarge"},
        "serverless": {"provisioned_concurrency": 1},
        "variants": {"VARIANT": {"weight": 1}},
        "alarms": {"no_traffic_minutes": 30},
        "drift": {"enabled": True, "task": task, "labels": ["LABEL"]},
    }
    settings = Settings.model_validate(
        {
            "project": "project",
            "model": {"path": "model"},
            "container": {"cuda": "13.0"},
            "stages": {"stage": stage},
            "file": Path("stages.toml"),
        }
    )
    return stage_plans(settings)["stage"]


def _watched(alarm: Alarm) -> str:
    watched = alarm.watched
    if isinstance(watched, Metric):
        text = _named(watched)
    else:
        names = {name: _named(metric) for name, metric in watched.metrics.items()}
        text = watched.expression.format(**names)
    return f"`{text}`" + (" against its band" if isinstance(alarm.threshold, Band) else "")


def _named(metric: Metric) -> str:
    return f"{metric.statistic} {metric.name}"
