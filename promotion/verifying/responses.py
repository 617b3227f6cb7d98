"""Reading what an evaluator judges out of an endpoint's response to a request for one row.

`{"predictions": [ROW]}`, as the container and MLflow respond, or ROW itself, as handlers may.
"""

import json
import math
from typing import Any

from stacks.compatibility.golden_set import Span

# `entity_group` and `entity` are transformers' own words for the label of a span.
# https://huggingface.co/docs/transformers/main_classes/pipelines#transformers.TokenClassificationPipeline
_LABELS = ("label", "entity_group", "entity")
_NUMBERS = ("value", "score", "prediction")
_VECTORS = ("embedding", "vector")


class UnreadableError(Exception):
    """The response is not what the evaluator judges; the message is one line, without its words."""


def spans(body: bytes) -> frozenset[Span]:
    """The spans of a response: `{"predictions": [[{"start": 0, "end": 4, "label": "PER"}, …]]}`.

    Raises UnreadableError where the response is of another form.
    """
    match document(body):
        case {"predictions": [[*found]]}:
            return frozenset(_span(one) for one in found)
    raise UnreadableError('the response is not {"predictions": [[…]]}, the spans of one text')


def label(body: bytes) -> str:
    """The label of a response: itself, or of a record; of several the one with the highest score.

    Raises UnreadableError where the response is of another form.
    """
    found = _row(body)
    if isinstance(found, list) and found and all(_is_scored(one) for one in found):
        found = max(found, key=lambda one: one["score"])
    named = label_name(_inside(found, _LABELS))
    if named is None:
        raise UnreadableError("the response has no label: a text, a whole number or a record")
    return named


def label_name(value: object) -> str | None:
    """A label as it is compared: 1, 1.0 and "1" are one; None for what is no label."""
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case int() | str():
            return str(value)
    return None


def number(body: bytes) -> float:
    """The number of a response: itself, or of a record.

    Raises UnreadableError where the response is of another form.
    """
    found = _inside(_row(body), _NUMBERS)
    if not _is_number(found):
        raise UnreadableError(f"the response has no number, nor {', '.join(_NUMBERS)} in a record")
    return float(found)


def vector(body: bytes) -> tuple[float, ...]:
    """The vector of a response: itself, or of a record.

    Raises UnreadableError where the response is of another form.
    """
    found = _row(body)
    if isinstance(found, dict):
        found = _inside(found, _VECTORS)
    if isinstance(found, list) and found and all(_is_number(one) for one in found):
        return tuple(map(float, found))
    raise UnreadableError("the response has no vector, a list of numbers")


def document(body: bytes) -> Any:
    """The response as a whole.

    Raises UnreadableError where it is not JSON.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableError("the response is not JSON") from None


def _row(body: bytes) -> Any:
    """The one row: what is inside of `predictions`, and of lists of one."""
    found = document(body)
    if isinstance(found, dict) and "predictions" in found:
        found = found["predictions"]
    # A vector of one number stays a list.
    while isinstance(found, list) and len(found) == 1 and not _is_number(found[0]):
        (found,) = found
    return found


def _inside(found: Any, keys: tuple[str, ...]) -> Any:
    """What a record has under one of the keys, or as its only value; the one number of a list."""
    if isinstance(found, dict):
        only = next(iter(found.values())) if len(found) == 1 else None
        found = next((found[key] for key in keys if key in found), only)
    return found[0] if isinstance(found, list) and len(found) == 1 else found


def _is_scored(found: object) -> bool:
    return isinstance(found, dict) and "label" in found and _is_number(found.get("score"))


def _is_number(found: Any) -> bool:
    # Whole numbers of JSON may be larger than a float.
    if type(found) is int:
        return abs(found) < 2**1000
    return type(found) is float and math.isfinite(found)


def _span(found: Any) -> Span:
    if isinstance(found, dict):
        named = next((found[key] for key in _LABELS if key in found), None)
        start, end = found.get("start"), found.get("end")
        if type(start) is type(end) is int and isinstance(named, str):  # True is an int, too
            return start, end, named
    raise UnreadableError(f"a span has start, end and one of {', '.join(_LABELS)}")
