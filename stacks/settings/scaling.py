"""How many instances there are, and how updates replace them."""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from stacks.settings.values import Schedule, Table, TimeZone, conflict


class ScheduledCapacity(Table):
    """`[[<stage>.scaling.schedule]]`."""

    at: Annotated[Schedule, Field(description="when the capacity changes")]
    timezone: Annotated[TimeZone, Field(description="time zone of `at`, by its IANA name")] = "UTC"
    min_capacity: Annotated[int, Field(ge=0, description="lowest capacity from then on")]
    max_capacity: Annotated[int, Field(ge=1, description="highest capacity from then on")]

    @field_validator("max_capacity")
    @classmethod
    def _at_least_the_minimum(cls, value: int, info: ValidationInfo) -> int:
        lowest = info.data.get("min_capacity", value)
        if value < lowest:
            raise conflict(f"must be at least min_capacity ({lowest})")
        return value


class ScalingStep(Table):
    """`[[<stage>.scaling.steps]]`: how many to add from a load on."""

    above_percent: Annotated[
        float,
        Field(gt=100, description="load from which this step counts, in percent of the target"),
    ]
    add: Annotated[int, Field(ge=1, description="instances to add at once")]


class ScalingSettings(Table):
    """`[<stage>.scaling]`. Capacities are instances.

    In serverless mode they are provisioned concurrency, in inference-component mode copies.
    """

    enabled: Annotated[
        bool, Field(description="false removes the scalable target; the capacity stays as it is")
    ] = True
    min_capacity: Annotated[
        int, Field(ge=0, description="lowest capacity; 0 where the mode can scale to zero")
    ] = 1
    max_capacity: Annotated[int, Field(ge=1, description="highest capacity")] = 2
    initial_capacity: Annotated[
        int | None,
        Field(
            ge=1,
            description="capacity of the first deployment, after which scaling decides; unset: the "
            "minimum, or 1",
        ),
    ] = None
    invocations_per_instance: Annotated[
        float | None,
        Field(gt=0, description="target of scaling: invocations of an instance in a minute"),
    ] = None
    concurrent_requests_per_model: Annotated[
        float | None,
        Field(
            gt=0,
            description="target of scaling: concurrent requests of a model (a metric of every "
            "10 s)",
        ),
    ] = None
    backlog_per_instance: Annotated[
        float | None,
        Field(
            gt=0, description="target of scaling in async mode: queued requests for each instance"
        ),
    ] = None
    provisioned_concurrency_percent: Annotated[
        float | None,
        Field(
            gt=0,
            le=100,
            description="target of scaling in serverless mode: used share of provisioned "
            "concurrency",
        ),
    ] = None
    scale_in_cooldown_seconds: Annotated[
        int, Field(ge=0, le=3600, description="wait after removing capacity")
    ] = 300
    scale_out_cooldown_seconds: Annotated[
        int, Field(ge=0, le=3600, description="wait after adding capacity")
    ] = 60
    disable_scale_in: Annotated[
        bool, Field(description="load only adds capacity; schedules still remove it")
    ] = False
    schedule: Annotated[tuple[ScheduledCapacity, ...], Field(strict=False)] = ()
    steps: Annotated[tuple[ScalingStep, ...], Field(strict=False)] = ()

    @field_validator("max_capacity", "initial_capacity")
    @classmethod
    def _at_least_the_minimum(cls, value: int | None, info: ValidationInfo) -> int | None:
        lowest = info.data.get("min_capacity")
        if value is not None and lowest is not None and value < lowest:
            raise conflict(f"must be at least min_capacity ({lowest})")
        return value

    @field_validator("initial_capacity")
    @classmethod
    def _at_most_the_maximum(cls, value: int | None, info: ValidationInfo) -> int | None:
        highest = info.data.get("max_capacity")
        if value is not None and highest is not None and value > highest:
            raise conflict(f"must be at most max_capacity ({highest})")
        return value

    @property
    def initial(self) -> int:
        """Capacity of the first deployment."""
        return self.initial_capacity or max(1, self.min_capacity)


class UpdateSettings(Table):
    """`[<stage>.update]`. SageMaker's deployment guardrails."""

    strategy: Annotated[
        Literal["all-at-once", "canary", "linear", "rolling"],
        Field(description="how traffic goes over to new instances"),
    ] = "all-at-once"
    step_percent: Annotated[
        int,
        Field(
            ge=5,
            le=50,
            description="percentage of capacity: of the canary, a linear step, a rolling batch",
        ),
    ] = 20
    wait_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=3600,
            description="wait between steps, in which alarms may roll the update back",
        ),
    ] = 300
    bake_seconds: Annotated[
        int,
        Field(ge=0, le=3600, description="wait after the last step, before the old instances end"),
    ] = 300
    timeout_seconds: Annotated[
        int,
        Field(
            ge=600, le=28800, description="time for the whole update, after which it is rolled back"
        ),
    ] = 7200
    rollback_alarms: Annotated[
        tuple[str, ...],
        Field(
            strict=False,
            description="names of alarms of your own that roll an update back, beside those of "
            "5XX errors and p99 latency",
        ),
    ] = ()

    @field_validator("step_percent")
    @classmethod
    def _linear_from_ten(cls, value: int, info: ValidationInfo) -> int:
        # TrafficRoutingConfig.LinearStepSize: 10-50 % of capacity.
        if info.data.get("strategy") == "linear" and value < 10:
            raise conflict("must be at least 10 for a linear update")
        return value
