"""What a running release has to show before it goes on to the next stage."""

from typing import Annotated

from pydantic import Field

from stacks.settings.values import Table

_Score = Annotated[float, Field(ge=0, le=1)]


class VerifySettings(Table):
    """`[<stage>.verify]`. What `berth verify` asks of the running endpoint."""

    bake_seconds: Annotated[int, Field(ge=0, le=86400)] = 60
    """seconds in which no alarm may go off"""
    requests_per_second: Annotated[float, Field(gt=0, le=1000)] = 5
    """rate at which latency is measured"""
    seconds: Annotated[int, Field(ge=1, le=3600)] = 30
    """seconds in which latency is measured"""
    min_entity_f1: _Score = 0.8
    """lowest F1 on the model's golden set, over all labels"""
    max_entity_f1_drop: _Score = 0.01
    """how far F1 may be below the former release's, on the same golden set"""
    max_label_f1_drop: _Score = 0.05
    """how far the F1 of each label may be below the former release's"""
    max_latency_p50_ms: Annotated[float | None, Field(gt=0)] = None
    """highest median latency that the caller sees, milliseconds; unset: any"""
    max_latency_p95_ms: Annotated[float | None, Field(gt=0)] = None
    """the same for the 95th percentile"""
    max_latency_p99_ms: Annotated[float, Field(gt=0)] = 1000
    """the same for the 99th percentile"""
    max_errors: Annotated[int, Field(ge=0)] = 0
    """how many requests may fail, or have a response that is not a list of spans"""
