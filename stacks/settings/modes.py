"""What each mode other than real-time adds to an endpoint.

Limits are those of ProductionVariantServerlessConfig, AsyncInferenceConfig, CreateTransformJob
and their neighbours in SageMaker's service model.
"""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from stacks.settings.values import Email, MediaType, Schedule, Table, conflict

Memory = Literal[1024, 2048, 3072, 4096, 5120, 6144]
MAX_CONCURRENCY = 200


class ServerlessSettings(Table):
    """`[<stage>.serverless]`."""

    memory_mb: Annotated[
        Memory, Field(description="memory of one execution environment, in MB")
    ] = 4096
    max_concurrency: Annotated[
        int,
        Field(
            ge=1,
            le=MAX_CONCURRENCY,
            description="concurrent invocations; more are refused with a 429",
        ),
    ] = 20
    provisioned_concurrency: Annotated[
        int,
        Field(
            ge=0,
            le=MAX_CONCURRENCY,
            description="execution environments that are kept warm; 0 for none",
        ),
    ] = 0

    @field_validator("provisioned_concurrency")
    @classmethod
    def _within_the_maximum(cls, value: int, info: ValidationInfo) -> int:
        highest = info.data.get("max_concurrency", value)
        if value > highest:
            raise conflict(f"must be at most max_concurrency ({highest})")
        return value


class AsyncSettings(Table):
    """`[<stage>.async]`. Results lie in the stage's bucket under `async/`."""

    max_concurrent_invocations_per_instance: Annotated[
        int, Field(ge=1, le=1000, description="concurrent invocations of an instance")
    ] = 4
    result_days: Annotated[
        int, Field(ge=1, description="days that results and failures are kept")
    ] = 30
    success_subscribers: Annotated[
        tuple[Email, ...],
        Field(strict=False, description="e-mail addresses that get a notification of each result"),
    ] = ()
    error_subscribers: Annotated[
        tuple[Email, ...],
        Field(strict=False, description="e-mail addresses that get a notification of each failure"),
    ] = ()


class BatchSettings(Table):
    """`[<stage>.batch]`. Objects under `batch/input/` of the stage's bucket become results."""

    instance_count: Annotated[int, Field(ge=1, le=100, description="instances of a job")] = 1
    split: Annotated[
        Literal["Line", "None"], Field(description="whether each line of an object is a record")
    ] = "Line"
    join: Annotated[
        Literal["Line", "None"], Field(description="how the records' results are put together")
    ] = "Line"
    strategy: Annotated[
        Literal["MultiRecord", "SingleRecord"],
        Field(description="whether a request holds one record or several"),
    ] = "MultiRecord"
    content_type: Annotated[MediaType, Field(description="media type of the objects")] = (
        "application/jsonlines"
    )
    accept: Annotated[MediaType, Field(description="media type of the results")] = (
        "application/jsonlines"
    )
    max_payload_mb: Annotated[
        int, Field(ge=1, le=100, description="the largest request, in MB")
    ] = 6
    max_concurrent_transforms: Annotated[
        int, Field(ge=1, le=1000, description="concurrent requests to an instance")
    ] = 4
    attempts: Annotated[
        int, Field(ge=1, le=10, description="how often a job is tried, with growing waits between")
    ] = 3
    timeout_hours: Annotated[
        int, Field(ge=1, le=120, description="time limit of one job, in hours")
    ] = 24
    schedule: Annotated[
        Schedule | None, Field(description="schedule on which a job starts; unset: none")
    ] = None
    on_arrival: Annotated[bool, Field(description="start a job for each object that arrives")] = (
        False
    )
    result_days: Annotated[int, Field(ge=1, description="days that results are kept")] = 90

    @field_validator("max_concurrent_transforms")
    @classmethod
    def _within_sagemakers_product(cls, value: int, info: ValidationInfo) -> int:
        # CreateTransformJob: MaxConcurrentTransforms * MaxPayloadInMB must not exceed 100 MB.
        payload = info.data.get("max_payload_mb", 1)
        if value * payload > 100:
            raise conflict(f"times max_payload_mb ({payload}) must be at most 100")
        return value


class MultiModelSettings(Table):
    """`[<stage>.multi_model]`. Archives lie in the stage's bucket under `models/`."""

    archives: Annotated[
        str | None,
        Field(description="a folder of .tar.gz archives that each deployment copies there"),
    ] = None
    cache: Annotated[
        bool, Field(description="keep models loaded; false for many that are rarely called")
    ] = True


class InferenceComponentSettings(Table):
    """`[<stage>.inference_component]`. What one copy of the model takes of an instance."""

    accelerators: Annotated[int, Field(ge=0, description="GPUs for each copy")] = 1
    cpu_cores: Annotated[float | None, Field(ge=0.25, description="CPU cores for each copy")] = None
    memory_mb: Annotated[int, Field(ge=128, description="memory for each copy, in MB")] = 4096
