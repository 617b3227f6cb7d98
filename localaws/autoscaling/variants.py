"""SageMaker's endpoint variants: what is scaled here."""

import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from localaws.autoscaling.clients import Scope, client

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_RESOURCE = re.compile(r"endpoint/(?P<endpoint>[^/]+)/variant/(?P<variant>[^/]+)")


@dataclass(frozen=True)
class Variant:
    """A variant's instances; `settled` while no change is under way."""

    current: int
    desired: int
    settled: bool


def names(resource_id: str) -> tuple[str, str]:
    """Endpoint and variant of `endpoint/<name>/variant/<name>`; ValueError for anything else."""
    parts = _RESOURCE.fullmatch(resource_id)
    if parts is None:
        raise ValueError(
            f"Unsupported resource ID: {resource_id}; localaws scales"
            " endpoint/<name>/variant/<name>."
        )
    return parts["endpoint"], parts["variant"]


def find(where: Scope, resource_id: str) -> Variant | None:
    """The variant as SageMaker describes it, None where there is none."""
    endpoint, name = names(resource_id)
    try:
        described: dict[str, Any] = client("sagemaker", where).describe_endpoint(
            EndpointName=endpoint
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationException":
            return None
        raise
    for variant in described.get("ProductionVariants", []):
        if variant["VariantName"] == name:
            return Variant(
                variant.get("CurrentInstanceCount", 0),
                variant.get("DesiredInstanceCount", 0),
                described["EndpointStatus"] == "InService",
            )
    return None


def set_capacity(where: Scope, resource_id: str, instances: int) -> None:
    """Ask SageMaker for that many instances; ClientError where it refuses."""
    endpoint, name = names(resource_id)
    client("sagemaker", where).update_endpoint_weights_and_capacities(
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=[{"VariantName": name, "DesiredInstanceCount": instances}],
    )
