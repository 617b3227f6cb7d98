"""AWS::EC2::FlowLog for stacks: MiniStack (1.5.33) has it in its API alone.

Nothing flows here, so no records are written.
"""

import secrets
from typing import Any

from ministack.core import responses
from ministack.services import ec2

Properties = dict[str, Any]


def _create(_logical_id: str, properties: Properties, _stack: str) -> tuple[str, dict[str, str]]:
    flow_log = f"fl-{secrets.token_hex(9)[:17]}"
    ec2._flow_logs[flow_log] = {
        "FlowLogId": flow_log,
        "ResourceId": properties["ResourceId"],
        "ResourceType": properties["ResourceType"],
        "TrafficType": properties.get("TrafficType", "ALL"),
        "LogDestinationType": properties.get("LogDestinationType", "cloud-watch-logs"),
        "LogDestination": properties.get("LogDestination") or properties.get("LogGroupName", ""),
        "FlowLogStatus": "ACTIVE",
        "CreationTime": responses.now_iso(),
    }
    return flow_log, {"Id": flow_log}


def _delete(physical_id: str, _properties: Properties) -> None:
    ec2._flow_logs.pop(physical_id, None)


# Every property but Tags replaces, so there is no update.
RESOURCES = {"AWS::EC2::FlowLog": {"create": _create, "delete": _delete}}
