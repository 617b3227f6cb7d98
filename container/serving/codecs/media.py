"""Media types: what a body is by its Content-Type, and what its answer shall be by Accept."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec

from ..errors import RequestError

JSON = "application/json"
LINES = "application/jsonlines"
CSV = "text/csv"
NPY = "application/x-npy"
PARQUET = "application/x-parquet"

# The other names by which a type goes: JSON lines never got one of their own, and MLflow's server
# and Hugging Face's do not agree on parquet's.
_NAMES = {
    JSON: (JSON,),
    LINES: (LINES, "application/x-jsonlines", "application/jsonl", "application/x-ndjson"),
    CSV: (CSV,),
    NPY: (NPY,),
    PARQUET: (PARQUET, "application/vnd.apache.parquet"),
}
_FORMATS = {name: kind for kind, names in _NAMES.items() for name in names}
# What a type needs of the image; the others are read and written with what the server brings.
_NEEDS = {NPY: "numpy", PARQUET: "pyarrow"}
_WEIGHT = re.compile(r"q *= *([01](?:\.[0-9]{0,3})?)")


@dataclass(frozen=True, slots=True)
class Format:
    """A type of body: which of those above, and how the client calls it.

    `header` is CSV's parameter of that name (RFC 4180): `present`, `absent`, or not given.
    """

    kind: str
    name: str
    header: str | None = None


@lru_cache(maxsize=64)
def body_format(content_type: str | None) -> Format:
    """Read a Content-Type; JSON is assumed where it is missing or empty.

    Raises:
        RequestError: 415 for a type or charset that is not served.
    """
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
    """Choose the type of an answer.

    Args:
        accept: the Accept header.
        body: which type the body was: lines are answered in lines, where nothing else is asked.
        default: what is taken where Accept is missing or leaves it open; JSON when not given.

    Raises:
        RequestError: 406 when the client takes nothing that can be made.
    """
    first = default or (LINES if body == LINES else JSON)
    offered = [first, *(name for name in _FORMATS if name != first)]
    offered = [name for name in offered if not _missing(_FORMATS[name])]
    ranges = _ranges(accept or "*/*")
    # max takes the first of the best: the default where the header weighs all the same.
    name = max(offered, key=lambda offer: _weight(offer, ranges))
    if not _weight(name, ranges):
        raise RequestError(
            406, "not_acceptable", f"Accept {accept!r} excludes all that is made here: {formats()}"
        )
    return Format(_FORMATS[name], name)


def known(name: str) -> bool:
    """Tell whether answers of this type can be made here."""
    return name in _FORMATS and not _missing(_FORMATS[name])


def formats() -> str:
    """Name the types that are read and written here, for messages."""
    return _or([name for name in _NAMES if known(name)])


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
    """Map each media range to its weight; one whose weight cannot be read is passed over."""
    found = {}
    for choice in accept.lower().split(","):
        name, *parameters = [part.strip() for part in choice.split(";")]
        given = next((p for p in parameters if re.match("q *=", p)), "q=1")
        if name and (weight := _WEIGHT.fullmatch(given)):
            found[name] = min(1.0, float(weight[1]))
    return found


def _weight(name: str, ranges: dict[str, float]) -> float:
    """Weigh a type by the range that names it most exactly (RFC 9110, 12.5.1)."""
    group = name.partition("/")[0]
    for asked in (name, f"{group}/*", "*/*"):
        if asked in ranges:
            return ranges[asked]
    return 0.0


def _or(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}"
