"""The sections on the golden set: the figures, and the cases that were not right."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import JsonValue

from promotion import PromotionError
from promotion.evidence import Golden, Spans, Verification, Wrong
from promotion.report.data import ReportData
from promotion.report.parts import Cell, Column, Figure, Row, Section, Table, Tone, row
from promotion.report.text import change, percent, score
from promotion.verifying.checks import changed
from promotion.verifying.golden import parse
from stacks.compatibility.golden_set import Case, Span

_RIGHT = {
    "spans": "Expected spans against found ones. A span is right where its bounds and label are.",
    "labels": "A case is right where its label is.",
    "numbers": "A case is right where its number is within the case's tolerance.",
    "vectors": "A case is right where the cosine with its vector is at least the case's own.",
    "json": "A case is right where the whole response is equal to it.",
}


def golden_set(data: ReportData) -> Section:
    """How well the release did, beside the former one."""
    evidence = data.evidence
    golden = evidence.golden if evidence else None
    if evidence is None or golden is None:
        none = "No golden set was sent through the endpoint: quality was not judged."
        return Section("Golden set", (none,))
    words = [_RIGHT.get(golden.evaluator, "")]
    former = _former(evidence)
    if (difference := changed(evidence)) is not None:
        words.append(f"It is another set than the former release's: {difference}.")
    if evidence.not_compared:
        words.append(f"Not compared with the former release: {evidence.not_compared}.")
    elif evidence.compared is None:
        words.append("There is no former release with a golden set to compare with.")
    tables = [_labels(golden, former)] if golden.labels or (former and former.labels) else []
    if golden.metrics:
        tables.append(_metrics(golden, former))
    if golden.confusion:
        tables.append(_confusion(golden))
    if on_former := evidence.golden_on_former:
        tables.append(_labels(on_former, evidence.former_golden, of="the former golden set"))
    return Section("Golden set", tuple(filter(None, words)), _figures(evidence), tuple(tables))


def _former(evidence: Verification) -> Golden | None:
    """The former release's result, where it is of the same set."""
    return evidence.former_golden if changed(evidence) is None else None


def _figures(evidence: Verification) -> tuple[Figure, ...]:
    golden, former = evidence.golden, _former(evidence)
    assert golden is not None  # noqa: S101 - the caller has looked
    figures = [
        Figure("Cases", f"{golden.cases:,}", f"golden.jsonl {golden.sha256[:12]}"),
        Figure("Right cases", f"{golden.exact:,}", percent(golden.exact, golden.cases)),
    ]
    if golden.evaluator == "spans":
        before = former.all.f1 if former else None
        figures.append(_compared("Micro F1", golden.all.f1, before))
    else:
        figures.append(_compared("Accuracy", golden.accuracy, former.accuracy if former else None))
    if (on_former := evidence.golden_on_former) and (theirs := evidence.former_golden):
        spans = theirs.evaluator == "spans"
        now, before = (one.all.f1 if spans else one.accuracy for one in (on_former, theirs))
        figures.append(_compared("On the former golden set", now, before))
    return tuple(figures)


def _compared(name: str, now: float, before: float | None) -> Figure:
    if before is None:
        return Figure(name, score(now))
    note = f"{change(now, before)} against {score(before)}"
    return Figure(name, score(now), note, _better(now, before))


def _better(now: float, before: float) -> Tone:
    difference = round(now - before, 3)
    return "good" if difference > 0 else "bad" if difference < 0 else "plain"


def _metrics(golden: Golden, former: Golden | None) -> Table:
    numbers = ("Value", "Former value", "Cases")
    before = former.metrics if former else {}
    return Table(
        "Metrics",
        (Column("Metric"), *(Column(heading, "number") for heading in numbers)),
        tuple(
            row(name, _value(value), _value(before.get(name)), f"{golden.cases:,}")
            for name, value in golden.metrics.items()
        ),
    )


