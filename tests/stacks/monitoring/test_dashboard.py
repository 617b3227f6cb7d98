"""One look: is it up, is it fast, is it right, what does it cost in instances."""

import re
from typing import Any

import pytest

from tests.stacks.monitoring.conftest import STAGES, Alarms, Dashboard

pytestmark = pytest.mark.slow

Document = dict[str, Any]


def widget(widgets: list[Document], title: str) -> Document:
    (found,) = (each for each in widgets if each["properties"].get("title") == title)
    properties: Document = found["properties"]
    return properties


def titles(widgets: list[Document]) -> set[str]:
    return {each["properties"]["title"] for each in widgets if "title" in each["properties"]}


def metrics(properties: Document) -> list[tuple[str, str, dict[str, str], Document]]:
    """Namespace, name, dimensions and options of each row that is no expression."""
    return [
        (row[0], row[1], dict(zip(row[2:-1:2], row[3:-1:2], strict=True)), row[-1])
        for row in properties["metrics"]
        if len(row) > 1
    ]


def expressions(properties: Document) -> list[str]:
    return [row[0]["expression"] for row in properties["metrics"] if len(row) == 1]


@pytest.mark.parametrize("stage", STAGES)
def test_it_answers_four_questions_in_order(dashboard: Dashboard, stage: str) -> None:
    headings = [
        each["properties"]["markdown"] for each in dashboard(stage) if each["type"] == "text"
    ]
    assert [heading.partition("?")[0].split("· ")[-1].lstrip("# ") for heading in headings] == [
        "is it up",
        "Is it fast",
        "Is it right",
        "What does it cost in instances",
    ]
    assert ("Not watched" in headings[2]) is (stage not in {"drift", "classes"})


@pytest.mark.parametrize("stage", STAGES)
def test_widgets_lie_side_by_side_and_none_over_another(dashboard: Dashboard, stage: str) -> None:
    taken: set[tuple[int, int]] = set()
    for each in dashboard(stage):
        cells = {
            (each["x"] + x, each["y"] + y)
            for x in range(each["width"])
            for y in range(each["height"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


@pytest.mark.parametrize("stage", STAGES)
def test_every_expression_is_of_ids_of_its_own_graph(dashboard: Dashboard, stage: str) -> None:
    for each in dashboard(stage):
        if each["type"] != "metric":
            continue
        assert each["properties"]["region"] == "eu-central-1"
        ids = [row[-1]["id"] for row in each["properties"]["metrics"]]
        assert len(ids) == len(set(ids))
        for expression in expressions(each["properties"]):
            assert set(re.findall(r"\bx\d+\w*", expression)) <= set(ids)
            assert "{" not in expression


def test_up_is_the_state_of_every_alarm_the_composite_first(
    dashboard: Dashboard, alarms: Alarms
) -> None:
    arns = widget(dashboard("async"), "Alarms")["alarms"]
    prefix = "arn:aws:cloudwatch:eu-central-1:111111111111:alarm:berth-async-"
    assert arns[0] == prefix + "unhealthy"
    assert set(arns[1:]) == {prefix + name for name in alarms("async")}


def test_latency_is_in_milliseconds_with_the_alarms_number_across(dashboard: Dashboard) -> None:
    latency = widget(dashboard("realtime"), "Model latency")
    assert [how["stat"] for _, _, _, how in metrics(latency)] == ["p50", "p90", "p99"]
    assert expressions(latency) == [f"(x{n}_it) * 0.001" for n in range(3)]
    assert latency["annotations"]["horizontal"][0]["value"] == 400


def test_each_variant_has_its_lines(dashboard: Dashboard) -> None:
    invocations = widget(dashboard("variants"), "Invocations")
    assert [dimensions["VariantName"] for _, _, dimensions, _ in metrics(invocations)] == [
        "Old",
        "New",
    ]


@pytest.mark.parametrize(("stage", "every"), [("realtime", 60), ("often", 10), ("seldom", 300)])
def test_cost_is_instances_and_their_hours_counted_by_samples(
    dashboard: Dashboard, stage: str, every: int
) -> None:
    running = widget(dashboard(stage), "Instances")
    ((_, name, _, how),) = metrics(running)
    assert (name, how["stat"]) == ("CPUUtilization", "SampleCount")
    assert expressions(running) == [f"x0_n * {every} / PERIOD(x0_n)"]
    hours = widget(dashboard(stage), "Hours of instances, in the time shown")
    assert hours["setPeriodToTimeRange"] is True
    assert expressions(hours) == [f"(x0_it) * {every / 3600:g}"]


def test_utilization_is_percent_of_all_cores_and_gpus(dashboard: Dashboard) -> None:
    used = widget(dashboard("realtime"), "Used of an instance")
    by_metric = {name: how["id"] for _, name, _, how in metrics(used)}
    computed = " ".join(expressions(used))
    assert f"({by_metric['CPUUtilization']}) * 0.0208333" in computed  # 48 cores
    assert f"({by_metric['GPUUtilization']}) * 0.25" in computed
    assert "GPUUtilization" not in str(widget(dashboard("quiet"), "Used of an instance"))


def test_drift_has_a_graph_for_each_figure_with_what_is_usual(dashboard: Dashboard) -> None:
    score = widget(dashboard("drift"), "MeanScore")
    ((namespace, name, dimensions, how),) = metrics(score)
    assert (namespace, name, dimensions) == ("Berth/berth-drift", "MeanScore", {})
    assert f"ANOMALY_DETECTION_BAND({how['id']}, 2.5)" in expressions(score)


def test_a_mode_has_what_it_alone_has(dashboard: Dashboard) -> None:
    modes = ("realtime", "async", "multi", "serverless")
    shown = {stage: titles(dashboard(stage)) for stage in modes}
    assert shown["async"] - shown["realtime"] == {
        "Requests that wait",
        "Age of the oldest",
        "Failures",
    }
    assert shown["multi"] - shown["realtime"] == {
        "Calls that waited for their model",
        "Models loaded",
        "Waiting for a model",
    }
    assert shown["serverless"] - shown["realtime"] == {
        "Cold starts",
        "Seconds computed, in the time shown",
        "Used of max_concurrency",
        "Used of the memory",
    }
    assert shown["realtime"] - shown["async"] == {"SageMaker's overhead"}
