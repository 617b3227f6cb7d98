"""What the List operations share: filters, order and pages."""

import base64
import binascii
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from localaws.json_api import AwsError
from localaws.sagemaker.state import Resource
from localaws.scope import Document

DEFAULT_PAGE = 10
"""AWS's default for MaxResults in these operations."""


def _status(summary: Document) -> str:
    """The member that ends so, whatever it is the status of; empty where there is none."""
    return next((value for name, value in summary.items() if name.endswith("Status")), "")


_ORDER: dict[str, Callable[[Document], object]] = {
    "Name": lambda summary: next(iter(summary.values())),
    "CreationTime": lambda summary: summary["CreationTime"],
    "Status": _status,
}


def page(
    request: Document,
    resources: Iterable[Resource],
    summarise: Callable[[Resource], Document],
    member: str,
) -> Document:
    """The response of a List operation: summaries (name first) that pass the request's filters."""
    summaries = [
        summarise(one) for one in list(resources) if request.get("NameContains", "") in one.name
    ]
    summaries = [one for one in summaries if _within(request, one)]
    order = _ORDER[request.get("SortBy", "CreationTime")]
    descending = request.get("SortOrder", "Descending") == "Descending"
    summaries.sort(key=order, reverse=descending)  # type: ignore[arg-type]
    start = _offset(request.get("NextToken"))
    end = start + request.get("MaxResults", DEFAULT_PAGE)
    response: Document = {member: summaries[start:end]}
    if end < len(summaries):
        response["NextToken"] = base64.urlsafe_b64encode(str(end).encode()).decode()
    return response


def _within(request: Document, summary: Document) -> bool:
    if request.get("StatusEquals", _status(summary)) != _status(summary):
        return False
    for name in ("CreationTime", "LastModifiedTime"):
        after, before = request.get(f"{name}After"), request.get(f"{name}Before")
        if after is not None and summary[name] <= datetime.fromtimestamp(after, UTC):
            return False
        if before is not None and summary[name] >= datetime.fromtimestamp(before, UTC):
            return False
    return True


def _offset(token: str | None) -> int:
    try:
        return int(base64.urlsafe_b64decode(token)) if token else 0
    except (ValueError, binascii.Error):
        raise AwsError.validation("Invalid pagination token.") from None
