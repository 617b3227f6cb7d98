"""What a rule of the endpoint pack is, and how one asks a template."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Template = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """A rule: its name, what it asks for, and the logical ids in a template that break it."""

    name: str
    asks_for: str
    broken_by: Callable[[Template], Iterable[str]]


def facts(template: Template) -> dict[str, Any]:
    """What a template does not tell of itself: its metadata `Berth` (`stage_facts`)."""
    found: dict[str, Any] = template.get("Metadata", {}).get("Berth", {})
    return found


def of(template: Template, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The resources of these types: logical ids and properties."""
    for logical_id, resource in template.get("Resources", {}).items():
        if resource["Type"] in types:
            yield logical_id, resource.get("Properties", {})
