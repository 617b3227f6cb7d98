"""Releases as tables on the screen."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from promotion.diff import Difference
from promotion.evidence import Verification
from promotion.release import Release

_SHOWN = 12  # characters of a hash


def history(releases: list[Release], served: str | None) -> Table:
    """Releases in the order given; the first that has the served EndpointConfig is marked."""
    marked = next((one.id for one in releases if served and one.endpoint_config == served), None)
    table = _table("", "release", "recorded (UTC)", "commit", "model", "image", "from")
    for one in releases:
        table.add_row(
            "served" if one.id == marked else "",
            one.id,
            f"{one.recorded:%Y-%m-%d %H:%M:%S}",
            _commit(one),
            _hashes(model.manifest_sha256 for model in one.models),
            _hashes(image.digest for image in one.images),
            str(one.lineage or ""),
        )
    return table


def diff(before: Release, after: Release, differences: list[Difference]) -> Table:
    """Differences, side by side; hashes cut short."""
    table = _table("", "", before.id, after.id)
    area = ""
    for one in differences:
        cells = [_cell(one.before), _cell(one.after)]
        table.add_row(one.area if one.area != area else "", Text(one.key), *cells)
        area = one.area
    return table


def checks(verification: Verification) -> Table:
    """What the gate looked at; what did not pass is marked."""
    table = _table("", "check", "wanted", "found")
    for one in verification.checks:
        mark = "" if one.passed else "failed"
        table.add_row(mark, Text(one.name), Text(one.wanted), Text(one.found))
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _commit(release: Release) -> str:
    if release.source.commit is None:
        return "none"
    return release.source.commit[:7] + ("" if release.source.clean else " changed")


def _hashes(values: Iterable[str | None]) -> str:
    short = (value.removeprefix("sha256:")[:7] for value in values if value)
    return " ".join(dict.fromkeys(short)) or "none"


def _cell(value: str | None) -> Text:
    if value is None:
        return Text("-")
    hexadecimal = value.removeprefix("sha256:")
    is_hash = len(hexadecimal) >= 40 and set(hexadecimal) <= set("0123456789abcdef")
    # Text, not markup: a value may hold brackets.
    return Text(hexadecimal[:_SHOWN] if is_hash else value)
