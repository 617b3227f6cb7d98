"""Which alarms a stage has, on what, from which number on, and who hears of them."""

import json
from typing import Any

import pytest

from tests.stacks.conftest import Template
from tests.stacks.monitoring.conftest import STAGES, Alarms, properties

pytestmark = pytest.mark.slow

Document = dict[str, Any]

EVERYWHERE = {
    "AllTraffic-5xx",
    "AllTraffic-latency-p99",
    "AllTraffic-4xx",
    "AllTraffic-latency-p50",
}
INSTANCES = {"AllTraffic-cpu", "AllTraffic-memory", "AllTraffic-disk", "AllTraffic-at-maximum"}
GPUS = {"AllTraffic-gpu", "AllTraffic-gpu-memory"}
OVERHEAD = {"AllTraffic-overhead-p99"}

BY_STAGE = {
    "realtime": EVERYWHERE | OVERHEAD | INSTANCES | GPUS | {"no-traffic"},
    "quiet": EVERYWHERE | OVERHEAD | INSTANCES - {"AllTraffic-at-maximum"},
    "async": EVERYWHERE
    | INSTANCES
    | GPUS
    | {"no-traffic", "backlog", "backlog-age", "AllTraffic-failures"},
    "multi": EVERYWHERE | OVERHEAD | INSTANCES | {"AllTraffic-cache-misses"},
    "uncached": EVERYWHERE | OVERHEAD | INSTANCES,
    "serverless": EVERYWHERE
    | OVERHEAD
    | {"AllTraffic-memory", "AllTraffic-concurrency", "AllTraffic-provisioned"},
    "component": EVERYWHERE | OVERHEAD | INSTANCES | GPUS,
}


def dimensions(metric: Document) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in metric.get("Dimensions", [])}


def watched(alarm: Document) -> list[Document]:
    """Every metric of an alarm, flat: Namespace, MetricName, Dimensions, Period, Stat."""
    if "MetricName" in alarm:
        stat = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        return [{**alarm, "Stat": stat}]
    stats = [query["MetricStat"] for query in alarm["Metrics"] if "MetricStat" in query]
    return [{**stat, **stat["Metric"]} for stat in stats]


def expression(alarm: Document) -> str:
    """The metric math of an alarm, its one result."""
    (result,) = (query for query in alarm["Metrics"] if query.get("ReturnData", True))
    found: str = result["Expression"]
    return found


@pytest.mark.parametrize("stage", BY_STAGE)
def test_a_mode_has_the_alarms_of_what_it_publishes(alarms: Alarms, stage: str) -> None:
    assert alarms(stage).keys() == BY_STAGE[stage]


@pytest.mark.parametrize("stage", sorted(set(STAGES) - {"component", "variants", "own", "named"}))
def test_metrics_of_a_variant_have_its_dimensions_and_those_of_the_queue_the_endpoints_alone(
    alarms: Alarms, stage: str
) -> None:
    endpoint = {"EndpointName": f"berth-{stage}"}
    for name, alarm in alarms(stage).items():
        if name.startswith("drift-"):
            continue  # test_drift has these
        expected = (
            endpoint if name.startswith("backlog") else endpoint | {"VariantName": "AllTraffic"}
        )
        assert [dimensions(metric) for metric in watched(alarm)] == [expected], name


def test_each_variant_is_watched_by_itself(alarms: Alarms) -> None:
    found = alarms("variants")
    for variant in ("Old", "New"):
        for name in ("5xx", "latency-p99", "4xx", "cpu", "at-maximum"):
            (metric,) = watched(found[f"{variant}-{name}"])
            assert dimensions(metric)["VariantName"] == variant


def test_answers_of_an_inference_component_are_published_by_its_name(alarms: Alarms) -> None:
    found = alarms("component")
    for name in EVERYWHERE | OVERHEAD | {"AllTraffic-at-maximum"}:
        (metric,) = watched(found[name])
        assert dimensions(metric) == {"InferenceComponentName": "berth-component"}, name
    (copies,) = watched(found["AllTraffic-at-maximum"])
    assert copies["Namespace"] == "/aws/sagemaker/InferenceComponents"
    (cpu,) = watched(found["AllTraffic-cpu"])
    assert dimensions(cpu) == {"EndpointName": "berth-component", "VariantName": "AllTraffic"}


@pytest.mark.parametrize(
    ("kind", "metric", "period", "threshold"),
    [("5xx", "Invocation5XXErrors", 60, 1), ("4xx", "Invocation4XXErrors", 300, 20)],
)
def test_errors_are_rates_by_metric_math_in_percent(
    alarms: Alarms, kind: str, metric: str, period: int, threshold: float
) -> None:
    for stage in ("realtime", "async", "serverless", "multi"):
        alarm = alarms(stage)[f"AllTraffic-{kind}"]
        assert expression(alarm) == "100 * errors"
        (errors,) = watched(alarm)
        assert (errors["Namespace"], errors["MetricName"]) == ("AWS/SageMaker", metric)
        assert (errors["Stat"], errors["Period"]) == ("Average", period)
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (
            threshold,
            "GreaterThanThreshold",
        )


