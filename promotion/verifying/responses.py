"""Reading spans out of an endpoint's response to a request for one text.

`{"predictions": [[{"start": 0, "end": 4, "label": "PER", …}, …]]}`, as the container responds for a
token classifier and for the example; `entity_group` and `entity` are transformers' own words for
the label.
https://huggingface.co/docs/transformers/main_classes/pipelines#transformers.TokenClassificationPipeline
"""

import json
from typing import Any

from promotion.verifying.golden import Span

_LABELS = ("label", "entity_group", "entity")


class UnreadableError(Exception):
    """The response is not a list of spans for one text; the message is one line."""


def spans(body: bytes) -> frozenset[Span]:
    """The spans that a response has for its one text.

    Raises UnreadableError where the response is of another form.
    """
    try:
        response = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableError("the response is not JSON") from None
    match response:
        case {"predictions": [[*found]]}:
            return frozenset(_span(one) for one in found)
    raise UnreadableError('the response is not {"predictions": [[…]]}, the spans of one text')


def _span(found: Any) -> Span:
    if isinstance(found, dict):
        label = next((found[key] for key in _LABELS if key in found), None)
        start, end = found.get("start"), found.get("end")
        if type(start) is type(end) is int and isinstance(label, str):  # True is an int, too
            return start, end, label
    raise UnreadableError(f"a span has start, end and one of {', '.join(_LABELS)}")
