"""What is watched and kept: alarms, data capture, drift, and the verification of a release."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stacks.settings.values import Array, Email, Label, Percent, Table, refuse


class AlarmSettings(Table):
    """`[<stage>.alarms]`. An alarm goes off where its metric is beyond the number."""

    invocation_4xx_percent: Percent = 20
    """percentage of invocations in five minutes that end with a 4XX error: callers' mistakes"""
    invocation_5xx_percent: Percent = 1
    """percentage of invocations in a minute that end with a 5XX error; rolls updates back"""
    model_latency_p50_ms: Annotated[float, Field(gt=0)] = 250
    """median of ModelLatency, milliseconds"""
    model_latency_p99_ms: Annotated[float, Field(gt=0)] = 1000
    """99th percentile of ModelLatency, milliseconds; rolls updates back"""
    overhead_latency_p99_ms: Annotated[float, Field(gt=0)] = 500
    """99th percentile of OverheadLatency, milliseconds"""
    no_traffic_minutes: Annotated[int, Field(ge=0, le=1440)] = 0
    """minutes without an invocation where traffic is expected; 0 for no such alarm"""
    cpu_percent: Percent = 90
    """CPU utilization of all cores of an instance"""
    memory_percent: Percent = 90
    """memory utilization of an instance"""
    disk_percent: Percent = 80
    """disk utilization of an instance"""
    gpu_percent: Percent = 95
    """utilization of all GPUs of an instance"""
    gpu_memory_percent: Percent = 90
    """memory utilization of all GPUs of an instance"""
    at_maximum_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    """minutes during which as many instances run as `scaling.max_capacity` allows"""
    backlog_per_instance: Annotated[float, Field(gt=0)] = 100
    """async: requests in the queue for each instance"""
    backlog_age_minutes: Annotated[float, Field(gt=0)] = 15
    """async: age of the oldest request in the queue, in minutes"""
    cache_miss_percent: Percent = 20
    """multi-model: percentage of calls whose model had to be loaded first"""
    critical_subscribers: Array[Email] = ()
    """e-mail addresses that get the critical alarms: requests fail or are late"""
    warning_subscribers: Array[Email] = ()
    """e-mail addresses that get the warnings: requests may soon fail or be late"""


class CaptureSettings(Table):
    """`[<stage>.capture]`. Requests and responses kept in the stage's bucket under `capture/`."""

    percent: Annotated[int, Field(ge=0, le=100)] = 0
    """percentage of invocations that are kept; 0 for none"""
    days: Annotated[int, Field(ge=1)] = 30
    """days that they are kept"""


def _each_once(labels: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(labels)) < len(labels):
        raise refuse("names a label twice; leave one out")
    return labels


class DriftSettings(Table):
    """`[<stage>.drift]`. Statistics of inputs and predictions, against their usual values."""

    enabled: bool = False
    """alarm on drift of inputs and predictions"""
    band_width: Annotated[float, Field(gt=0, le=10)] = 3
    """standard deviations around the forecast that count as usual"""
    task: Literal["entities", "classes", "numbers", "vectors"] = "entities"
    """what the model finds in a text or makes of it, by which the figures are chosen"""
    labels: Annotated[Array[Label], AfterValidator(_each_once), Field(max_length=10)] = ()
    """labels of entities or classes whose rates have an alarm"""

    @property
    def has_labels(self) -> bool:
        """Whether the task has labels at all."""
        return self.task in {"entities", "classes"}


SEVERITIES = ("critical", "high", "medium", "low")
"""Of ECR's findings, the worst first."""

_Score = Annotated[float, Field(ge=0, le=1)]


class VerifySettings(Table):
    """`[<stage>.verify]`. What `berth verify` asks of the running endpoint."""

    bake_seconds: Annotated[int, Field(ge=0, le=86400)] = 60
    """seconds in which no alarm may go off"""
    requests_per_second: Annotated[float, Field(gt=0, le=1000)] = 5
    """rate at which latency is measured"""
    seconds: Annotated[int, Field(ge=1, le=3600)] = 30
    """seconds in which latency is measured"""
    min_cases: Annotated[int, Field(ge=1)] = 100
    """fewest cases of a golden set; with 100, one case is the 0.01 by which a score may drop"""
    min_accuracy: _Score = 0.8
    """lowest share of the golden set's cases that are right, where they are not spans"""
    max_accuracy_drop: _Score = 0.01
    """how far that share may be below the former release's, on the former's golden set"""
    max_mean_absolute_error: Annotated[float | None, Field(ge=0)] = None
    """numbers: highest mean distance from the golden set's values; unset: any"""
    min_mean_cosine: Annotated[float | None, Field(ge=-1, le=1)] = None
    """vectors: lowest mean cosine with the golden set's vectors; unset: any"""
    min_entity_f1: _Score = 0.8
    """spans: lowest F1 on the golden set, over all labels"""
    max_entity_f1_drop: _Score = 0.01
    """spans: how far F1 may be below the former release's, on the former's golden set"""
    max_label_f1_drop: _Score = 0.05
    """spans and labels: how far the F1 of each label may be below the former release's"""
    unjudged: Literal["stops", "goes-on", "goes-on-in-production"] = "stops"
    """whether a release goes on whose quality is not judged, for want of a golden set, or not
    compared, as the former one's set is gone; in a production stage by the third alone"""
    max_latency_p50_ms: Annotated[float | None, Field(gt=0)] = None
    """highest median latency that the caller sees, milliseconds; unset: any"""
    max_latency_p95_ms: Annotated[float | None, Field(gt=0)] = None
    """the same for the 95th percentile"""
    max_latency_p99_ms: Annotated[float, Field(gt=0)] = 1000
    """the same for the 99th percentile"""
    max_errors: Annotated[int, Field(ge=0)] = 0
    """how many requests may fail, or have a response without what the golden set judges"""
    image_findings: Literal["critical", "high", "medium", "low"] | None = None
    """least severity of a finding of ECR's scan that fails the image; unset: ECR is not asked"""

    def excuses(self, *, production: bool) -> bool:
        """Whether what is not judged, or not compared, lets a release go on."""
        return self.unjudged == "goes-on-in-production" or (
            self.unjudged == "goes-on" and not production
        )
