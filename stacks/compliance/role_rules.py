"""The rules on roles and policies: whom they trust, and how far they reach."""

from collections.abc import Iterator
from typing import Any

from stacks.compliance.acknowledged import UNSCOPED_ACTIONS, reason_for_wildcard
from stacks.compliance.rule import Rule, Template, of


def _trusts_other_accounts(template: Template) -> Iterator[str]:
    for logical_id, role in of(template, "AWS::IAM::Role"):
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            operators = statement.get("Condition", {}).values()
            conditions = {key for operator in operators for key in operator}
            # Lambda's own page asks for no condition: only its control plane takes on the role.
            by_lambda = statement["Principal"].get("Service") == "lambda.amazonaws.com"
            if "aws:SourceAccount" not in conditions and not by_lambda:
                yield logical_id


def _is_unscoped(template: Template) -> Iterator[str]:
    # A policy's resources may hold intrinsics: only the written parts can name a wildcard.
    for logical_id, properties in of(template, "AWS::IAM::Role", "AWS::IAM::Policy"):
        inline = [one["PolicyDocument"] for one in properties.get("Policies", [])]
        documents = [*inline, *filter(None, [properties.get("PolicyDocument")])]
        for document in documents:
            if any(map(_is_wild, document["Statement"])):
                yield logical_id


def _is_wild(statement: dict[str, Any]) -> bool:
    actions, resources = _list(statement["Action"]), _list(statement["Resource"])
    if any("*" in action for action in actions):
        return True
    if "*" in resources:
        return not all(action in UNSCOPED_ACTIONS for action in actions)
    wild = [_written(one) for one in resources if "*" in _written(one)]
    return not all(map(reason_for_wildcard, wild))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _written(resource: Any) -> str:
    if isinstance(resource, dict) and "Fn::Join" in resource:
        return "".join(part for part in resource["Fn::Join"][1] if isinstance(part, str))
    return resource if isinstance(resource, str) else ""


ROLE_RULES = (
    Rule(
        "SourceAccount",
        "A role that a service takes on is held to this account by aws:SourceAccount.",
        _trusts_other_accounts,
    ),
    Rule(
        "ScopedPolicies",
        "No action and no resource is a wildcard, but for those in the tables with their reasons.",
        _is_unscoped,
    ),
)
