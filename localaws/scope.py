"""The account and region that a request acts in."""

from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]
"""A JSON object in the API's own shape."""


@dataclass(frozen=True)
class Scope:
    """An account (12 digits) and a region."""

    account: str
    region: str
