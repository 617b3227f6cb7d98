"""Resources of stacks that are validated and do nothing else.

They are saved queries of Logs Insights, which nothing runs here, and anomaly detectors, whose model
nothing trains. MiniStack has neither.
"""

import uuid
from collections.abc import Callable
from functools import partial

from localaws import validation
from localaws.resource_types import Created, ResourceType, resource_type
from localaws.scope import Document


def _check_query(properties: Document) -> None:
    # CloudFormation's properties are the API's members with a capital letter.
    request = {f"{key[0].lower()}{key[1:]}": value for key, value in properties.items()}
    validation.validate("logs", "PutQueryDefinition", request)


_check_detector = partial(validation.from_template, "cloudwatch", "PutAnomalyDetector")


def _validated(check: Callable[[Document], object], attribute: str) -> ResourceType:
    def put(identity: str, properties: Document) -> Created:
        check(properties)
        return identity, {attribute: identity}

    return resource_type(
        lambda _logical_id, properties, _stack: put(str(uuid.uuid4()), properties),
        lambda identity, _old, new, _stack: put(identity, new),
        lambda _identity, _properties: None,
    )


RESOURCES = {
    "AWS::Logs::QueryDefinition": _validated(_check_query, "QueryDefinitionId"),
    "AWS::CloudWatch::AnomalyDetector": _validated(_check_detector, "Id"),
}
