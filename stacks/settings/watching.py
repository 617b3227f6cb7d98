"""What is watched and kept: alarms, data capture, drift."""

from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.settings.values import Email, Label, Percent, Table, refuse

_Emails = tuple[Email, ...]


class AlarmSettings(Table):
    """`[<stage>.alarms]`. An alarm goes off where its metric is beyond the number."""

    invocation_4xx_percent: Annotated[
        Percent,
        Field(
            description="percentage of invocations in five minutes that end with a 4XX error: "
            "callers' mistakes"
        ),
    ] = 20
    invocation_5xx_percent: Annotated[
        Percent,
        Field(
            description="percentage of invocations in a minute that end with a 5XX error; "
            "rolls updates back"
        ),
    ] = 1
    model_latency_p50_ms: Annotated[
        float, Field(gt=0, description="median of ModelLatency, milliseconds")
    ] = 250
    model_latency_p99_ms: Annotated[
        float,
        Field(
            gt=0, description="99th percentile of ModelLatency, milliseconds; rolls updates back"
        ),
    ] = 1000
    overhead_latency_p99_ms: Annotated[
        float, Field(gt=0, description="99th percentile of OverheadLatency, milliseconds")
    ] = 500
    no_traffic_minutes: Annotated[
        int,
        Field(
            ge=0,
            le=1440,
            description="minutes without an invocation where traffic is expected; 0 for no "
            "such alarm",
        ),
    ] = 0
    cpu_percent: Annotated[
        Percent, Field(description="CPU utilization of all cores of an instance")
    ] = 90
    memory_percent: Annotated[Percent, Field(description="memory utilization of an instance")] = 90
    disk_percent: Annotated[Percent, Field(description="disk utilization of an instance")] = 80
    gpu_percent: Annotated[Percent, Field(description="utilization of all GPUs of an instance")] = (
        95
    )
    gpu_memory_percent: Annotated[
        Percent, Field(description="memory utilization of all GPUs of an instance")
    ] = 90
    at_maximum_minutes: Annotated[
        int,
        Field(
            ge=1,
            le=1440,
            description="minutes during which as many instances run as `scaling.max_capacity` "
            "allows",
        ),
    ] = 30
    backlog_per_instance: Annotated[
        float, Field(gt=0, description="async: requests in the queue for each instance")
    ] = 100
    backlog_age_minutes: Annotated[
        float, Field(gt=0, description="async: age of the oldest request in the queue, in minutes")
    ] = 15
    cache_miss_percent: Annotated[
        Percent,
        Field(description="multi-model: percentage of calls whose model had to be loaded first"),
    ] = 20
    critical_subscribers: Annotated[
        _Emails,
        Field(
            strict=False,
            description="e-mail addresses that get the critical alarms: requests fail or are late",
        ),
    ] = ()
    warning_subscribers: Annotated[
        _Emails,
        Field(
            strict=False,
            description="e-mail addresses that get the warnings: requests may soon fail or be late",
        ),
    ] = ()


class CaptureSettings(Table):
    """`[<stage>.capture]`. Requests and responses kept in the stage's bucket under `capture/`."""

    percent: Annotated[
        int, Field(ge=0, le=100, description="percentage of invocations that are kept; 0 for none")
    ] = 0
    days: Annotated[int, Field(ge=1, description="days that they are kept")] = 30


def _each_once(labels: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(labels)) < len(labels):
        raise refuse("names a label twice; leave one out")
    return labels


class DriftSettings(Table):
    """`[<stage>.drift]`. Statistics of inputs and predictions, against their usual values."""

    enabled: Annotated[bool, Field(description="alarm on drift of inputs and predictions")] = False
    band_width: Annotated[
        float,
        Field(
            gt=0, le=10, description="standard deviations around the forecast that count as usual"
        ),
    ] = 3
    labels: Annotated[
        tuple[Label, ...],
        AfterValidator(_each_once),
        Field(strict=False, max_length=10, description="entity labels whose rates have an alarm"),
    ] = ()
