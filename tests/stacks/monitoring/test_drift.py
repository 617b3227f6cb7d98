"""From the container's log line to an alarm against what is usual."""

import json
import logging
from pathlib import Path
from typing import Any, get_args

import pytest

from stacks.settings.watching import DriftSettings
from stacks.watching.drift import EVENT, figures
from tests.stacks.conftest import Template
from tests.stacks.monitoring.conftest import Alarms, properties

pytestmark = pytest.mark.slow

SELECTORS = {
    "TokensPerText": "$.model.tokens_per_text",
    "UnknownTokenShare": "$.model.unknown_token_share",
    "MeanScore": "$.model.mean_score",
    "EntitiesPerText-PERSON": "$.model.entities_per_text.PERSON",
    "EntitiesPerText-B.LOC": "$.model.entities_per_text.['B.LOC']",
}


CONTAINER = Path(__file__).parents[3] / "container"


@pytest.fixture(params=get_args(DriftSettings.model_fields["task"].annotation))
def task(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def line(
    task: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> dict[str, Any]:
    """What the container logs of two texts."""
    monkeypatch.syspath_prepend(str(CONTAINER))  # the image has it on its path
    from berth_serving.front.model_metrics import ModelMetricsCollector
    from berth_serving.logs import JsonFormatter
    from berth_serving.model_metrics import ModelMetrics

    seen, model = ModelMetrics(), ModelMetricsCollector()
    for label in ("PERSON", "B.LOC"):
        found = {"label": label, "score": 0.9}
        predictions = {"entities": [found], "vectors": [0.6, 0.8]}
        prediction = predictions.get(task, found)
        entropy = 0.5 if task == "classes" else None
        seen.count(prediction, tokens=10, unknown_tokens=1, entropy=entropy)
    model.add(seen)
    with caplog.at_level(logging.INFO):
        model.log()
    written: dict[str, Any] = json.loads(JsonFormatter().format(caplog.records[-1]))
    return written


def test_the_container_writes_a_number_wherever_a_filter_looks(
    line: dict[str, Any], task: Any
) -> None:
    assert line["event"] == EVENT
    for figure in figures(DriftSettings(task=task, labels=("PERSON", "B.LOC"))):
        value: Any = line["model"]
        for key in figure.selector.removeprefix("$.model.").split(".", 1):
            value = value[key.removeprefix("['").removesuffix("']")]
        assert isinstance(value, float), figure.selector


@pytest.fixture
def template(stacks: dict[str, Template]) -> Template:
    return stacks["drift-Monitoring"]


def test_each_figure_of_the_containers_line_becomes_a_metric_of_the_endpoints_namespace(
    template: Template,
) -> None:
    found = {}
    for each in properties(template, "AWS::Logs::MetricFilter"):
        assert each["LogGroupName"] == "/aws/sagemaker/Endpoints/berth-drift"
        (transformation,) = each["MetricTransformations"]
        assert transformation["MetricNamespace"] == "Berth/berth-drift"
        # The value has to be in the pattern, or the filter finds none.
        selector = transformation["MetricValue"]
        assert each["FilterPattern"] == f'{{ $.event = "{EVENT}" && {selector} = * }}'
        found[transformation["MetricName"]] = selector
    assert found == SELECTORS


def test_each_figure_is_held_against_its_band(alarms: Alarms) -> None:
    drifting = {
        name.removeprefix("drift-"): alarm
        for name, alarm in alarms("drift").items()
        if name.startswith("drift-")
    }
    assert drifting.keys() == SELECTORS.keys()
    for name, alarm in drifting.items():
        band, figure = alarm["Metrics"]
        assert band["Expression"] == f"ANOMALY_DETECTION_BAND({figure['Id']}, 2.5)"
        assert alarm["ThresholdMetricId"] == band["Id"]
        assert alarm["ComparisonOperator"] == "LessThanLowerOrGreaterThanUpperThreshold"
        assert "Threshold" not in alarm
        assert figure["MetricStat"]["Metric"]["MetricName"] == name
        assert figure["MetricStat"]["Metric"]["Namespace"] == "Berth/berth-drift"
        assert figure["MetricStat"]["Stat"] == "Average"


def test_what_is_watched_is_chosen_by_the_task(alarms: Alarms, stacks: dict[str, Template]) -> None:
    names = {"TokensPerText", "UnknownTokenShare", "MeanScore", "MeanEntropy", "ClassShare-POS"}
    drifting = {name for name in alarms("classes") if name.startswith("drift-")}
    assert drifting == {f"drift-{name}" for name in names}
    filters = properties(stacks["classes-Monitoring"], "AWS::Logs::MetricFilter")
    found = {each["MetricTransformations"][0]["MetricName"]: each for each in filters}
    assert found.keys() == names
    (share,) = found["ClassShare-POS"]["MetricTransformations"]
    assert share["MetricValue"] == "$.model.class_share.POS"


def test_vectors_and_numbers_have_no_labels() -> None:
    for task, names in {"vectors": {"MeanNorm"}, "numbers": {"MeanScore"}}.items():
        drift = DriftSettings.model_validate({"task": task, "labels": ("PER",)})
        inputs = {"TokensPerText", "UnknownTokenShare"}
        assert {figure.name for figure in figures(drift)} == inputs | names


def test_drift_lasts_most_of_an_hour_and_is_not_over_when_nobody_asks(alarms: Alarms) -> None:
    alarm = alarms("drift")["drift-MeanScore"]
    assert alarm["Metrics"][1]["MetricStat"]["Period"] * alarm["EvaluationPeriods"] == 3600
    assert alarm["DatapointsToAlarm"] == 3
    assert alarm["TreatMissingData"] == "ignore"


def test_what_is_usual_goes_with_the_stack(template: Template, alarms: Alarms) -> None:
    detectors = properties(template, "AWS::CloudWatch::AnomalyDetector")
    assert {(each["Namespace"], each["MetricName"], each["Stat"]) for each in detectors} == {
        ("Berth/berth-drift", name, "Average") for name in SELECTORS
    }


def test_a_stage_that_does_not_watch_for_drift_has_none_of_it(stacks: dict[str, Template]) -> None:
    types = {each["Type"] for each in stacks["realtime-Monitoring"]["Resources"].values()}
    assert not types & {"AWS::Logs::MetricFilter", "AWS::CloudWatch::AnomalyDetector"}
