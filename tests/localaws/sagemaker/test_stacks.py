"""The three types in CloudFormation stacks."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

from tests.localaws.sagemaker.conftest import IMAGE, ROLE, Account, eventually
from tests.localaws.sagemaker.test_endpoint_life import asked_all_the_while

pytestmark = pytest.mark.slow

_numbers = count(1)


def template(url: str, name: str, **endpoint: object) -> dict[str, Any]:
    """A stack as CDK writes it: only the endpoint has a name, counts are strings at times."""
    return {
        "Resources": {
            "Model": {
                "Type": "AWS::SageMaker::Model",
                "Properties": {
                    "ExecutionRoleArn": ROLE,
                    "EnableNetworkIsolation": "true",
                    "PrimaryContainer": {
                        "Image": IMAGE,
                        "ModelDataUrl": url,
                        "Environment": {"WORKERS": 2},
                    },
                },
            },
            "Config": {
                "Type": "AWS::SageMaker::EndpointConfig",
                "Properties": {
                    "ProductionVariants": [
                        {
                            "VariantName": "all",
                            "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
                            "InitialInstanceCount": "1",
                            "InitialVariantWeight": 1,
                            "InstanceType": "ml.g5.xlarge",
                        }
                    ]
                },
            },
            "Endpoint": {
                "Type": "AWS::SageMaker::Endpoint",
                "Properties": {
                    "EndpointName": name,
                    "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
                    "RetainAllVariantProperties": True,
                    **endpoint,
                },
            },
        },
        "Outputs": {
            "Name": {"Value": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}},
            "Ref": {"Value": {"Ref": "Endpoint"}},
            "Config": {"Value": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}},
            "ModelRef": {"Value": {"Ref": "Model"}},
        },
    }


class Stack:
    """One stack of the account."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.name = f"Dev-Serving-{next(_numbers)}"
        self.endpoint = f"berth-{next(_numbers)}"
        self.client = account.client("cloudformation")

    def settle(self) -> str:
        def look() -> str | None:
            status = str(self._described()["StackStatus"])
            return None if status.endswith("IN_PROGRESS") else status

        return eventually(look, 60)

    def _described(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.describe_stacks(StackName=self.name)["Stacks"][0]
        return found

    def create(self, body: dict[str, Any]) -> str:
        self.client.create_stack(StackName=self.name, TemplateBody=json.dumps(body))
        return self.settle()

    def update(self, body: dict[str, Any]) -> str:
        self.client.update_stack(StackName=self.name, TemplateBody=json.dumps(body))
        return self.settle()

    def outputs(self) -> dict[str, str]:
        return {one["OutputKey"]: one["OutputValue"] for one in self._described()["Outputs"]}

    def events(self) -> list[tuple[str, str, str]]:
        """(logical id, status, reason) of each event, the oldest first."""
        found = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            (one["LogicalResourceId"], one["ResourceStatus"], one.get("ResourceStatusReason", ""))
            for one in reversed(found)
        ]

    def delete(self) -> None:
        self.client.delete_stack(StackName=self.name)
        eventually(lambda: not self._exists(), 60)

    def _exists(self) -> bool:
        listed = self.client.list_stacks()["StackSummaries"]
        return any(
            one["StackName"] == self.name and one["StackStatus"] != "DELETE_COMPLETE"
            for one in listed
        )


@contextmanager
def a_stack(account: Account) -> Iterator[Stack]:
    stack = Stack(account)
    yield stack
    stack.delete()


def test_a_stack_makes_an_endpoint_that_answers_and_takes_all_away(account: Account) -> None:
    sagemaker = account.client("sagemaker")
    with a_stack(account) as stack:
        url = account.upload(answer="from a stack")
        assert stack.create(template(url, stack.endpoint)) == "CREATE_COMPLETE"
        outputs = stack.outputs()
        assert outputs["Name"] == stack.endpoint
        assert outputs["Ref"].endswith(f":endpoint/{stack.endpoint}")
        assert outputs["Config"].startswith(f"{stack.name}-Config-")
        model = outputs["ModelRef"].rpartition("/")[2]
        described = sagemaker.describe_model(ModelName=model)
        assert described["PrimaryContainer"]["Environment"] == {"WORKERS": "2"}
        assert described["EnableNetworkIsolation"] is True
        assert account.invoke(stack.endpoint)["answer"] == "from a stack"
    assert not account.exists(stack.endpoint)
    for kind in ("model", "endpoint_config"):
        member = "Models" if kind == "model" else "EndpointConfigs"
        assert getattr(sagemaker, f"list_{kind}s")(NameContains=stack.name)[member] == []


