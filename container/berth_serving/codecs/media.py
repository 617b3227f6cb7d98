"""Media types: the body's by its Content-Type, and the response's by Accept."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec

from ..errors import RequestError

JSON = "application/json"
LINES = "application/jsonlines"
CSV = "text/csv"
NPY = "application/x-npy"
PARQUET = "application/x-parquet"

# JSON lines have no registered type, and the servers of MLflow and Hugging Face disagree on
# parquet's.
_NAMES = {
    JSON: (JSON,),
    LINES: (LINES, "application/x-jsonlines", "application/jsonl", "application/x-ndjson"),
    CSV: (CSV,),
    NPY: (NPY,),
    PARQUET: (PARQUET, "application/vnd.apache.parquet"),
}
_FORMATS = {name: kind for kind, names in _NAMES.items() for name in names}
# The packages of the image that a type needs; the other types need none.
_NEEDS = {NPY: "numpy", PARQUET: "pyarrow"}
_WEIGHT = re.compile(r"q *= *([01](?:\.[0-9]{0,3})?)")


@dataclass(frozen=True, slots=True)
class Format:
    """The type of a body: one of those above, and the client's name for it.

    `header` is CSV's parameter of that name (RFC 4180): `present`, `absent` or None.
    """

    kind: str
    name: str
    header: str | None = None


@lru_cache(maxsize=64)
def body_format(content_type: str | None) -> Format:
    """Read a Content-Type, by default JSON; 415 for an unknown type or charset."""
    name, parameters = _split(content_type or JSON)
    if name not in _FORMATS:
        raise _unsupported(f"Content-Type {content_type!r} is not served; send {formats()}")
    kind = _FORMATS[name]
    if missing := _missing(kind):
        raise _unsupported(f"Content-Type {name} is not served: the image has no {missing}")
    charset = parameters.get("charset", "utf-8")
    if charset not in {"utf-8", "utf8", "us-ascii"}:
        raise _unsupported(f"charset {charset!r} is not served; send UTF-8")
    return Format(kind, name, parameters.get("header"))


@lru_cache(maxsize=64)
def response_format(
    accept: str | None, *, body: str | None = None, default: str | None = None
) -> Format:
    """Choose the type of a response; 406 if Accept excludes all types.

    Where Accept leaves the choice open, it is `default`, or else JSON lines if the body was of that
    type, or else JSON.
    """
    first = default or (LINES if body == LINES else JSON)
    offered = [first, *(name for name in _FORMATS if name != first)]
    offered = [name for name in offered if not _missing(_FORMATS[name])]
    ranges = _ranges(accept or "*/*")
    # max returns the first of the best: the default, if all have the same weight.
    name = max(offered, key=lambda offer: _weight(offer, ranges))
    if not _weight(name, ranges):
        raise RequestError(
            406,
            "not_acceptable",
            f"Accept {accept!r} excludes all types that can be made: {formats()}",
        )
    return Format(_FORMATS[name], name)


def known(name: str) -> bool:
    """Return whether responses of this type can be made here."""
    return name in _FORMATS and not _missing(_FORMATS[name])


def formats() -> str:
    """List the supported types, for messages."""
    *others, last = [name for name in _NAMES if known(name)]
    return f"{', '.join(others)} or {last}"


@cache
def _missing(kind: str) -> str | None:
    package = _NEEDS.get(kind)
    return package if package and find_spec(package) is None else None


def _unsupported(message: str) -> RequestError:
    return RequestError(415, "unsupported_media_type", message)


def _split(value: str) -> tuple[str, dict[str, str]]:
    name, *rest = [part.strip() for part in value.lower().split(";")]
    pairs = [part.partition("=") for part in rest]
    return name, {key.strip(): text.strip(' "') for key, _, text in pairs}


def _ranges(accept: str) -> dict[str, float]:
    """Map each media range to its weight; one with a malformed weight is ignored."""
    found = {}
    for choice in accept.lower().split(","):
        name, *parameters = [part.strip() for part in choice.split(";")]
        given = next((p for p in parameters if re.match("q *=", p)), "q=1")
        if name and (weight := _WEIGHT.fullmatch(given)):
            found[name] = min(1.0, float(weight[1]))
    return found


def _weight(name: str, ranges: dict[str, float]) -> float:
    """Return the weight of the most specific range for a type (RFC 9110, 12.5.1)."""
    group = name.partition("/")[0]
    for asked in (name, f"{group}/*", "*/*"):
        if asked in ranges:
            return ranges[asked]
    return 0.0
