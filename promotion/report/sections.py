"""The sections of a report on a release, the most important first."""

from rich.filesize import decimal

from promotion.diff import differences
from promotion.evidence import Check, Golden, Spans
from promotion.report.data import Movement, ReportData
from promotion.report.histogram import percentiles
from promotion.report.parts import Cell, Column, Figure, Row, Section, Table, Tone, row
from promotion.report.text import change, milliseconds, percent, rate, score
from promotion.report.verdict import identity


def sections(data: ReportData) -> tuple[Section, ...]:
    """Every section is always there."""
    return (
        identity(data),
        _checks(data),
        _golden(data),
        _latency(data),
        _alarms(data),
        _moved(data.moved),
        _differences(data),
    )


def _checks(data: ReportData) -> Section:
    if data.evidence is None or not data.evidence.checks:
        return Section("Checks", ("Nothing was checked.",))
    headings = [Column("Check"), Column("Result", "state"), Column("Wanted"), Column("Found")]
    rows = [_check(check) for check in data.evidence.checks]
    words: tuple[str, ...] = ()
    if data.former and data.former_evidence:
        before = {check.name: check.found for check in data.former_evidence.checks}
        headings.append(Column(f"Found of {data.former.id}"))
        rows = [row(*cells, before.get(cells[0].text, "-")) for cells in rows]
    else:
        words = ("There is no evidence on a former release to compare with.",)
    table = Table("What the gate checked", tuple(headings), tuple(rows))
    return Section("Checks", words, table=table)


def _check(check: Check) -> Row:
    if check.passed:
        return row(check.name, Cell("✓ passed", "good"), check.wanted, check.found)
    return row(check.name, Cell("✕ failed", "bad"), check.wanted, Cell(check.found, "bad"))


def _golden(data: ReportData) -> Section:
    golden = data.evidence.golden if data.evidence else None
    if golden is None:
        return Section("Golden set", ("No golden set was sent through the endpoint.",))
    former = data.evidence.former_golden if data.evidence else None
    words = ["Expected spans against found ones. A span is right where its bounds and label are."]
    if former is None:
        words.append("There is no former release with this golden set to compare with.")
    return Section(
        "Golden set",
        tuple(words),
        (
            Figure("Cases", f"{golden.cases:,}", f"golden.jsonl {golden.sha256[:12]}"),
            Figure("Exact matches", f"{golden.exact:,}", percent(golden.exact, golden.cases)),
            _micro_f1(golden.all, former),
        ),
        _labels(golden, former),
    )


def _micro_f1(now: Spans, former: Golden | None) -> Figure:
    if former is None:
        return Figure("Micro F1", score(now.f1))
    before = former.all.f1
    note = f"{change(now.f1, before)} against {score(before)}"
    return Figure("Micro F1", score(now.f1), note, _better(now.f1, before))


def _better(now: float, before: float) -> Tone:
    difference = round(now - before, 3)
    return "good" if difference > 0 else "bad" if difference < 0 else "plain"


def _labels(golden: Golden, former: Golden | None) -> Table:
    before = former.labels if former else {}
    names = sorted({*golden.labels, *before})
    numbers = ("Expected", "Found", "Right", "F1", "Former F1", "Change")
    return Table(
        "F1 by label",
        (Column("Label"), *(Column(heading, "number") for heading in numbers)),
        tuple(_label(name, golden.labels.get(name), before.get(name)) for name in names),
        _label("All labels", golden.all, former.all if former else None),
    )


def _label(name: str, now: Spans | None, before: Spans | None) -> Row:
    cells = [f"{now.expected:,}", f"{now.found:,}", f"{now.right:,}"] if now else ["-"] * 3
    changed = Cell("-")
    if now and before:
        changed = Cell(change(now.f1, before.f1), _better(now.f1, before.f1))
    scores = (score(one.f1) if one else "-" for one in (now, before))
    return row(name, *cells, *scores, changed)


def _latency(data: ReportData) -> Section:
    found = data.evidence.latency if data.evidence else None
    if found is None:
        return Section("Latency", ("Latency was not measured.",))
    former = data.former_evidence.latency if data.former_evidence else None
    words = ["As the caller saw it."]
    if not former:
        words.append("There is no latency of a former release to compare with.")
    if not found.histogram:
        words.append("There is no histogram.")
    before = {
        name: f"{milliseconds(value)} before"
        for name, value in (percentiles(former) if former else ())
    }
    figures = (
        Figure("Rate", f"{found.requests_per_second:,.3g} / s", f"for {found.seconds:,.0f} s"),
        *(
            Figure(name, milliseconds(value), before.get(name, ""))
            for name, value in percentiles(found)
        ),
        Figure("Requests", f"{found.requests:,}"),
        Figure("Errors", f"{found.errors:,}", tone="bad" if found.errors else "good"),
    )
    return Section("Latency", tuple(words), figures, chart=found if found.histogram else None)


def _alarms(data: ReportData) -> Section:
    alarms = data.evidence.alarms if data.evidence else None
    if alarms is None:
        return Section("Alarms", ("No alarm was watched.",))
    off = len(alarms.went_off)
    figures = (
        Figure("Bake time", f"{alarms.bake_seconds:,.0f} s"),
        Figure("Alarms watched", f"{alarms.watched:,}"),
        Figure("Went off", f"{off:,}", tone="bad" if off else "good"),
    )
    if not off:
        return Section("Alarms", ("No alarm went off during the bake time.",), figures)
    rows = tuple(row(name, Cell("✕ was in ALARM", "bad")) for name in alarms.went_off)
    columns = (Column("Alarm"), Column("State", "state"))
    return Section("Alarms", figures=figures, table=Table("Alarms that went off", columns, rows))


def _moved(moved: tuple[Movement, ...]) -> Section:
    if not moved:
        return Section("What moved", ("Nothing was moved in this run.",))
    numbers = ("Size", "Sent", "Copied in the cloud", "Was there", "Time", "Rate")
    words = (
        "Sent bytes passed through the machine that promotes; copied bytes did not. Every digest"
        " was proven on arrival.",
    )
    columns = (
        Column("Name", "hash"),
        Column("Kind"),
        Column("Digest", "hash"),
        *(Column(heading, "number") for heading in numbers),
    )
    table = Table("Bytes moved", columns, tuple(_movement(one) for one in moved))
    return Section("What moved", words, table=table)


def _movement(one: Movement) -> Row:
    went = one.moved.sent + one.moved.copied
    amounts = (one.moved.size, one.moved.sent, one.moved.copied, one.moved.size - went)
    times = (f"{one.seconds:,.1f} s", rate(went, one.seconds))
    return row(one.name, one.kind, one.digest, *map(decimal, amounts), *times)


def _differences(data: ReportData) -> Section:
    if data.former is None:
        words = f"There is no release of {data.release.stage} before this one."
        return Section("What differs from the former release", (words,))
    title = f"What differs from {data.former.id}"
    every = differences(data.former, data.release)
    found = [one for one in every if one.area != "evidence"]  # the sections above have it
    if not found:
        return Section(title, ("Nothing: the same models, images, settings and templates.",))
    rows = tuple(
        row(one.area, one.key, *("-" if each is None else each for each in (one.before, one.after)))
        for one in found
    )
    columns = (
        Column("Area"),
        Column("What"),
        Column(data.former.id, "hash"),
        Column(data.release.id, "hash"),
    )
    return Section(title, table=Table("Source, model, image, settings, template", columns, rows))