def _value(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _labels(golden: Golden, former: Golden | None, of: str = "") -> Table:
    before = former.labels if former else {}
    names = sorted({*golden.labels, *before})
    numbers = ("Expected", "Found", "Right", "F1", "Former F1", "Change")
    return Table(
        f"F1 by label, on {of}" if of else "F1 by label",
        (Column("Label"), *(Column(heading, "number") for heading in numbers)),
        tuple(_label(name, golden.labels.get(name), before.get(name)) for name in names),
        _label("All labels", golden.all, former.all if former else None),
    )


def _label(name: str, now: Spans | None, before: Spans | None) -> Row:
    cells = [f"{now.expected:,}", f"{now.found:,}", f"{now.right:,}"] if now else ["-"] * 3
    changed_by = Cell("-")
    if now and before:
        changed_by = Cell(change(now.f1, before.f1), _better(now.f1, before.f1))
    scores = (score(one.f1) if one else "-" for one in (now, before))
    return row(name, *cells, *scores, changed_by)


def _confusion(golden: Golden) -> Table:
    given = sorted({label for found in golden.confusion.values() for label in found})
    return Table(
        "Confusion: the right label in a row, the given one in a column",
        (Column("Right label"), *(Column(label, "number") for label in given)),
        tuple(
            row(label, *(_count(found.get(each, 0), right=each == label) for each in given))
            for label, found in sorted(golden.confusion.items())
        ),
    )


def _count(count: int, *, right: bool) -> Cell:
    return Cell(f"{count:,}" if count else "-", "bad" if count and not right else "plain")


def wrong_cases(data: ReportData) -> Section:
    """The cases that were not right; their texts where the golden set is given."""
    evidence, title = data.evidence, "Cases that were not right"
    if evidence is None or (golden := evidence.golden) is None:
        return Section(title, ("No case was judged.",))
    cases = _cases(data.golden, golden)
    words = list(_counted(golden, "golden.jsonl"))
    if cases is None and golden.wrong:
        words.append("With their texts, which are kept out of here: berth report --texts.")
    tables = [_listed(golden, cases, title)] if golden.wrong else []
    if former := evidence.golden_on_former:
        words += _counted(former, "the former release's golden set")
        if former.wrong:
            tables.append(_listed(former, None, f"{title}, of the former golden set"))
    return Section(title, tuple(words), tables=tuple(tables))


def _counted(golden: Golden, of: str) -> Iterator[str]:
    count, shown = golden.cases - golden.exact, len(golden.wrong)
    if not count:
        yield f"None of {of}."
        return
    yield f"{count:,} of {golden.cases:,}, by their lines in {of}."
    if shown < count:
        yield f"The first {shown:,} are listed." if shown else "None is listed."


def _listed(golden: Golden, cases: tuple[Case, ...] | None, caption: str) -> Table:
    columns = [Column("Line", "number"), *([] if cases is None else [Column("Right")])]
    rows = tuple(_wrong(one, cases, golden.evaluator) for one in golden.wrong)
    return Table(caption, (*columns, Column("Found")), rows)


def _cases(content: bytes | None, golden: Golden) -> tuple[Case, ...] | None:
    try:
        found = parse(content, "golden.jsonl") if content is not None else None
    except PromotionError:
        return None
    return found.cases if found and found.sha256 == golden.sha256 else None


def _wrong(one: Wrong, cases: tuple[Case, ...] | None, evaluator: str) -> Row:
    case: Any = cases[one.case - 1] if cases and 0 < one.case <= len(cases) else None
    line = f"{one.case:,}"
    if case is None:
        return row(line, _said(one.found)) if cases is None else row(line, "-", _said(one.found))
    text = _text_of(case.input)
    if evaluator == "spans":
        return row(line, _marked(text, case.spans), _marked(text, _spans(one.found)))
    right = case.model_dump(mode="json", exclude={"input"})
    return row(line, f"{text}: {_said(right)}", _said(one.found))


def _said(found: JsonValue) -> str:
    if found is None:
        return "-"
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def _text_of(body: JsonValue) -> str:
    """The text of a request: the longest string in it."""
    return max(_strings(body), key=len, default=_said(body))


def _strings(body: JsonValue) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, dict | list):
        for inner in body.values() if isinstance(body, dict) else body:
            yield from _strings(inner)


def _spans(found: JsonValue) -> list[Span]:
    """The spans of evidence, which another version may have written in another form."""
    spans = []
    for one in found if isinstance(found, list) else []:
        match one:
            case [int(start), int(end), str(label)]:
                spans.append((start, end, label))
    return spans


def _marked(text: str, spans: Iterable[Span]) -> Cell:
    """The text with each span marked, and its label behind it; what overlaps is marked once."""
    said, marks, at = "", [], 0
    for start, end, label in sorted(spans):
        if start < at or end <= start or end > len(text):
            continue
        said += text[at:start]
        marks.append((len(said), len(said) + end - start))
        said += f"{text[start:end]} [{label}]"
        at = end
    return Cell(said + text[at:], marks=tuple(marks))
