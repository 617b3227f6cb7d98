"""The sections of a report on a release, the most important first."""

from rich.filesize import decimal

from promotion.diff import differences
from promotion.evidence import Check
from promotion.report.data import Movement, ReportData
from promotion.report.histogram import percentiles
from promotion.report.parts import Cell, Column, Figure, Row, Section, Table, row
from promotion.report.quality import golden_set, wrong_cases
from promotion.report.text import milliseconds, rate
from promotion.report.verdict import identity


def sections(data: ReportData) -> tuple[Section, ...]:
    """Every section is always there."""
    return (
        identity(data),
        _checks(data),
        golden_set(data),
        wrong_cases(data),
        _latency(data),
        _alarms(data),
        _moved(data.moved),
        _differences(data),
    )


def _checks(data: ReportData) -> Section:
    if data.evidence is None or not data.evidence.checks:
        return Section("Checks", ("Nothing was checked.",))
    headings = [Column("Check"), Column("Result", "state"), Column("Wanted"), Column("Found")]
    headings.append(Column("Cases", "number"))
    rows = [_check(check) for check in data.evidence.checks]
    words: tuple[str, ...] = ()
    if data.former and data.former_evidence:
        before = {check.name: check.found for check in data.former_evidence.checks}
        headings.append(Column(f"Found of {data.former.id}"))
        rows = [row(*cells, before.get(cells[0].text, "-")) for cells in rows]
    else:
        words = ("There is no evidence on a former release to compare with.",)
    table = Table("What the gate checked", tuple(headings), tuple(rows))
    return Section("Checks", words, tables=(table,))


def _check(check: Check) -> Row:
    cases = "-" if check.cases is None else f"{check.cases:,}"
    if check.passed is None:
        result = Cell(f"! {check.result}", "warn")
        return row(check.name, result, check.wanted, Cell(check.found, "warn"), cases)
    if check.passed:
        return row(check.name, Cell("✓ passed", "good"), check.wanted, check.found, cases)
    result = Cell("✕ failed", "bad")
    return row(check.name, result, check.wanted, Cell(check.found, "bad"), cases)


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
    return Section(
        "Alarms", figures=figures, tables=(Table("Alarms that went off", columns, rows),)
    )


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
    return Section("What moved", words, tables=(table,))


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
    return Section(
        title, tables=(Table("Source, model, image, settings, template", columns, rows),)
    )
