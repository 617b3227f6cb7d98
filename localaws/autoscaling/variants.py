"""SageMaker's endpoint variants, which are scaled here."""

import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from localaws.autoscaling.registry import Key
from localaws.autoscaling.tracking import CONCURRENCY, INSTANCES
from localaws.clients import client
from localaws.json_api import AwsError

WHAT = {INSTANCES: "desired instance count", CONCURRENCY: "desired provisioned concurrency"}
"""The name of a scalable dimension in an activity."""

_RESOURCE = re.compile(r"endpoint/(?P<endpoint>[^/]+)/variant/(?P<variant>[^/]+)")


@dataclass(frozen=True)
class Variant:
    """A variant's capacity; `settled` while no change is in progress, `least` its minimum.

    The capacity is its instances, or the provisioned concurrency of a serverless one.
    """

    desired: int
    settled: bool
    least: int


def names(resource_id: str) -> tuple[str, str]:
    """Endpoint and variant of `endpoint/<name>/variant/<name>`; AwsError for anything else."""
    parts = _RESOURCE.fullmatch(resource_id)
    if parts is None:
        raise AwsError.validation(
            f"Unsupported resource ID: {resource_id}; localaws scales"
            " endpoint/<name>/variant/<name>."
        )
    return parts["endpoint"], parts["variant"]


def find(key: Key) -> Variant | None:
    """The variant as SageMaker describes it, None where none has such a dimension."""
    endpoint, name = names(key.resource_id)
    try:
        described: dict[str, Any] = client(key.scope, "sagemaker").describe_endpoint(
            EndpointName=endpoint
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationException":
            return None
        raise
    settled = described["EndpointStatus"] == "InService"
    for variant in described.get("ProductionVariants", []):
        serverless = variant.get("DesiredServerlessConfig")
        if variant["VariantName"] != name or bool(serverless) != (key.dimension == CONCURRENCY):
            continue
        if serverless:
            return Variant(serverless.get("ProvisionedConcurrency", 0), settled, 1)
        # Only asynchronous endpoints scale to zero.
        least = 0 if "AsyncInferenceConfig" in described else 1
        return Variant(variant.get("DesiredInstanceCount", 0), settled, least)
    return None


def set_capacity(key: Key, capacity: int) -> None:
    """Ask SageMaker for that capacity; ClientError where it refuses."""
    endpoint, name = names(key.resource_id)
    wanted: dict[str, Any] = {"DesiredInstanceCount": capacity}
    if key.dimension == CONCURRENCY:
        wanted = {"ServerlessUpdateConfig": {"ProvisionedConcurrency": capacity}}
    client(key.scope, "sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=endpoint, DesiredWeightsAndCapacities=[{"VariantName": name, **wanted}]
    )
