"""An asynchronous endpoint, what is sent to it and what comes of that."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.sagemaker.conftest import REGION, Account, eventually

BUCKET = "asynchronous"

_numbers = count(1)


@dataclass
class Endpoint:
    """An asynchronous endpoint of the account, and a queue that each of its topics feeds."""

    account: Account
    name: str
    queues: dict[str, str]

    def upload(self, body: object) -> str:
        key = f"in/{next(_numbers)}.json"
        self.account.client("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(body))
        return f"s3://{BUCKET}/{key}"

    def invoke(self, body: object = None, **more: Any) -> dict[str, Any]:
        """InvokeEndpointAsync's answer."""
        if "Body" not in more:
            more = {"InputLocation": self.upload(body), **more}
        answer: dict[str, Any] = self.account.client("sagemaker-runtime").invoke_endpoint_async(
            EndpointName=self.name, **more
        )
        return answer

    def result(self, location: str) -> dict[str, Any]:
        """The object of S3 at that address, once it is there."""
        bucket, _, key = location.removeprefix("s3://").partition("/")

        def look() -> bytes | None:
            try:
                found = self.account.client("s3").get_object(Bucket=bucket, Key=key)
            except ClientError:
                return None
            body: bytes = found["Body"].read()
            return body

        told: dict[str, Any] = json.loads(eventually(look))
        return told

    def message(self, topic: str) -> dict[str, Any]:
        """The next message to that topic (SuccessTopic, ErrorTopic)."""
        sqs, queue = self.account.client("sqs"), self.queues[topic]
        (received,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=received["ReceiptHandle"])
        message: dict[str, Any] = json.loads(json.loads(received["Body"])["Message"])
        return message

    def metric(self, name: str, statistic: str, *, variant: bool = False) -> float | None:
        """A metric's statistic since the endpoint began."""
        dimensions = [{"Name": "EndpointName", "Value": self.name}]
        if variant:
            dimensions.append({"Name": "VariantName", "Value": "all"})
        now = datetime.now(UTC)
        found = self.account.client("cloudwatch").get_metric_data(
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            MetricDataQueries=[
                {
                    "Id": "m",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/SageMaker",
                            "MetricName": name,
                            "Dimensions": dimensions,
                        },
                        "Period": 86_400,
                        "Stat": statistic,
                    },
                }
            ],
        )
        values = found["MetricDataResults"][0]["Values"]
        return max(values, default=None)


def serve(account: Account, *, concurrency: int = 2, include: list[str] | None = None) -> Endpoint:
    """A new asynchronous endpoint in service, with both topics."""
    s3 = account.client("s3")
    if not any(one["Name"] == BUCKET for one in s3.list_buckets()["Buckets"]):
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    topics, queues = {}, {}
    for topic in ("SuccessTopic", "ErrorTopic"):
        name = f"{topic}-{next(_numbers)}"
        topics[topic] = account.client("sns").create_topic(Name=name)["TopicArn"]
        sqs = account.client("sqs")
        queues[topic] = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queues[topic], AttributeNames=["QueueArn"])
        account.client("sns").subscribe(
            TopicArn=topics[topic], Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
        )
    config = {
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": concurrency},
        "OutputConfig": {
            "S3OutputPath": f"s3://{BUCKET}/out/",
            "S3FailurePath": f"s3://{BUCKET}/failed",
            "NotificationConfig": {**topics, "IncludeInferenceResponseIn": include or []},
        },
    }
    name = account.serve(whole={"AsyncInferenceConfig": config})
    return Endpoint(account, name, queues)


@pytest.fixture(scope="module")
def endpoint(account: Account) -> Iterator[Endpoint]:
    made = serve(account)
    yield made
    account.delete(made.name)
