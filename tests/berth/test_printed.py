"""Texts of other accounts are text wherever they are printed: terminal, job's log, reports.

Every text field of a release's document and of a template is drawn to hold what would steer a
terminal, be markup, end a table or turn the line around.
"""

import ast
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from aws.text import printed
from berth import errors, promotion, screen
from berth import plan as plan_command
from promotion import PromotionError
from promotion.console_output import Screen
from promotion.plan import PromotionPlan
from promotion.release import Release
from promotion.report import Ending, ReportData, html, markdown
from stacks.deployment_plan.data import StackTemplates
from stacks.deployment_plan.report import plan
from stacks.deployment_plan.resource_types import ResourceTypes
from tests import STAGES_FILE
from tests.berth_cli import ROOT, status_of
from tests.promotion.releases import untimed
from tests.promotion.report.made_up import data, texts
from tests.stacks.deployment_plan.templates import resource, serving, variant

Place = tuple[str | int, ...]

WHOLE = data("plain", ["a", "b", "c"]).release.model_dump(mode="json")
WHOLE["lineage"] |= {"release": None, "model": "model", "broadened": "reason"}
TEMPLATE = serving(
    variants=[variant(ServerlessConfig={"MaxConcurrency": 1})],
    Topic=resource("AWS::SNS::Topic", TopicName="topic", Tags=[{"Key": "key", "Value": "value"}]),
    Policy=resource(
        "AWS::IAM::Policy",
        PolicyName="policy",
        PolicyDocument={"Statement": [{"Action": "s3:*", "Effect": "Allow", "Resource": "*"}]},
    ),
) | {"Description": "words", "Outputs": {"Url": {"Value": "url", "Description": "words"}}}
TYPES = ResourceTypes.read(ROOT)


def leaves(document: Any, path: Place = ()) -> Iterator[Place]:
    """The place of every text in a document."""
    match document:
        case str():
            yield path
        case dict():
            for key, value in document.items():
                yield from leaves(value, (*path, key))
        case list():
            for index, value in enumerate(document):
                yield from leaves(value, (*path, index))


def put(document: Any, path: Place, text: str) -> None:
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = text


def is_free(path: Place) -> bool:
    """Whether the schema takes any text there."""
    changed = deepcopy(WHOLE)
    put(changed, path, "<>")
    try:
        Release.model_validate_json(json.dumps(changed))
    except ValidationError:
        return False
    return True


FREE = [path for path in leaves(WHOLE) if is_free(path)]


def hostile_release(text: str) -> Release:
    changed = deepcopy(WHOLE)
    for path in FREE:
        put(changed, path, text)
    changed["settings"] = {text: text}
    changed["templates"] = {text: "8" * 64}
    # As a document is read: JSON has every text but half a pair of surrogates.
    return Release.model_validate_json(json.dumps(changed))


def hostile_template(text: str) -> dict[str, Any]:
    changed = deepcopy(TEMPLATE)
    for path in leaves(TEMPLATE):
        if path[-1] != "Type":
            put(changed, path, text)
    changed["Resources"][text] = resource("AWS::SNS::Topic", TopicName=text)
    return changed


def out(act: Callable[[], object]) -> str:
    found = io.StringIO()
    with redirect_stdout(found), redirect_stderr(found):
        act()
    return found.getvalue()


def is_plain(text: str) -> bool:
    """Whether nothing of it steers a terminal, or is a command of GitHub's in a job's log."""
    lines = text.split("\n")
    commands = any(line.lstrip().startswith("::") or "##[" in line for line in lines)
    return "".join(lines).isprintable() and not commands


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> dict[str, Release]:
    """The releases of dev, which the commands read in place of those in S3."""
    kept: dict[str, Release] = {}
    store = SimpleNamespace(
        every=lambda: list(kept.values()),
        read=kept.__getitem__,
        newest=lambda: next(iter(kept.values())),
        before=lambda _: None,
    )
    names = SimpleNamespace(endpoint="berth-dev")
    stage = SimpleNamespace(served_config=lambda: "\x1b]0;served\x07", names=names)
    for module in ("promotion.store", "promotion.chosen"):
        monkeypatch.setattr(f"{module}.ReleaseStore", lambda _stage: store)
    monkeypatch.setattr("promotion.chosen.Stage", lambda *_, **__: stage)
    monkeypatch.setattr("berth.releases.stage_of", lambda *_: stage)
    return kept


@pytest.mark.parametrize(
    "command",
    ["history dev", "show dev-000002", "show dev-000002 --json", "diff dev-000002 dev-000003"],
)
def test_what_a_command_prints_of_a_release_is_plain(
    stored: dict[str, Release], command: str
) -> None:
    @given(texts)
    @untimed
    def every(text: str) -> None:
        release = hostile_release(text)
        other = {"id": "dev-000003", "settings": {text: f"{text}2"}, "evidence": ()}
        stored.update({release.id: release, "dev-000003": release.model_copy(update=other)})
        said = out(lambda: status_of("--stages", str(STAGES_FILE), *command.split()))
        assert "dev-000002" in said
        assert is_plain(said)

    every()


def test_every_free_text_of_a_release_is_drawn() -> None:
    assert {".".join(map(str, path)) for path in FREE} >= {
        "project",
        "lineage.model",
        "lineage.forced",
        "models.0.logical_id",
        "evidence.0.checks.0.found",
        "evidence.0.alarms.went_off.0",
        "endpoint_config",
    }


@given(texts)
@untimed
def test_a_plan_is_as_many_lines_whatever_a_template_holds(text: str) -> None:
    pairs = (TEMPLATE, hostile_template(text)), (hostile_template(text), TEMPLATE)
    for before, after in pairs:
        stacks = [StackTemplates("berth-dev-serving", before, after)]
        made = plan("dev", stacks, TYPES, may_delete_data=False)
        said = out(lambda made=made: plan_command._print(made))  # type: ignore[misc]
        assert is_plain(said)
        assert len(said.splitlines()) == len(made.lines)


@given(texts)
@untimed
def test_the_screen_of_a_promotion_is_as_many_lines_whatever_it_is_told(text: str) -> None:
    changes = plan("dev", [], TYPES, may_delete_data=False)
    made = PromotionPlan(hostile_release(text), text, (), changes, (text,))
    said = out(lambda: promotion._print_plan(made, "qa", as_json=False))
    said += out(lambda: Screen(screen.console()).say(text))
    said += out(lambda: screen.say(*errors.message(PromotionError(text)), stderr=True))
    assert is_plain(said)
    assert len(said.splitlines()) == 5
    assert printed(text) in said  # markup of rich's as it is, too


@given(texts)
@untimed
def test_reports_hold_nothing_that_cannot_be_seen(text: str) -> None:
    release = hostile_release(text)
    report = ReportData(release, release, ending=Ending("failed", text))
    assert "".join(markdown(report).split("\n")).isprintable()
    assert "".join(html(report).split("\n")).isprintable()
    assert not re.search(r"<(script|img|a)\b", html(report))


def test_nothing_is_printed_but_by_the_screen() -> None:
    callers = {
        file.name
        for file in (ROOT / "berth").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "typer.echo"}
    }
    assert callers == {"screen.py"}
