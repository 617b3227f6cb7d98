"""invoke_endpoint as an unchanged boto3 client sees it."""

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.sagemaker.runtime import MAX_BODY_BYTES
from tests.localaws.sagemaker.conftest import ACCOUNT, REGION, Account, eventually

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def endpoint(account: Account) -> Iterator[str]:
    name = account.serve()
    yield name
    account.delete(name)


def test_sagemakers_headers_reach_the_container_and_the_clients_own_do_not(
    account: Account, endpoint: str
) -> None:
    headers = account.invoke(
        endpoint,
        ContentType="application/json",
        Accept="text/csv",
        CustomAttributes="trace=1",
        TargetVariant="all",
        InferenceId="abc",
        SessionId="NEW_SESSION",
    )["headers"]
    assert headers["content-type"] == "application/json"
    assert headers["accept"] == "text/csv"
    assert headers["x-amzn-sagemaker-custom-attributes"] == "trace=1"
    assert headers["x-amzn-sagemaker-inference-id"] == "abc"
    assert headers["x-amzn-sagemaker-session-id"] == "NEW_SESSION"
    assert not [key for key in headers if key == "authorization" or key.startswith("x-amz-")]
    assert not headers["user-agent"].startswith("Boto3")


def test_an_answer_names_its_variant_and_keeps_its_type(account: Account, endpoint: str) -> None:
    runtime = account.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=b"{}", CustomAttributes="asked")
    assert answer["InvokedProductionVariant"] == "all"
    assert answer["ContentType"] == "application/json"
    # Only what the container sets comes back.
    assert "CustomAttributes" not in answer
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=b'{"attributes": true}')
    assert answer["CustomAttributes"] == "seen"


@pytest.mark.parametrize(("status", "kind"), [(400, "client"), (422, "client"), (500, "server")])
def test_a_containers_error_is_a_model_error(
    account: Account, endpoint: str, status: int, kind: str
) -> None:
    with pytest.raises(ClientError) as caught:
        account.invoke(endpoint, {"status": status})
    answer: dict[str, Any] = {**caught.value.response}
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["OriginalStatusCode"] == status
    assert '"answer"' in answer["OriginalMessage"]
    assert f"log-group:/aws/sagemaker/Endpoints/{endpoint}" in answer["LogStreamArn"]
    assert answer["Error"]["Message"].startswith(f"Received {kind} error ({status}) from primary")


def test_an_unknown_endpoint_is_a_validation_error(account: Account) -> None:
    with pytest.raises(ClientError) as caught:
        account.invoke("nowhere")
    error = caught.value.response
    assert error["Error"]["Code"] == "ValidationError"
    assert error["Error"]["Message"] == f"Endpoint nowhere of account {ACCOUNT} not found."
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_target_model_has_no_place_on_an_endpoint_of_one_model(
    account: Account, endpoint: str
) -> None:
    with pytest.raises(ClientError, match="is not a multi-model endpoint and does not support"):
        account.invoke(endpoint, TargetModel="a.tar.gz")


def test_an_endpoint_of_another_account_or_region_is_unknown(
    account: Account, endpoint: str
) -> None:
    for who, where in (("222222222222", REGION), (ACCOUNT, "us-east-1")):
        runtime = account.emulator.client("sagemaker-runtime", who, where)
        with pytest.raises(ClientError, match=f"of account {who} not found"):
            runtime.invoke_endpoint(EndpointName=endpoint, Body=b"{}")


@pytest.mark.parametrize(
    "wrong",
    [
        {"CustomAttributes": "x" * 1025},
        {"InferenceId": "x" * 65},
        {"SessionId": "not a session"},
        {"TargetVariant": "nobody"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_headers_are_held_to_their_limits(
    account: Account, endpoint: str, wrong: dict[str, str]
) -> None:
    with pytest.raises(ClientError) as caught:
        account.invoke(endpoint, **wrong)
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_a_body_may_be_as_large_as_the_limit_and_no_larger(account: Account, endpoint: str) -> None:
    runtime = account.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=b" " * MAX_BODY_BYTES)
    assert json.loads(answer["Body"].read())["bytes"] == MAX_BODY_BYTES
    with pytest.raises(ClientError, match="bytes"):
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b" " * (MAX_BODY_BYTES + 1))


def test_a_container_that_dies_in_a_request_is_a_model_error(account: Account) -> None:
    name = account.serve()
    with pytest.raises(ClientError) as caught:
        account.invoke(name, {"die": True})
    answer: dict[str, Any] = {**caught.value.response}
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["OriginalStatusCode"] == 0
    account.delete(name)


def test_a_request_goes_past_a_dead_instance_to_a_living_one(account: Account) -> None:
    name = account.serve(InitialInstanceCount=2)
    pids = {account.invoke(name)["pid"] for _ in range(4)}
    first = min(pids)
    os.kill(first, signal.SIGKILL)
    # The other one answers at once; not one request is lost.
    assert all(account.invoke(name)["pid"] != first for _ in range(8))
    eventually(lambda: account.invoke(name)["pid"] not in pids)
    account.delete(name)


def test_what_is_not_known_here_is_said(account: Account, endpoint: str) -> None:
    runtime = account.client("sagemaker-runtime")
    with pytest.raises(ClientError, match="emulates InvokeEndpoint and InvokeEndpointAsync"):
        runtime.invoke_endpoint_with_response_stream(EndpointName=endpoint, Body=b"{}")


def test_traffic_follows_the_variants_weights(account: Account) -> None:
    sagemaker = account.client("sagemaker")
    one, two = account.config(behaviour={"answer": 1}), account.config(behaviour={"answer": 2})
    common = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName=f"{one}-both",
        ProductionVariants=[
            {"VariantName": "one", "ModelName": one, "InitialVariantWeight": 1.0, **common},
            {"VariantName": "two", "ModelName": two, "InitialVariantWeight": 0.0, **common},
        ],
    )
    name = account.create(f"{one}-both")
    account.settled(name)
    assert {account.invoke(name)["answer"] for _ in range(10)} == {1}
    assert account.invoke(name, TargetVariant="two")["answer"] == 2
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name,
        DesiredWeightsAndCapacities=[
            {"VariantName": "one", "DesiredWeight": 0},
            {"VariantName": "two", "DesiredWeight": 1},
        ],
    )
    account.settled(name)
    assert {account.invoke(name)["answer"] for _ in range(10)} == {2}
    account.delete(name)


def test_an_unsigned_request_is_of_no_account_here(account: Account, endpoint: str) -> None:
    url = f"{account.emulator.url}/endpoints/{endpoint}/invocations"
    request = urllib.request.Request(url, data=b"{}")  # noqa: S310
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(request)  # noqa: S310
