"""What an endpoint runs on: instances, and the variants among which they are shared.

Limits are those of ProductionVariant and its neighbours in SageMaker's service model.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stacks.settings.values import InstanceType, Table, VariantName, refuse


class MetricsSettings(Table):
    """`[<stage>.endpoint.metrics]`."""

    enhanced: Annotated[
        bool,
        Field(
            description="publish utilization and invocations of each instance, too (more "
            "metrics to pay for)"
        ),
    ] = False
    frequency_seconds: Annotated[
        Literal[10, 30, 60, 120, 180, 240, 300],
        Field(description="how often metrics are published"),
    ] = 60
    detailed_observability: Annotated[
        bool, Field(description="publish the container's `/metrics`, GPUs and hosts, for PromQL")
    ] = True


class EndpointSettings(Table):
    """`[<stage>.endpoint]`."""

    instance_type: Annotated[
        InstanceType | None,
        Field(description="a SageMaker hosting instance type; without effect in serverless mode"),
    ] = None
    fallback_instance_types: Annotated[
        tuple[InstanceType, ...],
        Field(
            strict=False,
            max_length=4,
            description="instance types to take, in this order, where `instance_type` has no "
            "capacity",
        ),
    ] = ()
    volume_size_gb: Annotated[
        int | None,
        Field(
            ge=1, le=512, description="size of the storage volume in GB; unset: SageMaker's choice"
        ),
    ] = None
    startup_timeout_seconds: Annotated[
        int, Field(ge=60, le=3600, description="time for the container to pass its health check")
    ] = 600
    download_timeout_seconds: Annotated[
        int, Field(ge=60, le=3600, description="time to download and unpack the model")
    ] = 600
    provision_timeout_seconds: Annotated[
        int | None,
        Field(
            ge=300,
            le=3600,
            description="time to find capacity for an instance; unset: SageMaker's default",
        ),
    ] = None
    routing: Annotated[
        Literal["LEAST_OUTSTANDING_REQUESTS", "RANDOM"],
        Field(description="how SageMaker chooses the instance that gets a request"),
    ] = "LEAST_OUTSTANDING_REQUESTS"
    core_dumps: Annotated[
        bool, Field(description="keep core dumps of the container in the stage's bucket")
    ] = False
    ssm_access: Annotated[
        bool, Field(description="let operators into the container through Systems Manager")
    ] = False
    metrics: MetricsSettings = MetricsSettings()

    @property
    def instance_types(self) -> tuple[str, ...]:
        """In order of priority; empty where the stage is serverless."""
        first = (self.instance_type,) if self.instance_type else ()
        return (*first, *self.fallback_instance_types)


class VariantSettings(Table):
    """`[<stage>.variants.<name>]`. What it leaves out is as in `[<stage>.endpoint]`."""

    weight: Annotated[
        float,
        Field(
            ge=0,
            description="its share of the requests is its weight, divided by the sum of all "
            "weights",
        ),
    ]
    model: Annotated[
        str | None, Field(description="an MLflow model folder in place of `model.path`")
    ] = None
    instance_type: Annotated[
        InstanceType | None, Field(description="instance type in place of the endpoint's")
    ] = None


class ShadowSettings(Table):
    """`[<stage>.shadow]`. A candidate that gets copies of requests, unseen by callers."""

    model: Annotated[str, Field(description="the candidate's MLflow model folder")]
    percent: Annotated[
        float, Field(gt=0, le=100, description="percentage of the requests that are copied to it")
    ] = 100
    instance_type: Annotated[
        InstanceType | None, Field(description="instance type in place of the endpoint's")
    ] = None
    instance_count: Annotated[
        int, Field(ge=1, description="how many instances it has; they do not scale")
    ] = 1


def _some_weight(variants: dict[str, VariantSettings]) -> dict[str, VariantSettings]:
    if variants and not any(variant.weight for variant in variants.values()):
        raise refuse("no variant has a weight above 0: nothing would be answered")
    return variants


Variants = Annotated[
    dict[VariantName, VariantSettings], Field(max_length=10), AfterValidator(_some_weight)
]
