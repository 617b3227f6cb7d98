"""The examples whose endpoints answer at once: deployed by the real CDK CLI, called by boto3."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.end_to_end.conftest import Deployment, an_example
from tests.end_to_end.example_model import ENTITIES, REQUEST, TEXT, entities
from tests.localaws.sagemaker.conftest import eventually

pytestmark = pytest.mark.long


def variants(deployment: Deployment) -> dict[str, Any]:
    """The variants of the endpoint, which serves, by name."""
    described = deployment.client("sagemaker").describe_endpoint(EndpointName=deployment.endpoint)
    assert described["EndpointStatus"] == "InService"
    shadows = described.get("ShadowProductionVariants", [])
    return {one["VariantName"]: one for one in [*described["ProductionVariants"], *shadows]}


def policies(deployment: Deployment) -> set[str]:
    """The names of the scaling policies."""
    found = deployment.client("application-autoscaling").describe_scaling_policies(
        ServiceNamespace="sagemaker"
    )["ScalingPolicies"]
    return {policy["PolicyName"] for policy in found}


def invocations(deployment: Deployment, variant: str) -> float:
    """How many requests a variant got in the last half hour."""
    now = datetime.now(UTC)
    points = deployment.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Dimensions=[
            {"Name": "EndpointName", "Value": deployment.endpoint},
            {"Name": "VariantName", "Value": variant},
        ],
        StartTime=now - timedelta(minutes=30),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


def primary_container(deployment: Deployment) -> dict[str, Any]:
    sagemaker = deployment.client("sagemaker")
    (model,) = sagemaker.list_models()["Models"]
    described = sagemaker.describe_model(ModelName=model["ModelName"])
    container: dict[str, Any] = described["PrimaryContainer"]
    return container


def test_real_time_serves_the_files_as_they_are_and_all_that_guards_it_stands(
    project: Path,
) -> None:
    with an_example(project, "real-time") as prod:
        assert entities(prod.client("sagemaker-runtime"), prod.endpoint) == ENTITIES
        assert variants(prod)["AllTraffic"]["CurrentInstanceCount"] == 2

        source = primary_container(prod)["ModelDataSource"]["S3DataSource"]
        assert (source["S3DataType"], source["CompressionType"]) == ("S3Prefix", "None")
        bucket, _, prefix = source["S3Uri"].removeprefix("s3://").partition("/")
        stored = prod.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
        shipped = {one["Key"].removeprefix(prefix): one["Size"] for one in stored}
        model = project / "build" / "model"
        assert shipped.pop("SHA256SUMS")
        assert shipped == {
            str(file.relative_to(model)): file.stat().st_size
            for file in model.rglob("*")
            if file.is_file() and "__pycache__" not in file.parts
        }

        assert policies(prod) == {
            "concurrent-requests-per-model",
            "invocations-per-instance",
            "steps",
        }
        actions = prod.client("application-autoscaling").describe_scheduled_actions(
            ServiceNamespace="sagemaker"
        )["ScheduledActions"]
        assert {one["Schedule"]: one["ScalableTargetAction"] for one in actions} == {
            "cron(0 7 ? * MON-FRI *)": {"MinCapacity": 4, "MaxCapacity": 8},
            "cron(0 19 ? * MON-FRI *)": {"MinCapacity": 2, "MaxCapacity": 8},
        }
        filters = prod.client("logs").describe_metric_filters()["metricFilters"]
        figures = {one["metricTransformations"][0]["metricName"] for one in filters}
        assert {f"EntitiesPerText-{label}" for label in ("PER", "ORG", "LOC")} < figures
        (dashboard,) = prod.client("cloudwatch").list_dashboards()["DashboardEntries"]
        assert dashboard["DashboardName"] == prod.endpoint


def test_serverless_answers_up_to_its_concurrency_and_refuses_what_is_beyond(project: Path) -> None:
    with an_example(project, "serverless") as dev:
        assert entities(dev.client("sagemaker-runtime"), dev.endpoint) == ENTITIES
        (variant,) = variants(dev).values()
        assert variant["CurrentServerlessConfig"] == {
            "MemorySizeInMB": 4096,
            "MaxConcurrency": 20,
            "ProvisionedConcurrency": 2,
        }
        assert policies(dev) == {"provisioned-concurrency"}
        assert eventually(lambda: refusals(dev, requests=40)) == {"ThrottlingException"}


def refusals(deployment: Deployment, *, requests: int) -> set[str]:
    """The error codes of what is refused where so many ask at one time, and never ask again."""
    once = Config(retries={"total_max_attempts": 1}, max_pool_connections=requests)
    runtime = deployment.client("sagemaker-runtime", config=once)
    long = json.dumps({"text": [TEXT] * 200}).encode()
    together = Barrier(requests)

    def ask(_: int) -> str | None:
        together.wait()
        try:
            runtime.invoke_endpoint(
                EndpointName=deployment.endpoint, ContentType="application/json", Body=long
            )
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return None

    with ThreadPoolExecutor(requests) as callers:
        return set(filter(None, callers.map(ask, range(requests))))


def test_both_variants_answer_by_weight_and_each_by_its_name(project: Path) -> None:
    with an_example(project, "ab-variants") as qa:
        runtime = qa.client("sagemaker-runtime")
        assert {name: one["CurrentWeight"] for name, one in variants(qa).items()} == {
            "Current": 9,
            "Candidate": 1,
        }
        used = Counter(
            runtime.invoke_endpoint(
                EndpointName=qa.endpoint, ContentType="application/json", Body=REQUEST
            )["InvokedProductionVariant"]
            for _ in range(200)  # without Candidate once in a thousand million times
        )
        assert used["Current"] > used["Candidate"] > 0
        for name in ("Current", "Candidate"):
            assert entities(runtime, qa.endpoint, TargetVariant=name) == ENTITIES


def test_a_shadow_gets_copies_and_production_answers(project: Path) -> None:
    with an_example(project, "shadow") as qa:
        runtime = qa.client("sagemaker-runtime")
        asked = 40  # of which none is copied once in a million million times
        for _ in range(asked):
            assert entities(runtime, qa.endpoint) == ENTITIES
        assert set(variants(qa)) == {"AllTraffic", "Shadow"}
        # Metrics are written a moment after the answer.
        assert eventually(lambda: invocations(qa, "AllTraffic") == asked)
        assert eventually(lambda: invocations(qa, "Shadow")) < asked


def test_a_private_network_has_the_instances_in_subnets_of_its_own(project: Path) -> None:
    with an_example(project, "private-network") as prod:
        assert entities(prod.client("sagemaker-runtime"), prod.endpoint) == ENTITIES
        sagemaker, ec2 = prod.client("sagemaker"), prod.client("ec2")
        (model,) = sagemaker.list_models()["Models"]
        described = sagemaker.describe_model(ModelName=model["ModelName"])
        assert described["EnableNetworkIsolation"] is True
        subnets = ec2.describe_subnets(SubnetIds=described["VpcConfig"]["Subnets"])["Subnets"]
        assert len({one["AvailabilityZone"] for one in subnets}) == 2
        (vpc,) = {one["VpcId"] for one in subnets}
        of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
        routes = [
            route.get("DestinationCidrBlock")
            for table in ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]
            for route in table["Routes"]
        ]
        assert "0.0.0.0/0" not in routes
