"""AWS::CloudWatch::CompositeAlarm for stacks.

Metric alarms are MiniStack's own resource, widened in `localaws.ministack.cloudwatch`.
"""

from localaws import validation
from localaws.ministack.cloudwatch import delete_alarm, put_composite_alarm
from localaws.ministack.services import physical_name
from localaws.resource_types import Created, resource_type
from localaws.scope import Document


def _put(name: str, properties: Document) -> Created:
    own = {key: value for key, value in properties.items() if key != "Tags"}
    request = validation.coerce("cloudwatch", "PutCompositeAlarmInput", {**own, "AlarmName": name})
    return name, {"Arn": put_composite_alarm(request, properties.get("Tags") or [])}


RESOURCES = {
    "AWS::CloudWatch::CompositeAlarm": resource_type(
        lambda logical_id, properties, stack: _put(
            properties.get("AlarmName") or physical_name(stack, logical_id, 255), properties
        ),
        lambda name, _old, new, _stack: _put(name, new),
        lambda name, _properties: delete_alarm(name),
    ),
}
