"""A stack's endpoint is updated under its guardrails, and its update fails with them."""

import contextlib
import json
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.home import is_held
from tests.localaws.sagemaker.conftest import Account, end_emulator, eventually
from tests.localaws.sagemaker.guardrails import LONG, blue_green, size
from tests.localaws.sagemaker.test_stacks import Stack, a_stack, template

pytestmark = pytest.mark.slow


def guarded(stack: Stack, url: str, instances: int = 2) -> dict[str, Any]:
    """An endpoint with a canary, watched by an alarm on its rate of server errors."""
    alarm = f"{stack.endpoint}-5xx"
    deployment = blue_green("CANARY", LONG, [alarm], CanarySize=size(1))
    body = template(url, stack.endpoint, DeploymentConfig=deployment)
    (variant,) = body["Resources"]["Config"]["Properties"]["ProductionVariants"]
    variant["InitialInstanceCount"] = instances
    body["Resources"]["Endpoint"]["DependsOn"] = "Errors"
    queries = [
        {"Id": "rate", "Expression": "IF(calls > 0, 100 * errors / calls, 0)"},
        stat("errors", "Invocation5XXErrors", stack.endpoint),
        stat("calls", "Invocations", stack.endpoint),
    ]
    body["Resources"]["Errors"] = {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": alarm,
            "Metrics": queries,
            "EvaluationPeriods": 1,
            "Threshold": 5,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
        },
    }
    return body


def stat(name: str, metric: str, endpoint: str) -> dict[str, Any]:
    dimensions = [
        {"Name": "EndpointName", "Value": endpoint},
        {"Name": "VariantName", "Value": "all"},
    ]
    of = {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions}
    return {
        "Id": name,
        "ReturnData": False,
        "MetricStat": {"Metric": of, "Period": 60, "Stat": "Sum"},
    }


@contextlib.contextmanager
def asked(account: Account, name: str) -> Iterator[None]:
    """Invoke the endpoint without a pause, whatever it answers."""
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            with contextlib.suppress(ClientError):
                account.invoke(name)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_model_that_errs_fails_the_stacks_update_and_the_old_one_answers(
    account: Account,
) -> None:
    with a_stack(account) as stack:
        assert stack.create(guarded(stack, account.upload(answer="old"))) == "CREATE_COMPLETE"
        before = stack.outputs()
        with asked(account, stack.endpoint):
            body = guarded(stack, account.upload(answer="new", status=500))
            assert stack.update(body) == "UPDATE_ROLLBACK_COMPLETE"
        (reason,) = [why for _, what, why in stack.events() if what == "UPDATE_FAILED"]
        assert f"{stack.endpoint}-5xx" in reason
        described = account.describe(stack.endpoint)
        assert described["EndpointConfigName"] == before["Config"]
        assert described["EndpointStatus"] == "InService"
        assert {account.invoke(stack.endpoint)["answer"] for _ in range(6)} == {"old"}


def test_a_canary_on_one_instance_fails_the_stack(account: Account) -> None:
    with a_stack(account) as stack:
        body = guarded(stack, account.upload(answer="old"), instances=1)
        assert stack.create(body) == "ROLLBACK_COMPLETE"
        assert any("CanarySize of 1 instance(s)" in why for _, _, why in stack.events())


def test_a_stacks_update_that_bakes_ends_with_the_emulator(own_account: Account) -> None:
    stack = Stack(own_account)
    assert stack.create(guarded(stack, own_account.upload(answer="old"))) == "CREATE_COMPLETE"
    body = json.dumps(guarded(stack, own_account.upload(answer="new")))
    own_account.client("cloudformation").update_stack(StackName=stack.name, TemplateBody=body)
    eventually(lambda: answers(own_account, stack.endpoint) == {"old", "new"})
    end_emulator(own_account, signal.SIGTERM)
    eventually(lambda: not is_held(own_account.emulator.home))


def answers(account: Account, endpoint: str) -> set[str]:
    return {account.invoke(endpoint)["answer"] for _ in range(8)}