def test_a_new_model_replaces_model_and_config_and_updates_the_endpoint(account: Account) -> None:
    with a_stack(account) as stack:
        assert stack.create(template(account.upload(answer="old"), stack.endpoint))
        before = stack.outputs()
        account.client("sagemaker").update_endpoint_weights_and_capacities(
            EndpointName=stack.endpoint,
            DesiredWeightsAndCapacities=[{"VariantName": "all", "DesiredInstanceCount": 2}],
        )
        account.settled(stack.endpoint)
        with asked_all_the_while(account, stack.endpoint) as answers:
            body = template(account.upload(answer="new"), stack.endpoint)
            assert stack.update(body) == "UPDATE_COMPLETE"
        assert [one for one in answers if one not in ("old", "new")] == []
        after = stack.outputs()
        assert after["Ref"] == before["Ref"]
        assert after["Config"] != before["Config"]
        assert after["ModelRef"] != before["ModelRef"]
        assert account.invoke(stack.endpoint)["answer"] == "new"
        (variant,) = account.describe(stack.endpoint)["ProductionVariants"]
        assert variant["CurrentInstanceCount"] == 2

        # The old ones go last, when the endpoint no longer needs them.
        events = [one for one in stack.events() if one[0] == stack.name]
        assert events[-1][1] == "UPDATE_COMPLETE"
        models = account.client("sagemaker").list_models(NameContains=stack.name)["Models"]
        assert [one["ModelArn"] for one in models] == [after["ModelRef"]]


def test_an_update_that_fails_rolls_back_and_the_old_one_answers(account: Account) -> None:
    with a_stack(account) as stack:
        assert stack.create(template(account.upload(answer="old"), stack.endpoint))
        before = stack.outputs()
        body = template(account.upload(fail="cannot unpickle"), stack.endpoint)
        assert stack.update(body) == "UPDATE_ROLLBACK_COMPLETE"
        (reason,) = [why for who, what, why in stack.events() if what == "UPDATE_FAILED"]
        assert "cannot unpickle" in reason
        assert account.invoke(stack.endpoint)["answer"] == "old"
        assert account.describe(stack.endpoint)["EndpointConfigName"] == before["Config"]
        models = account.client("sagemaker").list_models(NameContains=stack.name)["Models"]
        assert len(models) == 1


def test_an_endpoint_that_does_not_start_fails_its_stack(account: Account) -> None:
    with a_stack(account) as stack:
        body = template(account.upload(fail="wrong Python"), stack.endpoint)
        assert stack.create(body) == "ROLLBACK_COMPLETE"
        assert any("wrong Python" in why for _, what, why in stack.events() if "FAILED" in what)
        assert not account.exists(stack.endpoint)


def test_a_later_failure_sends_the_endpoint_back(account: Account) -> None:
    with a_stack(account) as stack:
        assert stack.create(template(account.upload(answer="old"), stack.endpoint))
        body = template(account.upload(answer="new"), stack.endpoint)
        body["Resources"]["Wrong"] = {
            "Type": "AWS::SageMaker::Model",
            "DependsOn": "Endpoint",
            "Properties": {"PrimaryContainer": {"Image": "no spaces allowed"}},
        }
        assert stack.update(body) == "UPDATE_ROLLBACK_COMPLETE"
        assert account.invoke(stack.endpoint)["answer"] == "old"


def test_a_changed_tag_replaces_nothing(account: Account) -> None:
    with a_stack(account) as stack:
        url = account.upload(answer="old")
        body = template(url, stack.endpoint, Tags=[{"Key": "team", "Value": "a"}])
        assert stack.create(body) == "CREATE_COMPLETE"
        before, pid = stack.outputs(), account.invoke(stack.endpoint)["pid"]
        body = template(url, stack.endpoint, Tags=[{"Key": "owner", "Value": "b"}])
        body["Resources"]["Model"]["Properties"]["Tags"] = [{"Key": "owner", "Value": "b"}]
        assert stack.update(body) == "UPDATE_COMPLETE"
        assert stack.outputs() == before
        assert account.invoke(stack.endpoint)["pid"] == pid
        sagemaker = account.client("sagemaker")
        for arn in (before["Ref"], before["ModelRef"]):
            tags = sagemaker.list_tags(ResourceArn=arn)["Tags"]
            assert tags == [{"Key": "owner", "Value": "b"}]


def test_a_change_set_says_what_is_replaced(account: Account) -> None:
    with a_stack(account) as stack:
        assert stack.create(template(account.upload(answer="old"), stack.endpoint))
        stack.client.create_change_set(
            StackName=stack.name,
            ChangeSetName="next",
            TemplateBody=json.dumps(template(account.upload(answer="new"), stack.endpoint)),
        )
        described = eventually(
            lambda: _complete(
                stack.client.describe_change_set(StackName=stack.name, ChangeSetName="next")
            )
        )
        replaced = {
            one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"]["Replacement"]
            for one in described["Changes"]
        }
        assert replaced["Model"] == "True"
        assert replaced.get("Endpoint") != "True"


def _complete(answer: dict[str, Any]) -> dict[str, Any] | None:
    return answer if answer["Status"] == "CREATE_COMPLETE" else None


def test_the_emulator_answers_others_while_a_stack_waits(account: Account) -> None:
    with a_stack(account) as stack:
        body = template(account.upload(answer="slow", start_seconds=2), stack.endpoint)
        working = threading.Thread(target=stack.create, args=[body])
        working.start()
        eventually(lambda: account.exists(stack.endpoint))
        assert account.describe(stack.endpoint)["EndpointStatus"] == "Creating"
        assert account.client("sts").get_caller_identity()["Account"] == account.account
        working.join()
        assert account.describe(stack.endpoint)["EndpointStatus"] == "InService"
