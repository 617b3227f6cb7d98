"""AWS::CloudWatch::CompositeAlarm and ::AnomalyDetector for stacks.

Metric alarms are MiniStack's own resource, widened in `ministack`.
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from localaws import validation
from localaws.cloudwatch import anomaly

Document = dict[str, Any]
Created = tuple[str, dict[str, str]]


def _ask(operation: Callable[..., Any], request: Document) -> None:
    """One of MiniStack's operations; ValueError with its message where it refuses."""
    status, _, body = operation({}, request, False, True)
    if status != 200:
        raise ValueError(json.loads(body)["message"])


def _create_composite(logical_id: str, properties: Document, stack: str) -> Created:
    name = properties.get("AlarmName") or provisioners._physical_name(
        stack, logical_id, max_len=255
    )
    return _put_composite(name, properties)


def _put_composite(name: str, properties: Document) -> Created:
    own = {key: value for key, value in properties.items() if key != "Tags"}
    request = validation.coerce("cloudwatch", "PutCompositeAlarmInput", {**own, "AlarmName": name})
    _ask(cloudwatch._put_composite_alarm, request)
    cloudwatch.cloudformation_set_metric_alarm_tags(name, properties.get("Tags") or [])
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}


def _update_composite(name: str, old: Document, new: Document, stack: str) -> Created:
    del old, stack
    return _put_composite(name, new)


def _delete_composite(name: str, properties: Document) -> None:
    del properties
    _ask(cloudwatch._delete_alarms, {"AlarmNames": [name]})


def _put_detector(logical_id: str, properties: Document, stack: str) -> Created:
    del logical_id, stack
    request = validation.coerce("cloudwatch", "PutAnomalyDetectorInput", properties)
    try:
        validation.validate("cloudwatch", "PutAnomalyDetector", request)
        identity = anomaly.put(request)["AnomalyDetectorId"]
    except validation.Invalid as error:
        raise ValueError(str(error)) from None
    return identity, {"Id": identity}


def _update_detector(identity: str, old: Document, new: Document, stack: str) -> Created:
    del old
    return _put_detector(identity, new, stack)


def _delete_detector(identity: str, properties: Document) -> None:
    del properties
    if anomaly.describe({"AnomalyDetectorIds": [identity]})["AnomalyDetectors"]:
        anomaly.delete({"AnomalyDetectorId": identity})


RESOURCES: dict[str, dict[str, Any]] = {
    "AWS::CloudWatch::CompositeAlarm": {
        "create": _create_composite,
        "update": _update_composite,
        "delete": _delete_composite,
    },
    "AWS::CloudWatch::AnomalyDetector": {
        "create": _put_detector,
        "update": _update_detector,
        "delete": _delete_detector,
    },
}
