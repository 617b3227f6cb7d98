"""The saved queries ask for what the container really logs."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from stacks.settings.watching import DriftSettings
from stacks.watching.drift import figures
from stacks.watching.queries import queries

QUERIES = queries("classes")
CONTAINER = Path(__file__).parents[3] / "container" / "berth_serving"
SOURCES = [file.read_text() for file in CONTAINER.rglob("*.py")]

# Of JsonFormatter, of CloudWatch itself, and what a query names by `as`.
OF_EVERY_LINE = {"message", "level", "traceback", "request_id", "inference_id"}


@cache
def logged_messages() -> set[str]:
    return {
        node.args[0].value
        for source in SOURCES
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"info", "warning", "error"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def test_an_invocations_line_is_called_as_the_queries_call_it() -> None:
    assert "invocation" in logged_messages()
    (line,) = {line for source in SOURCES for line in source.splitlines() if '"ms":' in line}
    assert '"status":' in line


@pytest.mark.parametrize(
    "beginning",
    re.findall(
        r"[a-z][a-z. *]+", "|".join(re.findall(r"/\^\((.*?)\)/", QUERIES["starts and stops"]))
    ),
)
def test_starts_and_stops_are_messages_of_the_container(beginning: str) -> None:
    assert any(re.match(beginning, message) for message in logged_messages()), beginning


def test_failures_are_asked_for_by_level_and_last_line_of_the_traceback() -> None:
    pattern = re.search(r"/(.*)/", QUERIES["failures"])
    assert pattern
    # Logs Insights writes named groups as Java does.
    reason = re.search(pattern[1].replace("(?<", "(?P<"), "Traceback …\n  File …\nValueError: no")
    assert reason
    assert reason["reason"] == "ValueError: no"


@pytest.mark.parametrize("task", get_args(DriftSettings.model_fields["task"].annotation))
def test_the_figures_asked_for_are_those_that_drift_is_watched_by(task: Any) -> None:
    query = queries(task)["what the model was asked and found"]
    asked = set(re.findall(r"avg\((model\.\w+)\)", query))
    assert asked == {
        figure.selector.removeprefix("$.") for figure in figures(DriftSettings(task=task))
    }


def test_no_query_asks_for_a_field_that_nobody_writes() -> None:
    fields = OF_EVERY_LINE | {"status", "ms", "code", "seconds", "event", "model"}
    words = {
        "filter", "sort", "desc", "asc", "limit", "display", "stats", "count", "as", "by", "pct",
        "max", "sum", "avg", "bin", "parse", "fields", "like", "or", "answers", "p50", "p99",
        "slowest", "reason", "times", "last", "texts", "tokens", "unknown", "score", "entropy",
    }  # fmt: skip
    for query in QUERIES.values():
        bare = re.sub(r'"[^"]*"|/[^\n]*/|@\w+|\b\d+\w*|\.\w+', " ", query)
        assert set(re.findall(r"[A-Za-z_]\w*", bare)) <= fields | words


def test_a_query_fits_what_logs_insights_takes() -> None:
    # PutQueryDefinition: 1 to 10,000 characters of text, 1 to 255 of name.
    for name, query in QUERIES.items():
        assert 0 < len(query) <= 10_000
        assert len(f"{'p' * 32}-{'s' * 16}/{name}") <= 255
