"""What a rule of the endpoint pack is, and how one asks a template."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from stacks.stage_plan import MODES, Mode

Template = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """A rule: its name, what it asks for, and the logical ids in a template that break it."""

    name: str
    asks_for: str
    broken_by: Callable[[Template], Iterable[str]]


def facts(template: Template) -> dict[str, Any]:
    """What a template does not show by itself: its metadata `Berth` (`stacks.serving`)."""
    found: dict[str, Any] = template.get("Metadata", {}).get("Berth", {})
    return found


def mode_of(template: Template) -> Mode | None:
    """The mode of the stage that a serving stack is of; None for other stacks."""
    name = facts(template).get("mode")
    return MODES[name] if name else None


def of(template: Template, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The resources of these types: logical ids and properties."""
    for logical_id, resource in template.get("Resources", {}).items():
        if resource["Type"] in types:
            yield logical_id, resource.get("Properties", {})
