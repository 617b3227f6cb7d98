"""Log groups of stacks: a kept one outlives its stack, and the next stack has to take it over."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import WaiterError

from tests.localaws.conftest import TestEmulator

pytestmark = pytest.mark.slow

QUICKLY = {"Delay": 1, "MaxAttempts": 30}


def template(name: str, *others: dict[str, Any]) -> str:
    kept = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name}, **kept}
    resources = {"Group": group} | {f"Other{index}": one for index, one in enumerate(others)}
    return json.dumps({"Resources": resources})


@pytest.fixture
def cloudformation(emulator: TestEmulator) -> Any:
    return emulator.client("cloudformation", "dev")


@pytest.fixture
def events(emulator: TestEmulator) -> Callable[[str], list[str]]:
    """The messages of a group that a stack has made and left behind."""
    logs = emulator.client("logs", "dev")

    def read(name: str) -> list[str]:
        return [one["message"] for one in logs.filter_log_events(logGroupName=name)["events"]]

    return read


@pytest.fixture
def kept(emulator: TestEmulator, cloudformation: Any) -> str:
    """The name of a group with one event, whose stack is deleted."""
    name, stack = f"/kept/{uuid4().hex[:8]}", f"first-{uuid4().hex[:8]}"
    cloudformation.create_stack(StackName=stack, TemplateBody=template(name))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig=QUICKLY)
    logs = emulator.client("logs", "dev")
    logs.create_log_stream(logGroupName=name, logStreamName="one")
    event = {"timestamp": 1_800_000_000_000, "message": "why it failed"}
    logs.put_log_events(logGroupName=name, logStreamName="one", logEvents=[event])
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig=QUICKLY)
    return name


def test_a_kept_group_is_in_the_way_of_a_stack_that_makes_it(
    cloudformation: Any, kept: str, events: Callable[[str], list[str]]
) -> None:
    stack = f"second-{uuid4().hex[:8]}"
    cloudformation.create_stack(StackName=stack, TemplateBody=template(kept))
    with pytest.raises(WaiterError):
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=stack, WaiterConfig=QUICKLY
        )
    found = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    assert any("already exists" in one.get("ResourceStatusReason", "") for one in found)
    assert events(kept) == ["why it failed"]


def take_over(cloudformation: Any, stack: str, name: str) -> None:
    """Make a stack of the group, importing what is there."""
    cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName="import",
        ChangeSetType="CREATE",
        ImportExistingResources=True,
        TemplateBody=template(name),
    )
    cloudformation.get_waiter("change_set_create_complete").wait(
        StackName=stack, ChangeSetName="import", WaiterConfig=QUICKLY
    )
    cloudformation.execute_change_set(StackName=stack, ChangeSetName="import")
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig=QUICKLY)


def test_a_change_set_that_imports_what_is_there_takes_it_over_with_its_events(
    cloudformation: Any, kept: str, events: Callable[[str], list[str]]
) -> None:
    stack = f"second-{uuid4().hex[:8]}"
    take_over(cloudformation, stack, kept)
    (resource,) = cloudformation.list_stack_resources(StackName=stack)["StackResourceSummaries"]
    assert resource["PhysicalResourceId"] == kept
    assert events(kept) == ["why it failed"]


def test_a_group_whose_own_creation_is_rolled_back_does_not_stay(
    emulator: TestEmulator, cloudformation: Any
) -> None:
    name, stack = f"/new/{uuid4().hex[:8]}", f"failing-{uuid4().hex[:8]}"
    taken = {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"LogGroupName": {"Ref": "Group"}},
    }
    cloudformation.create_stack(StackName=stack, TemplateBody=template(name, taken))
    with pytest.raises(WaiterError):
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=stack, WaiterConfig=QUICKLY
        )
    groups = emulator.client("logs", "dev").describe_log_groups(logGroupNamePrefix=name)
    assert groups["logGroups"] == []


def test_a_group_goes_from_one_stack_to_another_in_three_steps(
    emulator: TestEmulator, cloudformation: Any, events: Callable[[str], list[str]]
) -> None:
    """The steps of docs/upgrading.md."""
    name, old, new = (f"{one}-{uuid4().hex[:8]}" for one in ("/moved", "serving", "storage"))
    topic = {"Topic": {"Type": "AWS::SNS::Topic"}}
    group: dict[str, Any] = {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"LogGroupName": name},
    }
    before = json.dumps({"Resources": topic | {"Logs": group}})
    keeping = json.dumps({"Resources": topic | {"Logs": group | {"DeletionPolicy": "Retain"}}})
    without = json.dumps({"Resources": topic})
    cloudformation.create_stack(StackName=old, TemplateBody=before)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=old, WaiterConfig=QUICKLY)
    logs = emulator.client("logs", "dev")
    logs.create_log_stream(logGroupName=name, logStreamName="one")
    event = {"timestamp": 1_800_000_000_000, "message": "from before"}
    logs.put_log_events(logGroupName=name, logStreamName="one", logEvents=[event])

    for body in (keeping, without):
        cloudformation.update_stack(StackName=old, TemplateBody=body)
        cloudformation.get_waiter("stack_update_complete").wait(StackName=old, WaiterConfig=QUICKLY)
    take_over(cloudformation, new, name)
    assert events(name) == ["from before"]
