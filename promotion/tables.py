"""Releases as tables: each function returns the headings, and the rows of texts."""

from collections.abc import Iterable

from promotion.diff import Difference
from promotion.evidence import Verification
from promotion.release import Release

Rows = tuple[list[str], list[list[str]]]


def history(releases: list[Release], served: str | None) -> Rows:
    """Releases in their order; the first with the served EndpointConfig is marked."""
    marked = next((one.id for one in releases if served and one.endpoint_config == served), None)
    return ["release", "served", "recorded (UTC)", "commit", "model", "image", "from"], [
        [
            one.id,
            "yes" if one.id == marked else "",
            f"{one.recorded:%Y-%m-%d %H:%M:%S}",
            _commit(one),
            _hashes(model.manifest_sha256 for model in one.models),
            _hashes(image.digest for image in one.images),
            str(one.lineage or ""),
        ]
        for one in releases
    ]


def diff(before: Release, after: Release, differences: list[Difference]) -> Rows:
    """Differences, side by side, with short hashes."""
    return ["what differs", before.id, after.id], [
        [f"{one.area}: {one.key}", _cell(one.before), _cell(one.after)] for one in differences
    ]


def checks(verification: Verification) -> Rows:
    """The gate's checks."""
    return ["check", "result", "wanted", "found"], [
        [one.name, one.result, one.wanted, one.found] for one in verification.checks
    ]


def _commit(release: Release) -> str:
    if release.source.commit is None:
        return "none"
    return release.source.commit[:7] + ("" if release.source.clean else " changed")


def _hashes(values: Iterable[str | None]) -> str:
    short = (value.removeprefix("sha256:")[:7] for value in values if value)
    return " ".join(dict.fromkeys(short)) or "none"


def _cell(value: str | None) -> str:
    if value is None:
        return "-"
    hexadecimal = value.removeprefix("sha256:")
    is_hash = len(hexadecimal) >= 40 and set(hexadecimal) <= set("0123456789abcdef")
    return hexadecimal[:12] if is_hash else value
