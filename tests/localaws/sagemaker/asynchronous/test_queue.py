"""The queue: what it publishes, what expires in it, and an endpoint without instances."""

import asyncio
import os
import signal
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.sagemaker.asynchronous import service
from localaws.sagemaker.asynchronous.request import Backlog, Request
from localaws.sagemaker.state import Endpoint as Hosted
from localaws.scope import Scope
from tests.localaws.sagemaker.asynchronous.conftest import BUCKET, Endpoint, serve
from tests.localaws.sagemaker.conftest import ACCOUNT, REGION, Account, eventually

pytestmark = pytest.mark.slow

QUEUE = {
    "ApproximateBacklogSize",
    "ApproximateBacklogSizePerInstance",
    "ApproximateAgeOfOldestRequest",
    "HasBacklogWithoutCapacity",
}


def scale(account: Account, name: str, instances: int) -> None:
    account.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=name,
        DesiredWeightsAndCapacities=[{"VariantName": "all", "DesiredInstanceCount": instances}],
    )
    settled = account.settled(name)
    assert settled["ProductionVariants"][0]["CurrentInstanceCount"] == instances


def test_requests_to_an_endpoint_without_instances_wait_until_it_has_some(
    account: Account,
) -> None:
    endpoint = serve(account)
    scale(account, endpoint.name, 0)
    answers = [endpoint.invoke() for _ in range(3)]
    eventually(lambda: endpoint.metric("HasBacklogWithoutCapacity", "Maximum") == 1)
    assert endpoint.metric("ApproximateBacklogSize", "Maximum") == 3
    assert endpoint.metric("ApproximateBacklogSizePerInstance", "Maximum") == 3
    eventually(lambda: (endpoint.metric("ApproximateAgeOfOldestRequest", "Maximum") or 0) > 1)
    scale(account, endpoint.name, 1)
    for answer in answers:
        assert endpoint.result(answer["OutputLocation"])["answer"]
    waited = eventually(lambda: endpoint.metric("TimeInBacklog", "Maximum", variant=True))
    assert waited > 1000
    assert (endpoint.metric("TotalProcessingTime", "Maximum", variant=True) or 0) >= waited
    account.delete(endpoint.name)


def test_the_size_is_shared_among_the_instances(account: Account) -> None:
    endpoint = serve(account, concurrency=1)
    scale(account, endpoint.name, 2)
    for _ in range(4):
        endpoint.invoke({"sleep": 2})
    eventually(lambda: endpoint.metric("ApproximateBacklogSizePerInstance", "Maximum") == 2)
    assert endpoint.metric("HasBacklogWithoutCapacity", "Maximum") == 0
    account.delete(endpoint.name)


def test_what_the_queue_is_like_has_the_endpoints_name_alone_and_the_rest_the_variants_too(
    account: Account, endpoint: Endpoint
) -> None:
    endpoint.result(endpoint.invoke()["OutputLocation"])
    wanted = {"EndpointName": endpoint.name}

    def look() -> dict[str, Any] | None:
        found = account.client("cloudwatch").list_metrics(
            Namespace="AWS/SageMaker",
            Dimensions=[{"Name": name, "Value": value} for name, value in wanted.items()],
        )
        dimensions = {
            one["MetricName"]: {each["Name"] for each in one["Dimensions"]}
            for one in found["Metrics"]
        }
        return dimensions if dimensions.keys() >= QUEUE | {"TimeInBacklog"} else None

    dimensions = eventually(look)
    assert {name for name in dimensions if dimensions[name] == {"EndpointName"}} == QUEUE
    assert all(
        dimensions[name] == {"EndpointName", "VariantName"} for name in dimensions.keys() - QUEUE
    )
    assert not dimensions.keys() & {"Invocations", "InvocationsPerInstance"}


def test_a_request_outlives_the_instance_that_died_before_it_listened(account: Account) -> None:
    endpoint = serve(account)
    first = endpoint.result(endpoint.invoke()["OutputLocation"])["pid"]
    os.kill(first, signal.SIGKILL)
    answers = [endpoint.invoke() for _ in range(3)]
    pids = {endpoint.result(one["OutputLocation"])["pid"] for one in answers}
    assert first not in pids
    account.delete(endpoint.name)


def test_a_real_time_endpoint_keeps_an_instance(account: Account) -> None:
    name = account.serve()
    with pytest.raises(ClientError, match="only asynchronous endpoints scale to zero"):
        scale(account, name, 0)
    account.delete(name)


def a_request(**more: Any) -> Request:
    return Request({"EndpointName": "e", **more}, b"", "id", "", "", {})


def test_a_request_expires_once_it_is_older_than_it_may_be() -> None:
    backlog = Backlog()
    brief, usual = a_request(RequestTTLSeconds=60), a_request()
    backlog.waiting.extend([brief, usual])
    assert backlog.take_expired(brief.received + 60) == []
    assert backlog.take_expired(brief.received + 61) == [brief]
    assert list(backlog.waiting) == [usual]
    assert backlog.take_expired(usual.received + 6 * 3600 + 1) == [usual]


def test_an_expired_request_is_a_failure_that_is_kept_told_and_counted(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No client may ask for less than a minute, so it is expired here, into the real S3 and SNS."""
    emulator = endpoint.account.emulator
    monkeypatch.setenv("GATEWAY_PORT", str(emulator.port))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", emulator.running.secret)
    published: dict[str, float] = {}
    monkeypatch.setattr(service, "publish", lambda _, values, **_more: published.update(values))
    described = endpoint.account.describe(endpoint.name)["AsyncInferenceConfig"]
    request = a_request(RequestTTLSeconds=60, InputLocation="s3://a/b")
    request.failure = f"s3://{BUCKET}/failed/expired"
    request.notifications = described["OutputConfig"]["NotificationConfig"]
    request.received = time.time() - 61
    hosted = Hosted(Scope(ACCOUNT, REGION), "endpoint", endpoint.name, {}, serving="c")
    hosted.configurations["c"] = {"ProductionVariants": [{"VariantName": "all"}]}
    asyncio.run(service.expire(hosted, request))
    message = endpoint.message("ErrorTopic")
    assert message["failureReason"].endswith("was in the queue for more than 60 seconds.")
    assert message["failureLocation"] == request.failure
    assert published == {"ExpiredRequests": 1, "InvocationFailures": 1}
