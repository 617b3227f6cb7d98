"""What a running release has to show before it goes on to the next stage."""

from typing import Annotated, Literal

from pydantic import Field

from stacks.settings.values import Table

SEVERITIES = ("critical", "high", "medium", "low")
"""Of ECR's findings, the worst first."""

_Score = Annotated[float, Field(ge=0, le=1)]


class VerifySettings(Table):
    """`[<stage>.verify]`. What `berth verify` asks of the running endpoint."""

    bake_seconds: Annotated[
        int, Field(ge=0, le=86400, description="seconds in which no alarm may go off")
    ] = 60
    requests_per_second: Annotated[
        float, Field(gt=0, le=1000, description="rate at which latency is measured")
    ] = 5
    seconds: Annotated[
        int, Field(ge=1, le=3600, description="seconds in which latency is measured")
    ] = 30
    min_entity_f1: Annotated[
        _Score, Field(description="lowest F1 on the model's golden set, over all labels")
    ] = 0.8
    max_entity_f1_drop: Annotated[
        _Score,
        Field(description="how far F1 may be below the former release's, on the same golden set"),
    ] = 0.01
    max_label_f1_drop: Annotated[
        _Score, Field(description="how far the F1 of each label may be below the former release's")
    ] = 0.05
    max_latency_p50_ms: Annotated[
        float | None,
        Field(
            gt=0,
            description="highest median latency that the caller sees, milliseconds; unset: any",
        ),
    ] = None
    max_latency_p95_ms: Annotated[
        float | None, Field(gt=0, description="the same for the 95th percentile")
    ] = None
    max_latency_p99_ms: Annotated[
        float, Field(gt=0, description="the same for the 99th percentile")
    ] = 1000
    max_errors: Annotated[
        int,
        Field(
            ge=0,
            description="how many requests may fail, or have a response that is not a list of "
            "spans",
        ),
    ] = 0
    image_findings: Annotated[
        Literal["critical", "high", "medium", "low"] | None,
        Field(
            description="least severity of a finding of ECR's scan that fails the image; unset: "
            "ECR is not asked",
        ),
    ] = None
