"""AWS::Logs::LogGroup for stacks: a name that is taken is refused.

MiniStack (1.5.33) would put an empty group in the place of the one that is there.
"""

import json
from typing import Any

from ministack.services import cloudwatch_logs
from ministack.services.cloudformation import provisioners

_KNOWN = provisioners._RESOURCE_HANDLERS["AWS::Logs::LogGroup"]


def _create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
    name = properties.get("LogGroupName")
    if name in cloudwatch_logs._log_groups:
        identifier = json.dumps({"/properties/LogGroupName": name}, separators=(",", ":"))
        raise ValueError(
            f"Resource of type 'AWS::Logs::LogGroup' with identifier '{identifier}' already exists."
        )
    return _KNOWN["create"](logical_id, properties, stack)


RESOURCES = {"AWS::Logs::LogGroup": {**_KNOWN, "create": _create}}
