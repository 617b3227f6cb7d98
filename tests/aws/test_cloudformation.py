"""What is deployed, read from CloudFormation, here the emulator's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from aws import cloudformation
from aws.errors import AwsError
from localaws.lifecycle import Emulator, running
from stacks.settings import load

TOPIC = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "x"}}}}
NO_CONFIG = {"Type": "AWS::SageMaker::Endpoint", "Properties": {"EndpointConfigName": "none"}}


@pytest.fixture(scope="module")
def emulator(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running(tmp_path_factory.mktemp("localaws"), load(root / "stages.toml")) as emulator:
        yield emulator


@pytest.fixture
def client(emulator: Emulator) -> Any:
    session: Any = emulator.session("dev")
    return session.client("cloudformation")


class Described:
    """A client that knows one stack of a status."""

    def __init__(self, status: str) -> None:
        self.status = status

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        return {"Stacks": [{"StackStatus": self.status}]}

    def get_template(self, **asked: str) -> dict[str, Any]:
        return {"TemplateBody": asked}


@pytest.mark.slow
def test_a_deployed_stack_has_its_template_outputs_and_resources(client: Any) -> None:
    template = TOPIC | {"Outputs": {"Name": {"Value": "value"}}}
    client.create_stack(StackName="there", TemplateBody=json.dumps(template))
    client.get_waiter("stack_create_complete").wait(StackName="there", WaiterConfig={"Delay": 1})
    assert cloudformation.template(client, "there") == template
    assert cloudformation.outputs(client, "there") == {"Name": "value"}
    assert cloudformation.resources(client, "there", {"AWS::S3::Bucket"}) == {}
    (name,) = cloudformation.resources(client, "there", {"AWS::SNS::Topic"})
    assert name == "Topic"


@pytest.mark.slow
def test_a_stack_that_is_not_there_is_none(client: Any) -> None:
    assert cloudformation.stack(client, "nowhere") is None
    assert cloudformation.outputs(client, "nowhere") is None
    assert cloudformation.template(client, "nowhere") is None


@pytest.mark.slow
def test_a_stack_whose_creation_was_rolled_back_counts_as_not_deployed(client: Any) -> None:
    client.create_stack(
        StackName="failed", TemplateBody=json.dumps({"Resources": {"Endpoint": NO_CONFIG}})
    )
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        client.get_waiter("stack_create_complete").wait(
            StackName="failed", WaiterConfig={"Delay": 1}
        )
    assert cloudformation.template(client, "failed") is None


@pytest.mark.parametrize("status", ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"])
def test_what_never_was_deployed_has_no_template(status: str) -> None:
    assert cloudformation.template(Described(status), "berth-dev-serving") is None


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"])
def test_a_stack_that_is_not_at_rest_is_refused(status: str) -> None:
    with pytest.raises(AwsError, match=f"berth-dev-serving is {status}: what it runs is known"):
        cloudformation.template(Described(status), "berth-dev-serving")


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_the_template_is_the_one_that_was_sent(status: str) -> None:
    asked = cloudformation.template(Described(status), "berth-dev-serving")
    assert asked == {"StackName": "berth-dev-serving", "TemplateStage": "Original"}


def test_a_template_is_compared_as_cloudformation_keeps_it() -> None:
    synthesized = {"Größe": ["5 µs", {"n": 1.5}], "plain": True}
    kept = {"Gr??e": ["5 ?s", {"n": 1.5}], "plain": True}
    assert cloudformation.as_kept(synthesized) == kept
