"""What each mode other than real-time adds to an endpoint.

Limits are those of ProductionVariantServerlessConfig, AsyncInferenceConfig, CreateTransformJob
and their neighbours in SageMaker's service model.
"""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from stacks.settings.values import Array, Email, MediaType, Schedule, Table, conflict

MAX_CONCURRENCY = 200


class ServerlessSettings(Table):
    """`[<stage>.serverless]`."""

    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = 4096
    """memory of one execution environment, in MB"""
    max_concurrency: Annotated[int, Field(ge=1, le=MAX_CONCURRENCY)] = 20
    """concurrent invocations; more are refused with a 429"""
    provisioned_concurrency: Annotated[int, Field(ge=0, le=MAX_CONCURRENCY)] = 0
    """execution environments that are kept warm; 0 for none"""

    @field_validator("provisioned_concurrency")
    @classmethod
    def _within_the_maximum(cls, value: int, info: ValidationInfo) -> int:
        highest = info.data.get("max_concurrency", value)
        if value > highest:
            raise conflict(f"must be at most max_concurrency ({highest})")
        return value


class AsyncSettings(Table):
    """`[<stage>.async]`. Results lie in the stage's bucket under `async/`."""

    max_concurrent_invocations_per_instance: Annotated[int, Field(ge=1, le=1000)] = 4
    """concurrent invocations of an instance"""
    result_days: Annotated[int, Field(ge=1)] = 30
    """days that results and failures are kept"""
    success_subscribers: Array[Email] = ()
    """e-mail addresses that get a notification of each result"""
    error_subscribers: Array[Email] = ()
    """e-mail addresses that get a notification of each failure"""


class BatchSettings(Table):
    """`[<stage>.batch]`. Objects under `batch/input/` of the stage's bucket become results."""

    instance_count: Annotated[int, Field(ge=1, le=100)] = 1
    """instances of a job"""
    split: Literal["Line", "None"] = "Line"
    """whether each line of an object is a record"""
    join: Literal["Line", "None"] = "Line"
    """how the records' results are put together"""
    strategy: Literal["MultiRecord", "SingleRecord"] = "MultiRecord"
    """whether a request holds one record or several"""
    content_type: MediaType = "application/jsonlines"
    """media type of the objects"""
    accept: MediaType = "application/jsonlines"
    """media type of the results"""
    max_payload_mb: Annotated[int, Field(ge=1, le=100)] = 6
    """the largest request, in MB"""
    max_concurrent_transforms: Annotated[int, Field(ge=1, le=1000)] = 4
    """concurrent requests to an instance"""
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    """how often a job is tried, with growing waits between"""
    timeout_hours: Annotated[int, Field(ge=1, le=120)] = 24
    """time limit of one job, in hours"""
    schedule: Schedule | None = None
    """schedule on which a job starts; unset: none"""
    on_arrival: bool = False
    """start a job for each object that arrives"""
    result_days: Annotated[int, Field(ge=1)] = 90
    """days that results are kept"""

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

    archives: str | None = None
    """a folder of .tar.gz archives that each deployment copies there"""
    cache: bool = True
    """keep models loaded; false for many that are rarely called"""


class InferenceComponentSettings(Table):
    """`[<stage>.inference_component]`. What one copy of the model takes of an instance."""

    accelerators: Annotated[int, Field(ge=0)] = 1
    """GPUs for each copy"""
    cpu_cores: Annotated[float | None, Field(ge=0.25)] = None
    """CPU cores for each copy"""
    memory_mb: Annotated[int, Field(ge=128)] = 4096
    """memory for each copy, in MB"""
