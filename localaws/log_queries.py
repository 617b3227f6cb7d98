"""AWS::Logs::QueryDefinition for stacks: MiniStack (1.5.33) knows no saved queries.

They are accepted and given an id; nothing here runs them.
"""

import uuid
from typing import Any

Properties = dict[str, Any]


def _create(_logical_id: str, _properties: Properties, _stack: str) -> tuple[str, dict[str, str]]:
    query = str(uuid.uuid4())
    return query, {"QueryDefinitionId": query}


def _update(
    physical_id: str, _old: Properties, _new: Properties, _stack: str
) -> tuple[str, dict[str, str]]:
    return physical_id, {"QueryDefinitionId": physical_id}


def _delete(_physical_id: str, _properties: Properties) -> None:
    pass


RESOURCES = {
    "AWS::Logs::QueryDefinition": {"create": _create, "update": _update, "delete": _delete}
}
