"""Serverless endpoints."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localaws.sagemaker.serverless import MAX_BODY_BYTES
from tests.localaws.sagemaker.conftest import ACCOUNT, REGION, Account, eventually

pytestmark = pytest.mark.slow

NO_INSTANCES: dict[str, Any] = {"InstanceType": None, "InitialInstanceCount": None}


def serverless(**config: int) -> dict[str, Any]:
    """A variant's members."""
    return {
        **NO_INSTANCES,
        "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 2, **config},
    }


@pytest.fixture(scope="module")
def endpoint(account: Account) -> Iterator[str]:
    name = account.serve(**serverless(ProvisionedConcurrency=1))
    yield name
    account.delete(name)


def variant_of(account: Account, endpoint: str) -> dict[str, Any]:
    (variant,) = account.describe(endpoint)["ProductionVariants"]
    found: dict[str, Any] = variant
    return found


def test_it_answers_and_has_no_instances_to_count(account: Account, endpoint: str) -> None:
    assert account.invoke(endpoint)["answer"]
    variant = variant_of(account, endpoint)
    assert not {"CurrentInstanceCount", "DesiredInstanceCount"} & variant.keys()
    config = {"MemorySizeInMB": 2048, "MaxConcurrency": 2, "ProvisionedConcurrency": 1}
    assert variant["CurrentServerlessConfig"] == variant["DesiredServerlessConfig"] == config


def test_more_at_once_than_it_may_are_throttled(account: Account, endpoint: str) -> None:
    # No retries: boto3's own would hide it.
    runtime = boto3.Session().client(
        "sagemaker-runtime",
        region_name=REGION,
        endpoint_url=account.emulator.url,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key=account.emulator.running.secret,
        config=Config(retries={"total_max_attempts": 1}),
    )

    def invoke(body: bytes) -> tuple[str, int]:
        try:
            answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=body)
        except ClientError as error:
            answer = error.response
        code = answer.get("Error", {}).get("Code", "")
        return code, answer["ResponseMetadata"]["HTTPStatusCode"]

    with ThreadPoolExecutor(5) as pool:
        answers = sorted(pool.map(invoke, [b'{"sleep": 1.5}'] * 5))
    assert answers == [("", 200)] * 2 + [("ThrottlingException", 429)] * 3
    assert invoke(b"{}") == ("", 200)


def test_a_body_may_have_four_megabytes(account: Account, endpoint: str) -> None:
    runtime = account.client("sagemaker-runtime")
    runtime.invoke_endpoint(EndpointName=endpoint, Body=b" " * MAX_BODY_BYTES)
    with pytest.raises(ClientError, match="serverless endpoint takes at most") as caught:
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b" " * (MAX_BODY_BYTES + 1))
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_its_concurrency_is_changed_while_it_serves(account: Account) -> None:
    name = account.serve(**serverless())
    pid = account.invoke(name)["pid"]
    change(account, name, MaxConcurrency=5, ProvisionedConcurrency=3)
    assert account.settled(name)["EndpointStatus"] == "InService"
    config = {"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 3}
    assert variant_of(account, name)["CurrentServerlessConfig"] == config
    assert account.invoke(name)["pid"] == pid
    with pytest.raises(ClientError, match="cannot be more than MaxConcurrency 5"):
        change(account, name, ProvisionedConcurrency=6)
    account.delete(name)


def change(account: Account, name: str, **config: int) -> None:
    account.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=name,
        DesiredWeightsAndCapacities=[{"VariantName": "all", "ServerlessUpdateConfig": config}],
    )


def test_provisioned_concurrency_follows_its_utilization(account: Account) -> None:
    name = account.serve(**serverless(MaxConcurrency=10, ProvisionedConcurrency=2))
    scaling = account.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/all",
        "ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=8)
    scaling.put_scaling_policy(
        **target,
        PolicyName="provisioned",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 0.5,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
            },
        },
    )
    dimensions = [
        {"Name": "EndpointName", "Value": name},
        {"Name": "VariantName", "Value": "all"},
    ]
    cloudwatch, metric = account.client("cloudwatch"), "ServerlessProvisionedConcurrencyUtilization"
    found = {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions}
    eventually(lambda: cloudwatch.list_metrics(**found)["Metrics"])
    now = datetime.now(UTC)
    cloudwatch.put_metric_data(
        Namespace="AWS/SageMaker",
        MetricData=[
            {
                "MetricName": metric,
                "Dimensions": dimensions,
                "Timestamp": now - timedelta(seconds=seconds),
                # Many, beside which those of the idle endpoint do not count.
                "Values": [1.0],
                "Counts": [1000.0],
            }
            for seconds in range(0, 300, 5)
        ],
    )

    def provisioned() -> Any:
        return variant_of(account, name)["CurrentServerlessConfig"]["ProvisionedConcurrency"]

    eventually(lambda: provisioned() == 4)
    (activity,) = scaling.describe_scaling_activities(
        ServiceNamespace="sagemaker", ResourceId=target["ResourceId"]
    )["ScalingActivities"]
    assert activity["Description"] == "Setting desired provisioned concurrency to 4."
    scaling.deregister_scalable_target(**target)
    account.delete(name)


CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://models/capture",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}
NETWORK = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
SOURCE = {
    "S3DataSource": {
        "S3Uri": "s3://models/m/",
        "S3DataType": "S3Prefix",
        "CompressionType": "None",
    }
}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": {"VpcConfig": NETWORK}}, "VpcConfig is not supported"),
        ({"whole": {"VpcConfig": NETWORK, "ExecutionRoleArn": "arn:aws:iam::111111111111:role/r"}},
         "VpcConfig is not supported"),
        ({"model": {"EnableNetworkIsolation": True}}, "EnableNetworkIsolation is not supported"),
        ({"container": {"Mode": "MultiModel"}}, "Multi-model containers are not supported"),
        ({"container": {"ModelDataSource": SOURCE}}, "ModelDataSource is not supported"),
        ({"container": {"Image": "222222222222.dkr.ecr.eu-central-1.amazonaws.com/a:stub"}},
         "must be in account 111111111111"),
        ({"whole": {"DataCaptureConfig": CAPTURE}}, "DataCaptureConfig is not supported"),
        ({"whole": {"AsyncInferenceConfig": {"OutputConfig": {}}}},
         "AsyncInferenceConfig is not supported"),
        ({"InitialInstanceCount": 1}, "InitialInstanceCount is not supported"),
        (serverless(MemorySizeInMB=1500), "MemorySizeInMB 1500 is not valid"),
        (serverless(ProvisionedConcurrency=3), "cannot be more than MaxConcurrency 2"),
    ],
)  # fmt: skip
def test_what_serverless_cannot_have_is_refused(
    account: Account, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ClientError, match=said) as caught:
        account.config(**{**serverless(), **given})
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_several_variants_are_refused(account: Account) -> None:
    model = account.config(**serverless())
    with pytest.raises(ClientError, match="Several variants are not supported"):
        account.client("sagemaker").create_endpoint_config(
            EndpointConfigName=f"{model}-two",
            ProductionVariants=[
                {
                    "VariantName": name,
                    "ModelName": model,
                    "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
                }
                for name in ("one", "two")
            ],
        )


def test_a_variant_with_instances_has_no_concurrency_to_change(account: Account) -> None:
    name = account.serve()
    with pytest.raises(ClientError, match="is not serverless"):
        change(account, name, MaxConcurrency=2)
    account.delete(name)
