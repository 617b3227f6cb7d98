"""AWS::CloudWatch::CompositeAlarm for stacks.

Metric alarms are MiniStack's own resource, widened in `localaws.ministack.cloudwatch`.
"""

from typing import Any

from localaws import validation
from localaws.ministack.cloudwatch import delete_alarm, put_composite_alarm
from localaws.ministack.services import physical_name
from localaws.scope import Document

Created = tuple[str, dict[str, str]]


def _create_composite(logical_id: str, properties: Document, stack: str) -> Created:
    name = properties.get("AlarmName") or physical_name(stack, logical_id, 255)
    return _put_composite(name, properties)


def _put_composite(name: str, properties: Document) -> Created:
    own = {key: value for key, value in properties.items() if key != "Tags"}
    request = validation.coerce("cloudwatch", "PutCompositeAlarmInput", {**own, "AlarmName": name})
    return name, {"Arn": put_composite_alarm(request, properties.get("Tags") or [])}


def _update_composite(name: str, old: Document, new: Document, stack: str) -> Created:
    del old, stack
    return _put_composite(name, new)


def _delete_composite(name: str, properties: Document) -> None:
    del properties
    delete_alarm(name)


RESOURCES: dict[str, dict[str, Any]] = {
    "AWS::CloudWatch::CompositeAlarm": {
        "create": _create_composite,
        "update": _update_composite,
        "delete": _delete_composite,
    },
}
