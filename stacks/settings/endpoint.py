"""What an endpoint runs on: instances, and the variants among which they are shared.

Limits are those of ProductionVariant and its neighbours in SageMaker's service model.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stacks.settings.values import Array, InstanceType, Table, VariantName, refuse


class MetricsSettings(Table):
    """`[<stage>.endpoint.metrics]`."""

    enhanced: bool = False
    """publish utilization and invocations of each instance, too (more metrics to pay for)"""
    frequency_seconds: Literal[10, 30, 60, 120, 180, 240, 300] = 60
    """how often metrics are published"""
    detailed_observability: bool = True
    """publish the container's `/metrics`, GPUs and hosts, for PromQL"""


class EndpointSettings(Table):
    """`[<stage>.endpoint]`."""

    instance_type: InstanceType | None = None
    """a SageMaker hosting instance type; without effect in serverless mode"""
    fallback_instance_types: Annotated[Array[InstanceType], Field(max_length=4)] = ()
    """instance types to take, in this order, where `instance_type` has no capacity"""
    volume_size_gb: Annotated[int | None, Field(ge=1, le=512)] = None
    """size of the storage volume in GB; unset: SageMaker's choice"""
    startup_timeout_seconds: Annotated[int, Field(ge=60, le=3600)] = 600
    """time for the container to pass its health check"""
    download_timeout_seconds: Annotated[int, Field(ge=60, le=3600)] = 600
    """time to download and unpack the model"""
    provision_timeout_seconds: Annotated[int | None, Field(ge=300, le=3600)] = None
    """time to find capacity for an instance; unset: SageMaker's default"""
    routing: Literal["LEAST_OUTSTANDING_REQUESTS", "RANDOM"] = "LEAST_OUTSTANDING_REQUESTS"
    """how SageMaker chooses the instance that gets a request"""
    core_dumps: bool = False
    """keep core dumps of the container in the stage's bucket"""
    ssm_access: bool = False
    """let operators into the container through Systems Manager"""
    metrics: MetricsSettings = MetricsSettings()

    @property
    def instance_types(self) -> tuple[str, ...]:
        """In order of priority; empty where the stage is serverless."""
        first = (self.instance_type,) if self.instance_type else ()
        return (*first, *self.fallback_instance_types)


class VariantSettings(Table):
    """`[<stage>.variants.<name>]`. What it leaves out is as in `[<stage>.endpoint]`."""

    weight: Annotated[float, Field(ge=0)]
    """its share of the requests is its weight, divided by the sum of all weights"""
    model: str | None = None
    """an MLflow model folder in place of `model.path`"""
    instance_type: InstanceType | None = None
    """instance type in place of the endpoint's"""


class ShadowSettings(Table):
    """`[<stage>.shadow]`. A candidate that gets copies of requests, unseen by callers."""

    model: str
    """the candidate's MLflow model folder"""
    percent: Annotated[float, Field(gt=0, le=100)] = 100
    """percentage of the requests that are copied to it"""
    instance_type: InstanceType | None = None
    """instance type in place of the endpoint's"""
    instance_count: Annotated[int, Field(ge=1)] = 1
    """how many instances it has; they do not scale"""


def _some_weight(variants: dict[str, VariantSettings]) -> dict[str, VariantSettings]:
    if variants and not any(variant.weight for variant in variants.values()):
        raise refuse("no variant has a weight above 0: nothing would be answered")
    return variants


Variants = Annotated[
    dict[VariantName, VariantSettings], Field(max_length=10), AfterValidator(_some_weight)
]
