"""How many instances there are, and how updates replace them."""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from stacks.settings.values import Array, Schedule, Table, TimeZone, conflict


class ScheduledCapacity(Table):
    """`[[<stage>.scaling.schedule]]`."""

    at: Schedule
    """when the capacity changes"""
    timezone: TimeZone = "UTC"
    """time zone of `at`, by its IANA name"""
    min_capacity: Annotated[int, Field(ge=0)]
    """lowest capacity from then on"""
    max_capacity: Annotated[int, Field(ge=1)]
    """highest capacity from then on"""

    @field_validator("max_capacity")
    @classmethod
    def _at_least_the_minimum(cls, value: int, info: ValidationInfo) -> int:
        lowest = info.data.get("min_capacity", value)
        if value < lowest:
            raise conflict(f"must be at least min_capacity ({lowest})")
        return value


class ScalingStep(Table):
    """`[[<stage>.scaling.steps]]`: how many to add from a load on."""

    above_percent: Annotated[float, Field(gt=100)]
    """load from which this step counts, in percent of the target"""
    add: Annotated[int, Field(ge=1)]
    """instances to add at once"""


class ScalingSettings(Table):
    """`[<stage>.scaling]`. Capacities are instances.

    In serverless mode they are provisioned concurrency, in inference-component mode copies.
    """

    enabled: bool = True
    """false removes the scalable target; the capacity stays as it is"""
    min_capacity: Annotated[int, Field(ge=0)] = 1
    """lowest capacity; 0 where the mode can scale to zero"""
    max_capacity: Annotated[int, Field(ge=1)] = 2
    """highest capacity"""
    initial_capacity: Annotated[int | None, Field(ge=1)] = None
    """capacity of the first deployment, after which scaling decides; unset: the minimum, or 1"""
    invocations_per_instance: Annotated[float | None, Field(gt=0)] = None
    """target of scaling: invocations of an instance in a minute"""
    concurrent_requests_per_model: Annotated[float | None, Field(gt=0)] = None
    """target of scaling: concurrent requests of a model (a metric of every 10 s)"""
    backlog_per_instance: Annotated[float | None, Field(gt=0)] = None
    """target of scaling in async mode: queued requests for each instance"""
    provisioned_concurrency_percent: Annotated[float | None, Field(gt=0, le=100)] = None
    """target of scaling in serverless mode: used share of provisioned concurrency"""
    scale_in_cooldown_seconds: Annotated[int, Field(ge=0, le=3600)] = 300
    """wait after removing capacity"""
    scale_out_cooldown_seconds: Annotated[int, Field(ge=0, le=3600)] = 60
    """wait after adding capacity"""
    disable_scale_in: bool = False
    """load only adds capacity; schedules still remove it"""
    schedule: Array[ScheduledCapacity] = ()
    steps: Array[ScalingStep] = ()

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

    strategy: Literal["all-at-once", "canary", "linear", "rolling"] = "all-at-once"
    """how traffic goes over to new instances"""
    step_percent: Annotated[int, Field(ge=5, le=50)] = 20
    """percentage of capacity: of the canary, a linear step, a rolling batch"""
    wait_seconds: Annotated[int, Field(ge=0, le=3600)] = 300
    """wait between steps, in which alarms may roll the update back"""
    bake_seconds: Annotated[int, Field(ge=0, le=3600)] = 300
    """wait after the last step, before the old instances end"""
    timeout_seconds: Annotated[int, Field(ge=600, le=28800)] = 7200
    """time for the whole update, after which it is rolled back"""
    rollback_alarms: Array[str] = ()
    """names of alarms of your own that roll an update back, beside those of 5XX errors and p99
    latency"""

    @field_validator("step_percent")
    @classmethod
    def _linear_from_ten(cls, value: int, info: ValidationInfo) -> int:
        # TrafficRoutingConfig.LinearStepSize: 10-50 % of capacity.
        if info.data.get("strategy") == "linear" and value < 10:
            raise conflict("must be at least 10 for a linear update")
        return value