@pytest.mark.parametrize(
    ("name", "metric", "stat", "threshold"),
    [
        ("latency-p99", "ModelLatency", "p99", 400_000),
        ("latency-p50", "ModelLatency", "p50", 250_000),
        ("overhead-p99", "OverheadLatency", "p99", 500_000),
    ],
)
def test_latencies_are_percentiles_in_microseconds_for_three_minutes(
    alarms: Alarms, name: str, metric: str, stat: str, threshold: float
) -> None:
    alarm = alarms("realtime")[f"AllTraffic-{name}"]
    (latency,) = watched(alarm)
    assert (latency["Namespace"], latency["MetricName"]) == ("AWS/SageMaker", metric)
    assert (latency["Stat"], latency["Period"], alarm["EvaluationPeriods"]) == (stat, 60, 3)
    assert alarm["Threshold"] == threshold


@pytest.mark.parametrize(
    ("name", "metric", "threshold"),
    [
        ("cpu", "CPUUtilization", 90 * 48),
        ("memory", "MemoryUtilization", 90),
        ("disk", "DiskUtilization", 80),
        ("gpu", "GPUUtilization", 95 * 4),
        ("gpu-memory", "GPUMemoryUtilization", 90 * 4),
    ],
)
def test_utilization_is_of_the_fullest_instance_and_adds_up_its_cores_and_gpus(
    alarms: Alarms, name: str, metric: str, threshold: float
) -> None:
    alarm = alarms("realtime")[f"AllTraffic-{name}"]  # ml.g4dn.12xlarge: 48 cores, 4 GPUs
    (used,) = watched(alarm)
    assert (used["Namespace"], used["MetricName"]) == ("/aws/sagemaker/Endpoints", metric)
    assert (used["Stat"], alarm["EvaluationPeriods"]) == ("Maximum", 5)
    assert alarm["Threshold"] == threshold
    assert alarm["TreatMissingData"] == "missing"


def test_of_several_instance_types_the_smallest_sets_the_threshold(alarms: Alarms) -> None:
    found = alarms("pools")  # ml.g5.xlarge: 4 cores, 1 GPU
    assert found["AllTraffic-cpu"]["Threshold"] == 90 * 4
    assert found["AllTraffic-gpu"]["Threshold"] == 95


@pytest.mark.parametrize(
    ("variant", "cores"),
    [
        ("Shared", 2),  # the endpoint's ml.c5.xlarge, or its fallback ml.c5.large
        ("Large", 16),  # ml.c5.4xlarge alone
        ("Gpu", 48),  # ml.g4dn.12xlarge alone
    ],
)
def test_an_instance_type_of_a_variants_own_sets_its_thresholds_alone(
    alarms: Alarms, variant: str, cores: int
) -> None:
    assert alarms("own")[f"{variant}-cpu"]["Threshold"] == 90 * cores


def test_a_variant_on_gpus_is_watched_for_them_beside_variants_on_cpus(alarms: Alarms) -> None:
    found = alarms("own")
    assert found["Gpu-gpu"]["Threshold"] == 95 * 4
    assert found["Gpu-gpu-memory"]["Threshold"] == 90 * 4
    assert not {"Shared-gpu", "Large-gpu"} & found.keys()


def test_a_serverless_variant_with_a_name_is_watched_as_serverless_by_that_name(
    alarms: Alarms,
) -> None:
    assert alarms("named").keys() == {
        name.replace("AllTraffic", "Only")
        for name in BY_STAGE["serverless"] - {"AllTraffic-provisioned"}
    }


@pytest.mark.parametrize(
    ("stage", "period", "threshold", "datapoints"),
    [
        ("realtime", 60, 4, (27, 30)),
        ("often", 60, 4 * 6, (27, 30)),  # six samples a minute of each
        ("seldom", 300, 4, (6, 6)),
    ],
)
def test_samples_of_cpu_count_the_instances_at_the_maximum(
    alarms: Alarms, stage: str, period: int, threshold: float, datapoints: tuple[int, int]
) -> None:
    alarm = alarms(stage)["AllTraffic-at-maximum"]
    (samples,) = watched(alarm)
    assert (samples["MetricName"], samples["Stat"]) == ("CPUUtilization", "SampleCount")
    assert (samples["Period"], alarm["Threshold"]) == (period, threshold)
    assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == datapoints
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_no_period_is_shorter_than_what_is_published_in_it(alarms: Alarms) -> None:
    for name, alarm in alarms("seldom").items():
        assert [metric["Period"] for metric in watched(alarm)] == [300], name


@pytest.mark.parametrize(("stage", "variants"), [("realtime", 1), ("variants", 2)])
def test_silence_is_of_all_variants_together_and_no_data_is_silence(
    alarms: Alarms, stage: str, variants: int
) -> None:
    alarm = alarms(stage)["no-traffic"]
    assert expression(alarm) == " + ".join(f"FILL(requests{n}, 0)" for n in range(variants))
    assert {(each["MetricName"], each["Stat"]) for each in watched(alarm)} == {
        ("Invocations", "Sum")
    }
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "LessThanThreshold")
    assert alarm["TreatMissingData"] == "breaching"


