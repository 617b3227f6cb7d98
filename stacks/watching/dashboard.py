"""The dashboard of a stage: whether it is up, fast and right, and what it costs in instances."""

from collections.abc import Sequence

from stacks.instance_types import gpu_count, vcpu_count
from stacks.stage_plan import StagePlan
from stacks.watching.drift import figures
from stacks.watching.invocations import error_rate
from stacks.watching.metrics import Formula, WatchedVariant, requests, watched_variants
from stacks.watching.queue import cache_miss_rate, of_queue
from stacks.watching.widgets import Line, Widget, graph, laid_out, number, status, text

_MILLISECONDS = 0.001  # of a metric in microseconds
_SECONDS = 0.000001


def dashboard(plan: StagePlan, alarm_arns: Sequence[str]) -> list[Widget]:
    """The widgets, placed."""
    settings, variants = plan.settings, watched_variants(plan)
    rows = [
        [text(f"# {plan.names.endpoint} · is it up?")],
        _up(plan, variants, alarm_arns),
        [text("# Is it fast?")],
        _fast(plan, variants),
        *_waiting(plan, variants),
        [text("# Is it right?" + ("" if settings.drift.enabled else _UNWATCHED))],
        *_right(plan),
        [text("# What does it cost in instances?")],
        *_cost(plan, variants),
    ]
    return laid_out(rows, settings.region)


_UNWATCHED = " Not watched: `drift.enabled` is false in stages.toml."


def _lines(
    variants: Sequence[WatchedVariant], called: str, statistic: str, metric: str
) -> list[Line]:
    return [
        Line(f"{each.name} {called}".strip(), each.invocations(metric, statistic), _MILLISECONDS)
        for each in variants
    ]


def _up(
    plan: StagePlan, variants: Sequence[WatchedVariant], alarm_arns: Sequence[str]
) -> list[Widget]:
    rates = [
        Line(f"{each.name} {kind}", error_rate(each, kind))
        for each in variants
        for kind in ("5XX", "4XX")
    ]
    answered = [Line(each.name, requests(each, plan.mode)) for each in variants]
    return [
        status("Alarms", alarm_arns),
        graph("Invocations", answered, unit="a minute"),
        graph("Errors", rates, unit="%", limit=plan.settings.alarms.invocation_5xx_percent),
    ]


def _fast(plan: StagePlan, variants: Sequence[WatchedVariant]) -> list[Widget]:
    alarms, metrics = plan.settings.alarms, plan.mode.metrics
    latency = [
        line
        for each in variants
        for called in ("p50", "p90", "p99")
        for line in _lines([each], called, called, "ModelLatency")
    ]
    limit = alarms.model_latency_p99_ms
    found = [graph("Model latency", latency, unit="ms", limit=limit)]
    if "OverheadLatency" in metrics:
        overhead = _lines(variants, "p99", "p99", "OverheadLatency")
        limit = alarms.overhead_latency_p99_ms
        found.append(graph("SageMaker's overhead", overhead, unit="ms", limit=limit))
    if "ModelSetupTime" in metrics:
        setup = _lines(variants, "slowest", "Maximum", "ModelSetupTime")
        found.append(graph("Cold starts", setup, unit="ms"))
    return found


def _waiting(plan: StagePlan, variants: Sequence[WatchedVariant]) -> list[list[Widget]]:
    """What async endpoints and multi-model ones have beside."""
    alarms, metrics, endpoint = plan.settings.alarms, plan.mode.metrics, plan.names.endpoint
    if "ApproximateBacklogSize" in metrics:
        size = Line("all", of_queue(endpoint, "ApproximateBacklogSize", "Maximum"))
        each = Line(
            "an instance", of_queue(endpoint, "ApproximateBacklogSizePerInstance", "Average")
        )
        age = Line("oldest", of_queue(endpoint, "ApproximateAgeOfOldestRequest", "Maximum"))
        failed = [Line(one.name, one.invocations("InvocationFailures", "Sum")) for one in variants]
        old = alarms.backlog_age_minutes * 60
        return [
            [
                graph("Requests that wait", [size, each], unit="requests"),
                graph("Age of the oldest", [age], unit="s", limit=old),
                graph("Failures", failed, unit="a minute"),
            ]
        ]
    if "ModelCacheHit" in metrics:
        misses = [Line(one.name, cache_miss_rate(one)) for one in variants]
        loaded = [Line(one.name, one.instances("LoadedModelCount", "Average")) for one in variants]
        waited = _lines(variants, "slowest", "Maximum", "ModelLoadingWaitTime")
        limit = alarms.cache_miss_percent
        return [
            [
                graph("Calls that waited for their model", misses, unit="%", limit=limit),
                graph("Models loaded", loaded, unit="an instance"),
                graph("Waiting for a model", waited, unit="ms"),
            ]
        ]
    return []


def _right(plan: StagePlan) -> list[list[Widget]]:
    drift = plan.settings.drift
    if not drift.enabled:
        return []
    found = [
        graph(
            figure.name,
            [Line(figure.name, figure.metric(plan.names.metric_namespace), band=drift.band_width)],
            unit="",
        )
        for figure in figures(drift)
    ]
    return [found[index : index + 3] for index in range(0, len(found), 3)]


def _cost(plan: StagePlan, variants: Sequence[WatchedVariant]) -> list[list[Widget]]:
    if not plan.mode.has_instances:
        return [_serverless_cost(variants)]
    settings, every = plan.settings, plan.settings.endpoint.metrics.frequency_seconds
    called = "copies" if variants[0].component else "instances"
    # A sample stands for `every` seconds of an instance.
    running = [
        Line(each.name, Formula(f"{{n}} * {every} / PERIOD({{n}})", {"n": each.capacity}))
        for each in variants
    ]
    hours = [Line(each.name, each.capacity, every / 3600) for each in variants]
    limit = settings.scaling.max_capacity if settings.scaling.enabled else None
    return [
        [
            graph(called.capitalize(), running, unit=called, limit=limit),
            number(f"Hours of {called}, in the time shown", hours),
            graph("Used of an instance", _used(variants), unit="%"),
        ]
    ]


def _used(variants: Sequence[WatchedVariant]) -> list[Line]:
    """Percent of all cores and GPUs of the variant's first instance type."""
    found = []
    for each in variants:
        cores, gpus = vcpu_count(each.instance_types[0]), gpu_count(each.instance_types[0])
        used = [("CPU", "CPUUtilization", cores), ("memory", "MemoryUtilization", 1)]
        used.append(("disk", "DiskUtilization", 1))
        if gpus:
            used += [("GPU", "GPUUtilization", gpus), ("GPU memory", "GPUMemoryUtilization", gpus)]
        found += [
            Line(f"{each.name} {called}", each.instances(metric, "Average"), 1 / times)
            for called, metric, times in used
        ]
    return found


def _serverless_cost(variants: Sequence[WatchedVariant]) -> list[Widget]:
    """There are no instances: what is paid for is seconds of computing."""
    computed = [
        Line(each.name, each.invocations("ModelLatency", "Sum"), _SECONDS) for each in variants
    ]
    share = [
        Line(
            each.name, each.invocations("ServerlessConcurrentExecutionsUtilization", "Maximum"), 100
        )
        for each in variants
    ]
    memory = [Line(each.name, each.instances("MemoryUtilization", "Maximum")) for each in variants]
    return [
        number("Seconds computed, in the time shown", computed),
        graph("Used of max_concurrency", share, unit="%", limit=100),
        graph("Used of the memory", memory, unit="%"),
    ]
