"""invoke_endpoint_async as an unchanged boto3 client sees it, and what becomes of it."""

import base64
import json
import re

import pytest
from botocore.exceptions import ClientError

from tests.localaws.sagemaker.asynchronous.conftest import BUCKET, Endpoint, serve
from tests.localaws.sagemaker.conftest import REGION, Account, eventually

pytestmark = pytest.mark.slow

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_it_is_accepted_at_once_and_says_where_the_answer_will_be(endpoint: Endpoint) -> None:
    answer = endpoint.invoke({"sleep": 0.1}, InferenceId="mine")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["InferenceId"] == "mine"
    assert re.fullmatch(rf"s3://{BUCKET}/out/[0-9a-f-]{{36}}\.out", answer["OutputLocation"])
    failed = rf"s3://{BUCKET}/failed/[0-9a-f-]{{36}}-error\.out"
    assert re.fullmatch(failed, answer["FailureLocation"])
    assert endpoint.invoke()["InferenceId"] != endpoint.invoke()["InferenceId"]


def test_the_container_gets_the_payload_of_s3_and_its_answer_goes_there(
    endpoint: Endpoint,
) -> None:
    answer = endpoint.invoke(
        {"text": "here"}, ContentType="application/json", Accept="text/csv", CustomAttributes="a=1"
    )
    told = endpoint.result(answer["OutputLocation"])
    assert told["bytes"] == len(json.dumps({"text": "here"}))
    assert told["headers"]["content-type"] == "application/json"
    assert told["headers"]["accept"] == "text/csv"
    assert told["headers"]["x-amzn-sagemaker-custom-attributes"] == "a=1"
    assert told["headers"]["x-amzn-sagemaker-inference-id"] == answer["InferenceId"]


def test_the_payload_may_come_with_the_request_and_the_answers_name_too(
    endpoint: Endpoint,
) -> None:
    answer = endpoint.invoke(Body=b"[1]", S3OutputPathExtension="day/one", Filename="first.json")
    assert answer["OutputLocation"] == f"s3://{BUCKET}/out/day/one/first.json"
    assert endpoint.result(answer["OutputLocation"])["bytes"] == 3


def test_success_is_told_to_its_topic(account: Account) -> None:
    endpoint = serve(account)
    answer = endpoint.invoke({"text": "here"}, ContentType="application/json", Accept="text/csv")
    message = endpoint.message("SuccessTopic")
    for moment in ("eventTime", "receivedTime"):
        assert MOMENT.fullmatch(message.pop(moment))
    location = message["requestParameters"].pop("inputLocation")
    assert location.startswith(f"s3://{BUCKET}/in/")
    assert message == {
        "awsRegion": REGION,
        "invocationStatus": "Completed",
        "requestParameters": {
            "accept": "text/csv",
            "contentType": "application/json",
            "endpointName": endpoint.name,
        },
        "responseParameters": {
            "contentType": "application/json",
            "outputLocation": answer["OutputLocation"],
        },
        "inferenceId": answer["InferenceId"],
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    account.delete(endpoint.name)


def test_a_containers_error_is_kept_and_told_as_a_failure(account: Account) -> None:
    endpoint = serve(account)
    answer = endpoint.invoke({"status": 500})
    assert endpoint.result(answer["FailureLocation"])["answer"]
    message = endpoint.message("ErrorTopic")
    assert message["invocationStatus"] == "Failed"
    assert message["failureReason"].startswith("ClientError: Received server error (500) from mod")
    assert message["inferenceId"] == answer["InferenceId"]
    assert "responseParameters" not in message
    key = answer["OutputLocation"].removeprefix(f"s3://{BUCKET}/")
    with pytest.raises(ClientError, match="NoSuchKey"):
        account.client("s3").get_object(Bucket=BUCKET, Key=key)
    eventually(lambda: endpoint.metric("InvocationFailures", "Sum", variant=True) == 1)
    assert endpoint.metric("Invocation5XXErrors", "Sum", variant=True) == 1
    assert endpoint.metric("Invocation4XXErrors", "Sum", variant=True) == 0
    account.delete(endpoint.name)


def test_the_response_is_in_the_messages_that_are_to_include_it(account: Account) -> None:
    endpoint = serve(account, include=["SUCCESS_NOTIFICATION_TOPIC"])
    endpoint.invoke({"text": "here"})
    told = endpoint.message("SuccessTopic")["responseBody"]
    assert told["encoding"] == "BASE64"
    assert json.loads(base64.b64decode(told["content"]))["answer"]
    endpoint.invoke({"status": 400})
    assert "responseBody" not in endpoint.message("ErrorTopic")
    account.delete(endpoint.name)


def test_a_payload_that_is_not_there_is_a_failure(endpoint: Endpoint) -> None:
    endpoint.invoke(InputLocation=f"s3://{BUCKET}/in/absent")
    reason = endpoint.message("ErrorTopic")["failureReason"]
    assert f"s3://{BUCKET}/in/absent" in reason
    assert "NoSuchKey" in reason
    eventually(lambda: endpoint.metric("RequestDownloadFailures", "Sum", variant=True))


def test_a_container_that_takes_too_long_is_a_failure(endpoint: Endpoint) -> None:
    endpoint.invoke({"sleep": 3}, InvocationTimeoutSeconds=1)
    assert "timed out" in endpoint.message("ErrorTopic")["failureReason"]


def test_an_instance_gets_so_many_at_once_and_the_others_wait(account: Account) -> None:
    endpoint = serve(account, concurrency=2)
    # Started together: what the container sees at a time is what was let through.
    answers = [endpoint.invoke({"sleep": 0.5}) for _ in range(5)]
    seen = [endpoint.result(one["OutputLocation"])["at_once"] for one in answers]
    assert max(seen) == 2
    account.delete(endpoint.name)


@pytest.mark.parametrize(
    "wrong",
    [
        {"RequestTTLSeconds": 21_601},
        {"InvocationTimeoutSeconds": 3601},
        {"InferenceId": "x" * 65},
        {"InputLocation": "ftp://a/b"},
        {"Body": b"{}", "InputLocation": "s3://a/b"},
        {"Body": b"x" * 128_001},
    ],
    ids=str,
)
def test_requests_are_held_to_their_limits(endpoint: Endpoint, wrong: dict[str, object]) -> None:
    with pytest.raises(ClientError) as caught:
        endpoint.invoke(**wrong)
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_each_kind_of_endpoint_refuses_the_others_call(
    account: Account, endpoint: Endpoint
) -> None:
    with pytest.raises(ClientError, match="InvokeEndpointAsync") as caught:
        account.invoke(endpoint.name)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    real_time = account.serve()
    with pytest.raises(ClientError, match="not asynchronous") as caught:
        Endpoint(account, real_time, {}).invoke()
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    account.delete(real_time)


def test_its_configuration_is_described_and_cannot_be_taken_away(
    account: Account, endpoint: Endpoint
) -> None:
    described = account.describe(endpoint.name)["AsyncInferenceConfig"]
    assert described["ClientConfig"] == {"MaxConcurrentInvocationsPerInstance": 2}
    assert described["OutputConfig"]["S3OutputPath"] == f"s3://{BUCKET}/out/"
    with pytest.raises(ClientError, match="AsyncInferenceConfig parameter cannot be removed"):
        account.client("sagemaker").update_endpoint(
            EndpointName=endpoint.name, EndpointConfigName=account.config()
        )
