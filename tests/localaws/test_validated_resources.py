"""Saved queries and anomaly detectors in stacks: validated, and nothing else."""

import json
from typing import Any

import pytest

from tests.localaws.conftest import TestEmulator
from tests.localaws.sagemaker.conftest import eventually

pytestmark = pytest.mark.slow

QUERY = {"Name": "stack/errors", "QueryString": "fields @message", "LogGroupNames": ["a"]}
DETECTOR = {"Namespace": "n", "MetricName": "calls", "Stat": "Average"}


class Stack:
    def __init__(self, emulator: TestEmulator, name: str) -> None:
        self._cloudformation = emulator.client("cloudformation", "dev")
        self._name = name

    def create(self, query: dict[str, Any], detector: dict[str, Any]) -> str:
        template = _template(query, detector)
        self._cloudformation.create_stack(StackName=self._name, TemplateBody=template)
        return eventually(self._settled)

    def update(self, query: dict[str, Any], detector: dict[str, Any]) -> str:
        template = _template(query, detector)
        self._cloudformation.update_stack(StackName=self._name, TemplateBody=template)
        return eventually(self._settled)

    def ids(self) -> set[str]:
        resources = self._cloudformation.describe_stack_resources(StackName=self._name)
        return {one["PhysicalResourceId"] for one in resources["StackResources"]}

    def reasons(self) -> str:
        events = self._cloudformation.describe_stack_events(StackName=self._name)["StackEvents"]
        return " ".join(event.get("ResourceStatusReason", "") for event in events)

    def _settled(self) -> str | None:
        (stack,) = self._cloudformation.describe_stacks(StackName=self._name)["Stacks"]
        status = str(stack["StackStatus"])
        return None if status.endswith("IN_PROGRESS") else status


def _template(query: dict[str, Any], detector: dict[str, Any]) -> str:
    resources = {
        "Query": {"Type": "AWS::Logs::QueryDefinition", "Properties": query},
        "Detector": {"Type": "AWS::CloudWatch::AnomalyDetector", "Properties": detector},
    }
    return json.dumps({"Resources": resources})


def test_they_keep_their_ids_through_an_update(emulator: TestEmulator) -> None:
    stack = Stack(emulator, "validated")
    assert stack.create(QUERY, DETECTOR) == "CREATE_COMPLETE"
    before = stack.ids()
    assert len(before) == 2
    assert stack.update({**QUERY, "QueryString": "limit 1"}, DETECTOR) == "UPDATE_COMPLETE"
    assert stack.ids() == before


@pytest.mark.parametrize(
    ("query", "detector", "message"),
    [
        ({**QUERY, "QueryString": "x" * 10_001}, DETECTOR, "queryString"),
        (QUERY, {**DETECTOR, "Stat": ""}, "stat"),
    ],
)
def test_what_the_api_refuses_fails_the_stack(
    emulator: TestEmulator, query: dict[str, Any], detector: dict[str, Any], message: str
) -> None:
    stack = Stack(emulator, f"invalid-{message}")
    assert stack.create(query, detector) == "ROLLBACK_COMPLETE"
    assert message in stack.reasons()
