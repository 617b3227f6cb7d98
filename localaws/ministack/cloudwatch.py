"""MiniStack's CloudWatch: metrics stored and read, alarms evaluated as we evaluate them."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.core import responses
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from localaws import validation
from localaws.json_api import AwsError, Response
from localaws.ministack.services import acting_in
from localaws.scope import Document, Scope

OF_ONE_METRIC = (
    *("MetricName", "Namespace", "Dimensions", "Statistic", "ExtendedStatistic"),
    *("Period", "Unit"),
)
"""What an alarm on one metric has, and one on `Metrics` has not."""

Evaluate = Callable[[Document, float], tuple[str, str] | None]
"""The state of an alarm at a time, and its reason; None where the alarm keeps its state."""


def record_metric(
    where: Scope,
    *,
    namespace: str,
    name: str,
    unit: str,
    dimensions: dict[str, str],
    counts: dict[float, int],
) -> None:
    """Store values, each with how often it was measured. Call it on the event loop.

    A PutMetricData request would store the same, but would cost more than the invocation that it
    counts.
    """
    with acting_in(where):
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


def recorded_statistic(
    namespace: str, name: str, dimensions: Mapping[str, str], kind: str, span: tuple[float, float]
) -> float | None:
    """A metric's statistic over [start, end) in epoch seconds; None without a data point."""
    start, end = span
    key = (namespace, name, cloudwatch._dims_key(dict(dimensions)))
    points = [p for p in cloudwatch._metrics.get(key) or [] if start <= p["Timestamp"] < end]
    if not points:
        return None
    value: float | None = cloudwatch._stat_value(cloudwatch._calc_stats(points), kind, points)
    return value


def alarm_states(where: Scope, names: Sequence[str]) -> dict[str, str]:
    """The state of each alarm of those names that exists, metric or composite."""
    with acting_in(where):
        present = {
            name: cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name)
            for name in names
        }
    return {name: str(alarm["StateValue"]) for name, alarm in present.items() if alarm}


def alarms(where: Scope) -> list[Document]:
    """The metric alarms of an account and region, in the shape of PutMetricAlarm and more."""
    with acting_in(where):
        return list(cloudwatch._alarms.values())


def evaluate_alarms() -> None:
    """Evaluate every alarm of every account and region. Call it on the event loop."""
    for account, region in {key[:2] for key in list(cloudwatch._alarms._data)}:
        with acting_in(Scope(account, region)):
            cloudwatch._evaluate_all_alarms()


def put_composite_alarm(request: Document, tags: list[Document]) -> str:
    """The ARN of a composite alarm that is created or replaced; ValueError where it is refused."""
    _call(cloudwatch._put_composite_alarm, request)
    name = request["AlarmName"]
    cloudwatch.cloudformation_set_metric_alarm_tags(name, tags)
    return str(cloudwatch._composite_alarms[name]["AlarmArn"])


def delete_alarm(name: str) -> None:
    """Delete an alarm; ValueError where that is refused."""
    _call(cloudwatch._delete_alarms, {"AlarmNames": [name]})


def _call(operation: Callable[..., Any], request: Document) -> None:
    status, _, body = operation({}, request, False, True)
    if status != 200:
        raise ValueError(json.loads(body)["message"])


class MetricAlarms:
    """What replaces MiniStack's functions for metric alarms, those on metric math among them.

    MiniStack's own way mixes all dimensions of a metric, knows neither DatapointsToAlarm nor
    TreatMissingData, drops `Metrics`, and evaluates only when somebody calls PutMetricData.
    """

    def __init__(
        self,
        evaluate: Evaluate,
        check: Callable[[Document], None],
        not_evaluated: Callable[[Document], str | None],
    ) -> None:
        """Replace them.

        Args:
            evaluate: gives an alarm's state.
            check: raises AwsError for an alarm on `Metrics` that PutMetricAlarm refuses.
            not_evaluated: gives the reason why an alarm is never evaluated here, or None.
        """
        self._state, self._check, self._not_evaluated = evaluate, check, not_evaluated
        self._put_simple = cloudwatch._put_metric_alarm
        self._simple_record = provisioners._cw_metric_alarm_record
        cloudwatch._evaluate_alarm = self.evaluate
        cloudwatch._put_metric_alarm = self.put
        provisioners._cw_metric_alarm_record = self.record

    def evaluate(self, alarm: Document) -> None:
        """Give an alarm its state, and carry out the actions of a change."""
        now = responses.now_epoch()
        found, before = self._state(alarm, now), str(alarm["StateValue"])
        if found is None or found[0] == before:
            return
        alarm["StateValue"], alarm["StateReason"] = found
        alarm["StateUpdatedTimestamp"] = int(now)
        cloudwatch._record_history(alarm["AlarmName"], before, *found)
        cloudwatch._dispatch_alarm_actions(alarm, before, *found)
        cloudwatch._evaluate_parent_alarms(alarm)

    def put(
        self, params: Document, data: Document, is_cbor: bool, is_json: bool = False
    ) -> Response:
        """PutMetricAlarm."""
        flags = {"use_json": is_json, "use_cbor": is_cbor}
        if message := self._refusal(params, data):
            refused: Response = cloudwatch._error("ValidationError", message, 400, **flags)
            return refused
        response: Response = self._put_simple(params, data, is_cbor, is_json)
        if data.get("Metrics") and response[0] == 200:
            self._widen(cloudwatch._alarms[data["AlarmName"]], data)
        return response

    def _refusal(self, params: Document, data: Document) -> str | None:
        if any(key.startswith("Metrics.") for key in params):
            return "Metrics are read here from the JSON and CBOR protocols only, not from Query."
        try:
            if data.get("Metrics"):
                self._check(data)
        except AwsError as error:
            return error.message
        return None

    def record(self, name: str, properties: Document) -> Document:
        """The record of a template's alarm; ValueError where PutMetricAlarm would refuse it."""
        if not properties.get("Metrics"):
            return dict(self._simple_record(name, properties))
        own = {key: value for key, value in properties.items() if key != "Tags"}
        request = validation.coerce("cloudwatch", "PutMetricAlarmInput", {**own, "AlarmName": name})
        try:
            self._check(request)
        except AwsError as error:
            raise ValueError(error.message) from None
        one = {"MetricName": "-", "Namespace": "-", "Threshold": request.get("Threshold", 0)}
        record = dict(self._simple_record(name, {**own, **one, "Metrics": None}))
        self._widen(record, request)
        return record

    def _widen(self, alarm: Document, request: Mapping[str, Any]) -> None:
        """Make the record of an alarm on one metric that of one on `Metrics`."""
        for key in OF_ONE_METRIC:
            alarm.pop(key, None)
        alarm["Metrics"] = request["Metrics"]
        if "ThresholdMetricId" in request:
            alarm["ThresholdMetricId"] = request["ThresholdMetricId"]
            alarm.pop("Threshold", None)
        if reason := self._not_evaluated(alarm):
            alarm["StateValue"], alarm["StateReason"] = "INSUFFICIENT_DATA", reason
