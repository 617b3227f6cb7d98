"""What holds data keeps its logical id, and nothing that would replace it changes.

A change here loses sight of a stage's data in every account. `--update-snapshots` never makes it:
edit stateful.json by hand, with a plan for the data.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from tests.stacks.conftest import Template

pytestmark = pytest.mark.slow

PINNED = Path(__file__).parent / "stateful.json"
POLICIES = {"AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy"}
STATEFUL = {"AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::SNS::Topic"}


def create_only(resource: dict[str, Any], stack: str) -> dict[str, Any]:
    """The properties whose change replaces the resource, as CloudFormation's schema says.

    STAGE stands for the stage's own name.
    """
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-central-1", resource["Type"]).schema
    names = {path.split("/")[2] for path in schema.get("createOnlyProperties", [])}
    properties = resource.get("Properties", {})
    found = {name: properties[name] for name in sorted(names & properties.keys())}
    stage = stack.partition("-")[0]
    return {name: value.replace(f"-{stage}", "-STAGE") for name, value in found.items()}


def test_stateful_resources_are_the_pinned_ones(templates: dict[str, Template]) -> None:
    found = {
        logical_id: {"Type": resource["Type"], "CreateOnly": create_only(resource, name)}
        for name, template in templates.items()
        if name.endswith("-Storage")
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] in STATEFUL
    }
    assert found == json.loads(PINNED.read_text())


def test_stateful_resources_stand_in_the_storage_stack_alone(
    templates: dict[str, Template],
) -> None:
    stacks = {
        name.split("-")[1]
        for name, template in templates.items()
        for resource in template["Resources"].values()
        if resource["Type"] in STATEFUL
    }
    assert stacks == {"Storage"}


def test_stateful_resources_and_their_policies_are_kept_on_delete_and_on_replacement(
    templates: dict[str, Template],
) -> None:
    for template in templates.values():
        for resource in template["Resources"].values():
            if resource["Type"] in STATEFUL | POLICIES:
                # Of a fixed name, one that stayed of a failed creation would fail the next.
                named = resource["Type"] == "AWS::Logs::LogGroup"
                kept = "RetainExceptOnCreate" if named else "Retain"
                assert resource["DeletionPolicy"] == kept, resource
                assert resource["UpdateReplacePolicy"] == "Retain", resource
