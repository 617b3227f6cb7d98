"""What this package needs of MiniStack's insides, all of it here (pinned: ministack 1.5.33)."""

import os
from contextlib import AbstractContextManager

from ministack.core import responses
from ministack.services import cloudwatch

from localaws.sagemaker import alarms
from localaws.sagemaker.state import Scope


def scope() -> Scope:
    """The account and region of the request, or of the stack, that is being worked on."""
    return Scope(responses.get_account_id(), responses.get_region())


def url() -> str:
    """Where this emulator answers."""
    return f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"


def record_metric(
    where: Scope,
    *,
    namespace: str,
    name: str,
    unit: str,
    dimensions: dict[str, str],
    counts: dict[float, int],
) -> None:
    """Store values, each with how often it was seen. Call it on the event loop.

    PutMetricData refuses nothing here, but its way through HTTP would cost more than the
    invocation it counts.
    """
    with _pinned(where):
        cloudwatch._store_datum(
            namespace,
            name,
            dimensions,
            responses.now_epoch(),
            unit,
            None,
            list(counts),
            [float(count) for count in counts.values()],
            None,
        )


def evaluate_alarms() -> None:
    """Evaluate every alarm of every account and region. Call it on the event loop."""
    for account, region in {key[:2] for key in list(cloudwatch._alarms._data)}:
        with _pinned(Scope(account, region)):
            cloudwatch._evaluate_all_alarms()


def take_over_alarm_evaluation() -> None:
    """Have MiniStack judge metric alarms by `alarms.judge`.

    Its own way mixes all dimensions of a metric, knows neither DatapointsToAlarm nor
    TreatMissingData, and looks only when somebody calls PutMetricData.
    """
    cloudwatch._evaluate_alarm = _evaluate_alarm


def _evaluate_alarm(alarm: dict[str, object]) -> None:
    verdict = alarms.judge(alarm, _statistic, responses.now_epoch())
    before = str(alarm["StateValue"])
    if verdict is None or verdict.state == before:
        return
    alarm["StateValue"], alarm["StateReason"] = verdict.state, verdict.reason
    alarm["StateUpdatedTimestamp"] = int(responses.now_epoch())
    cloudwatch._record_history(alarm["AlarmName"], before, verdict.state, verdict.reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, verdict.state, verdict.reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _statistic(alarm: "alarms.Alarm", start: float, end: float) -> float | None:
    key = (alarm.namespace, alarm.metric, cloudwatch._dims_key(dict(alarm.dimensions)))
    points = [p for p in cloudwatch._metrics.get(key) or [] if start <= p["Timestamp"] < end]
    if not points:
        return None
    value: float | None = cloudwatch._stat_value(
        cloudwatch._calc_stats(points), alarm.statistic, points
    )
    return value


def _pinned(where: Scope) -> AbstractContextManager[None]:
    pinned: AbstractContextManager[None] = responses.request_scope(where.account, where.region)
    return pinned
