"""Saved queries of Logs Insights, by boto3 and in stacks."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import TestEmulator
from tests.localaws.sagemaker.conftest import eventually

pytestmark = pytest.mark.slow

QUERY = "fields @timestamp, @message | limit 20"


def test_a_saved_query_is_described_changed_and_deleted(emulator: TestEmulator) -> None:
    logs = emulator.client("logs", "dev")
    identity = logs.put_query_definition(name="ours/errors", queryString=QUERY)["queryDefinitionId"]
    logs.put_query_definition(
        queryDefinitionId=identity, name="ours/errors", queryString=QUERY, logGroupNames=["a"]
    )
    found = logs.describe_query_definitions(queryDefinitionNamePrefix="ours/")["queryDefinitions"]
    assert [(one["queryDefinitionId"], one["logGroupNames"]) for one in found] == [
        (identity, ["a"])
    ]
    elsewhere = emulator.client("logs", "prod").describe_query_definitions()["queryDefinitions"]
    assert identity not in {one["queryDefinitionId"] for one in elsewhere}
    assert logs.delete_query_definition(queryDefinitionId=identity)["success"]
    with pytest.raises(ClientError, match="does not exist"):
        logs.delete_query_definition(queryDefinitionId=identity)
    # The rest of the service is MiniStack's.
    assert "logGroups" in logs.describe_log_groups()


def test_a_stack_has_saved_queries(emulator: TestEmulator) -> None:
    logs = emulator.client("logs", "dev")
    cloudformation = emulator.client("cloudformation", "dev")

    def settled() -> str | None:
        (stack,) = cloudformation.describe_stacks(StackName="queries")["Stacks"]
        status = str(stack["StackStatus"])
        return None if status.endswith("IN_PROGRESS") else status

    def template(text: str) -> str:
        properties = {"Name": "stack/errors", "QueryString": text, "LogGroupNames": ["a"]}
        resource = {"Type": "AWS::Logs::QueryDefinition", "Properties": properties}
        return json.dumps({"Resources": {"Errors": resource}})

    def saved() -> list[dict[str, Any]]:
        answer = logs.describe_query_definitions(queryDefinitionNamePrefix="stack/")
        found: list[dict[str, Any]] = answer["queryDefinitions"]
        return found

    cloudformation.create_stack(StackName="queries", TemplateBody=template(QUERY))
    assert eventually(settled) == "CREATE_COMPLETE"
    (before,) = saved()
    assert before["queryString"] == QUERY
    cloudformation.update_stack(StackName="queries", TemplateBody=template("limit 1"))
    assert eventually(settled) == "UPDATE_COMPLETE"
    (after,) = saved()
    assert after["queryString"] == "limit 1"
    assert after["queryDefinitionId"] == before["queryDefinitionId"]
    cloudformation.delete_stack(StackName="queries")
    eventually(lambda: not saved())
