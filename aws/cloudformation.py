"""A deployed stack: its state, its outputs, its resources and its template.

Every function takes a CloudFormation client, and raises AwsError where AWS refuses the call.
"""

import re
from collections.abc import Collection
from typing import Any

from aws.assembly import Template
from aws.errors import AwsError, CallError, in_one_line

# A stack has these states where its first deployment was never executed, or failed: the CDK CLI
# deletes it and starts over. A rolled-back update has another status, and the former template.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
_NEVER_DEPLOYED = {"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def stack(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """A stack as DescribeStacks describes it; None where there is no such stack."""
    try:
        with in_one_line():
            (found,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except CallError as error:
        # CloudFormation has no code of its own for it: it is a ValidationError like others.
        if "does not exist" not in error.reason:
            raise
        return None
    described: dict[str, Any] = found
    return described


def outputs(cloudformation: Any, name: str) -> dict[str, str] | None:
    """A stack's outputs by their keys; None where there is no such stack."""
    found = stack(cloudformation, name)
    if found is None:
        return None
    return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}


def resources(cloudformation: Any, name: str, types: Collection[str]) -> dict[str, str]:
    """Physical ids of a stack's resources of some types, by their logical ids."""
    with in_one_line():
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
        return {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
            if each["ResourceType"] in types
        }


def template(cloudformation: Any, name: str) -> Template | None:
    """The template that a stack was deployed with; None where it never was.

    It is the original one, as the CDK CLI sent it, as it is compared with one that the CLI would
    send: `cdk diff` does the same. In the processed one the transforms are carried out.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html

    Raises AwsError also where a deployment of the stack is under way or has failed.
    """
    found = stack(cloudformation, name)
    if found is None or found["StackStatus"] in _NEVER_DEPLOYED:
        return None
    status = found["StackStatus"]
    if not status.endswith("_COMPLETE"):
        raise AwsError(f"{name} is {status}: what it runs is known when it is complete")
    with in_one_line():
        body: Template = cloudformation.get_template(StackName=name, TemplateStage="Original")[
            "TemplateBody"
        ]
    return body


def as_kept(document: Any) -> Any:
    """A template as GetTemplate returns it: `?` for each character that is not ASCII.

    `cdk diff` compares so, too, unless it is `--strict`.
    """
    match document:
        case str():
            return _NOT_ASCII.sub("?", document)
        case dict():
            return {as_kept(key): as_kept(value) for key, value in document.items()}
        case list():
            return [as_kept(item) for item in document]
    return document
