"""What a running release has to show before it goes on to the next stage."""

from typing import Annotated

from pydantic import Field

from stacks.settings.values import Table

_Score = Annotated[float, Field(ge=0, le=1)]


class VerifySettings(Table):
    """`[<stage>.verify]`. What `berth verify` asks of the running endpoint."""

    bake_seconds: Annotated[
        int, Field(ge=0, le=86400, description="how long no alarm may go off")
    ] = 60
    requests_per_second: Annotated[
        float, Field(gt=0, le=1000, description="rate at which latency is measured")
    ] = 5
    seconds: Annotated[int, Field(ge=1, le=3600, description="how long it is measured")] = 30
    min_entity_f1: Annotated[
        _Score, Field(description="on the model's golden set, all labels together")
    ] = 0.8
    max_entity_f1_drop: Annotated[
        _Score, Field(description="below the former release's, on the same golden set")
    ] = 0.01
    max_label_f1_drop: Annotated[_Score, Field(description="the same for each label by itself")] = (
        0.05
    )
    max_latency_p50_ms: Annotated[
        float | None, Field(gt=0, description="as the caller sees it, milliseconds; unset: any")
    ] = None
    max_latency_p95_ms: Annotated[float | None, Field(gt=0, description="the same for p95")] = None
    max_latency_p99_ms: Annotated[float, Field(gt=0, description="the same for p99")] = 1000
    max_errors: Annotated[
        int,
        Field(ge=0, description="requests with no answer, or with one that is no list of spans"),
    ] = 0
