"""Resources of stacks that are validated and do nothing else.

They are saved queries of Logs Insights, which nothing runs here, and anomaly detectors, whose model
nothing trains. MiniStack has neither.
"""

import uuid
from collections.abc import Callable
from typing import Any

from localaws import validation
from localaws.scope import Document

Created = tuple[str, dict[str, str]]


def _check_query(properties: Document) -> None:
    # CloudFormation's properties are the API's members with a capital letter.
    request = {f"{key[0].lower()}{key[1:]}": value for key, value in properties.items()}
    validation.validate("logs", "PutQueryDefinition", request)


def _check_detector(properties: Document) -> None:
    request = validation.coerce("cloudwatch", "PutAnomalyDetectorInput", properties)
    validation.validate("cloudwatch", "PutAnomalyDetector", request)


def _resource(check: Callable[[Document], None], attribute: str) -> dict[str, Any]:
    def put(identity: str, properties: Document) -> Created:
        try:
            check(properties)
        except validation.Invalid as error:
            raise ValueError(str(error)) from None
        return identity, {attribute: identity}

    return {
        "create": lambda _logical_id, properties, _stack: put(str(uuid.uuid4()), properties),
        "update": lambda identity, _old, new, _stack: put(identity, new),
        "delete": lambda _identity, _properties: None,
    }


RESOURCES = {
    "AWS::Logs::QueryDefinition": _resource(_check_query, "QueryDefinitionId"),
    "AWS::CloudWatch::AnomalyDetector": _resource(_check_detector, "Id"),
}
