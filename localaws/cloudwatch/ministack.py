"""What this package changes in MiniStack's CloudWatch (pinned: ministack 1.5.33)."""

from collections.abc import Mapping
from typing import Any

from ministack.core import responses
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from localaws import validation
from localaws.cloudwatch import alarms
from localaws.cloudwatch.measures import Metric

Document = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]

_OF_ONE_METRIC = (
    *("MetricName", "Namespace", "Dimensions", "Statistic", "ExtendedStatistic"),
    *("Period", "Unit"),
)
_put_simple_alarm = cloudwatch._put_metric_alarm
_simple_record = provisioners._cw_metric_alarm_record


def install() -> None:
    """Have MiniStack judge metric alarms by `alarms.judge`, metric math among them.

    Its own way mixes all dimensions of a metric, knows neither DatapointsToAlarm nor
    TreatMissingData, drops `Metrics`, and looks only when somebody calls PutMetricData.
    """
    cloudwatch._evaluate_alarm = _evaluate_alarm
    cloudwatch._put_metric_alarm = _put_metric_alarm
    provisioners._cw_metric_alarm_record = _record


def evaluate_alarms() -> None:
    """Evaluate every alarm of every account and region. Call it on the event loop."""
    for account, region in {key[:2] for key in list(cloudwatch._alarms._data)}:
        with responses.request_scope(account, region):
            cloudwatch._evaluate_all_alarms()


def _evaluate_alarm(alarm: Document) -> None:
    verdict = alarms.judge(alarm, _statistic, responses.now_epoch())
    before = str(alarm["StateValue"])
    if verdict is None or verdict.state == before:
        return
    alarm["StateValue"], alarm["StateReason"] = verdict.state, verdict.reason
    alarm["StateUpdatedTimestamp"] = int(responses.now_epoch())
    cloudwatch._record_history(alarm["AlarmName"], before, verdict.state, verdict.reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, verdict.state, verdict.reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _statistic(metric: Metric, start: float, end: float) -> float | None:
    key = (metric.namespace, metric.name, cloudwatch._dims_key(dict(metric.dimensions)))
    points = [p for p in cloudwatch._metrics.get(key) or [] if start <= p["Timestamp"] < end]
    if not points:
        return None
    value: float | None = cloudwatch._stat_value(
        cloudwatch._calc_stats(points), metric.statistic, points
    )
    return value


def _put_metric_alarm(
    params: Document, data: Document, is_cbor: bool, is_json: bool = False
) -> Answer:
    flags = {"use_json": is_json, "use_cbor": is_cbor}
    if any(key.startswith("Metrics.") for key in params):
        said = "Metrics are read here from the JSON and CBOR protocols alone, not from Query."
        return _answer(cloudwatch._error("ValidationError", said, 400, **flags))
    if data.get("Metrics"):
        try:
            _check(data)
        except validation.Invalid as error:
            return _answer(cloudwatch._error("ValidationError", str(error), 400, **flags))
    answer = _answer(_put_simple_alarm(params, data, is_cbor, is_json))
    if data.get("Metrics") and answer[0] == 200:
        _widen(cloudwatch._alarms[data["AlarmName"]], data)
    return answer


def _answer(answer: Any) -> Answer:
    given: Answer = answer
    return given


def _check(request: Document) -> None:
    """Refuse what PutMetricAlarm refuses of `Metrics` (its API reference); raises Invalid."""
    validation.validate("cloudwatch", "PutMetricAlarm", request)
    if mixed := [key for key in _OF_ONE_METRIC if request.get(key)]:
        raise validation.Invalid(f"Metrics must not be given together with {', '.join(mixed)}.")
    ids = [one["Id"] for one in request["Metrics"]]
    if len(set(ids)) < len(ids):
        raise validation.Invalid(f"The Ids in Metrics must be unique: {', '.join(ids)}.")
    band = request.get("ThresholdMetricId")
    if band is not None and band not in ids:
        raise validation.Invalid(f"ThresholdMetricId {band} is no Id in Metrics.")
    returned = [one["Id"] for one in request["Metrics"] if one.get("ReturnData", True)]
    if band is None and len(returned) != 1:
        raise validation.Invalid("Exactly one element of Metrics must return data.")


def _widen(alarm: Document, request: Mapping[str, Any]) -> None:
    """Make the record of an alarm on one metric that of one on `Metrics`."""
    for key in _OF_ONE_METRIC:
        alarm.pop(key, None)
    alarm["Metrics"] = request["Metrics"]
    if "ThresholdMetricId" in request:
        alarm["ThresholdMetricId"] = request["ThresholdMetricId"]
        alarm.pop("Threshold", None)
    if reason := alarms.unjudged(alarm):
        alarm["StateValue"], alarm["StateReason"] = "INSUFFICIENT_DATA", reason


def _record(name: str, properties: Document) -> Document:
    """The record of a template's alarm; ValueError where PutMetricAlarm would refuse it."""
    if not properties.get("Metrics"):
        return dict(_simple_record(name, properties))
    own = {key: value for key, value in properties.items() if key != "Tags"}
    request = validation.coerce("cloudwatch", "PutMetricAlarmInput", {**own, "AlarmName": name})
    try:
        _check(request)
    except validation.Invalid as error:
        raise ValueError(str(error)) from None
    one = {"MetricName": "-", "Namespace": "-", "Threshold": request.get("Threshold", 0)}
    record = dict(_simple_record(name, {**own, **one, "Metrics": None}))
    _widen(record, request)
    return record
