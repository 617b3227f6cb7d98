"""A CloudWatch dashboard's widgets, as the documents that its body is made of.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stacks.watching.metrics import Metric, Watched

Widget = dict[str, Any]
COLUMNS = 24


@dataclass(frozen=True)
class Line:
    """A line of a graph.

    times: what it is multiplied with, as a change of unit.
    band: standard deviations around what is usual, drawn behind it.
    """

    label: str
    watched: Watched
    times: float = 1
    band: float | None = None


def text(markdown: str) -> Widget:
    """A heading, over all columns."""
    return {"type": "text", "properties": {"markdown": markdown, "background": "transparent"}}


def status(title: str, arns: Sequence[str]) -> Widget:
    """The state of alarms."""
    return {"type": "alarm", "properties": {"title": title, "alarms": list(arns)}}


def graph(title: str, lines: Sequence[Line], *, unit: str, limit: float | None = None) -> Widget:
    """Lines over time from 0 on; `limit` is drawn across as the alarm's threshold."""
    annotations = {"horizontal": [{"label": "alarm", "value": limit}]} if limit is not None else {}
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "view": "timeSeries",
            "metrics": _rows(lines),
            "yAxis": {"left": {"label": unit, "showUnits": False, "min": 0}},
            **({"annotations": annotations} if annotations else {}),
        },
    }


def number(title: str, lines: Sequence[Line]) -> Widget:
    """One number for each line, over all of the time that the dashboard shows."""
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "view": "singleValue",
            "setPeriodToTimeRange": True,
            "metrics": _rows(lines),
        },
    }


def _rows(lines: Sequence[Line]) -> list[list[Any]]:
    return [row for index, line in enumerate(lines) for row in _line(line, f"x{index}")]


def _line(line: Line, id: str) -> list[list[Any]]:
    """The rows of a line: its metrics, then what is computed of them, each with an id."""
    watched, shown = line.watched, {"label": line.label}
    if isinstance(watched, Metric):
        if line.times == 1 and line.band is None:
            return [_metric(watched, {"id": id, **shown})]
        expression, metrics = "{it}", {"it": watched}
    else:
        expression, metrics = watched.expression, dict(watched.metrics)
    ids = {name: f"{id}_{name}" for name in metrics}
    expression = expression.format(**ids)
    if line.times != 1:
        expression = f"({expression}) * {line.times:g}"
    rows = [
        _metric(metric, {"id": ids[name], "visible": False}) for name, metric in metrics.items()
    ]
    if line.band is not None:
        (it,) = ids.values()
        rows.append(
            [
                {
                    "id": f"{id}_band",
                    "expression": f"ANOMALY_DETECTION_BAND({it}, {line.band:g})",
                    "label": "usual",
                }
            ]
        )
    return [*rows, [{"id": id, "expression": expression, **shown}]]


def _metric(metric: Metric, options: dict[str, Any]) -> list[Any]:
    pairs = [part for pair in metric.dimensions.items() for part in pair]
    how = {"stat": metric.statistic, "period": metric.period}
    return [metric.namespace, metric.name, *pairs, {**how, **options}]


def laid_out(rows: Sequence[Sequence[Widget]], region: str) -> list[Widget]:
    """The rows below one another; the widgets of a row share its width."""
    placed, y = [], 0
    for row in rows:
        height = 1 if row[0]["type"] == "text" else 6
        width = COLUMNS // len(row)
        for index, widget in enumerate(row):
            properties = widget["properties"]
            if widget["type"] == "metric":
                properties = {"region": region, **properties}
            place = {"x": index * width, "y": y, "width": width, "height": height}
            placed.append({"type": widget["type"], **place, "properties": properties})
        y += height
    return placed