def test_silence_of_an_async_endpoint_is_no_latency_as_it_publishes_no_invocations(
    alarms: Alarms,
) -> None:
    alarm = alarms("async")["no-traffic"]
    (requests,) = watched(alarm)
    assert (requests["MetricName"], requests["Stat"]) == ("ModelLatency", "SampleCount")
    assert alarm["EvaluationPeriods"] == 30
    published = {
        each["MetricName"] for alarm in alarms("async").values() for each in watched(alarm)
    }
    assert not published & {"Invocations", "InvocationsPerInstance", "OverheadLatency"}


def test_the_queue_is_watched_by_size_and_age(alarms: Alarms) -> None:
    size, age = alarms("async")["backlog"], alarms("async")["backlog-age"]
    assert (size["MetricName"], size["Threshold"]) == ("ApproximateBacklogSizePerInstance", 100)
    assert (age["MetricName"], age["Statistic"]) == ("ApproximateAgeOfOldestRequest", "Maximum")
    assert age["Threshold"] == 15 * 60  # seconds


def test_async_failures_are_those_that_go_on(alarms: Alarms) -> None:
    alarm = alarms("async")["AllTraffic-failures"]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("InvocationFailures", "Sum")
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (300, 3, 0)


def test_cache_misses_are_what_is_not_hit(alarms: Alarms) -> None:
    alarm = alarms("multi")["AllTraffic-cache-misses"]
    assert expression(alarm) == "100 * (1 - hits)"
    (hits,) = watched(alarm)
    assert (hits["MetricName"], hits["Stat"], alarm["Threshold"]) == (
        "ModelCacheHit",
        "Average",
        20,
    )


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("concurrency", "ServerlessConcurrentExecutionsUtilization"),
        ("provisioned", "ServerlessProvisionedConcurrencyUtilization"),
    ],
)
def test_serverless_concurrency_is_used_up_at_a_share_of_one(
    alarms: Alarms, name: str, metric: str
) -> None:
    alarm = alarms("serverless")[f"AllTraffic-{name}"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SageMaker", metric)
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Maximum", 1)
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


CRITICAL = {"5xx", "latency-p99", "no-traffic", "backlog-age", "failures"}


@pytest.mark.parametrize("stage", STAGES)
def test_what_breaks_answers_now_goes_to_one_topic_and_the_rest_to_another(
    alarms: Alarms, stage: str
) -> None:
    for name, alarm in alarms(stage).items():
        critical = name in CRITICAL or name.partition("-")[2] in CRITICAL
        (heard,) = alarm["AlarmActions"]
        assert ("Critical" in json.dumps(heard)) is critical, name
        assert alarm["OKActions"] == alarm["AlarmActions"]


@pytest.mark.parametrize("stage", STAGES)
def test_every_alarm_says_what_happened_and_what_to_do(alarms: Alarms, stage: str) -> None:
    for name, alarm in alarms(stage).items():
        fact, _, advice = alarm["AlarmDescription"].partition(": ")
        assert fact[0].isupper(), name
        assert advice.endswith("."), name
        assert "%s" not in alarm["AlarmDescription"]


@pytest.mark.parametrize("stage", STAGES)
def test_an_alarm_looks_back_a_day_at_most(alarms: Alarms, stage: str) -> None:
    # PutMetricAlarm: EvaluationPeriods times Period is at most 86,400 seconds.
    for alarm in alarms(stage).values():
        longest = max(metric["Period"] for metric in watched(alarm))
        assert longest * alarm["EvaluationPeriods"] <= 86_400


def test_unhealthy_is_any_of_the_critical_alarms_and_comes_after_those_of_its_stack(
    stacks: dict[str, Template],
) -> None:
    template = stacks["async-Monitoring"]
    (composite,) = properties(template, "AWS::CloudWatch::CompositeAlarm")
    assert composite["AlarmName"] == "berth-async-unhealthy"
    assert set(composite["AlarmRule"].split(" OR ")) == {
        f'ALARM("berth-async-{name}")'
        for name in (
            "AllTraffic-5xx",
            "AllTraffic-latency-p99",
            "AllTraffic-failures",
            "no-traffic",
            "backlog-age",
        )
    }
    (resource,) = (
        each
        for each in template["Resources"].values()
        if each["Type"] == "AWS::CloudWatch::CompositeAlarm"
    )
    after = {
        template["Resources"][each]["Properties"]["AlarmName"] for each in resource["DependsOn"]
    }
    assert after == {
        f"berth-async-{name}" for name in ("AllTraffic-failures", "no-traffic", "backlog-age")
    }


def test_unhealthy_sends_no_second_message(stacks: dict[str, Template]) -> None:
    (composite,) = properties(stacks["realtime-Monitoring"], "AWS::CloudWatch::CompositeAlarm")
    assert "AlarmActions" not in composite
