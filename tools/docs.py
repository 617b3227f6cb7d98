"""`make docs`: the parts of the docs, and the schema, that are generated from the code.

A generated part is between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from berth.check import title
from contract.report import markdown
from contract.runner import chosen
from promotion import release
from promotion.permissions import Statement, source_statements, target_statements
from stacks.compatibility.checks import CHECKS
from stacks.compliance.acknowledged import JOB_ROLE_WILDCARDS, WILDCARDS
from stacks.settings import Settings, StageSettings
from stacks.settings.mistakes import keys, table_in
from tools import command_line, security
from tools.alarms import alarm_table
from tools.markdown import code, table

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "container"))  # the image has it on its path

from berth_serving import config  # noqa: E402 - found only now


def settings_table() -> str:
    """Every key of stages.toml, its type, default and meaning."""
    rows = [*_rows(Settings, ""), *_rows(StageSettings, "<stage>.")]
    return table("key | type | default | meaning", rows)


def _rows(settings: type[BaseModel], prefix: str) -> Iterator[tuple[str, ...]]:
    for name, field in keys(settings).items():
        inner = table_in(field.annotation)
        if inner is StageSettings:
            continue  # its keys follow under `<stage>.`
        if inner:
            yield from _rows(inner, f"{prefix}{name}{_of_several(field)}.")
        elif field.description:
            yield f"`{prefix}{name}`", _type(field.annotation), _default(field), field.description


def _of_several(field: FieldInfo) -> str:
    """The suffix of a table's name where there may be several of its kind."""
    kind = str(field.annotation)
    return ".<name>" if "dict[" in kind else "[]" if "tuple[" in kind else ""


def _type(annotation: Any) -> str:
    names = {str: "string", int: "whole number", float: "number", bool: "true or false"}
    if annotation in names:
        return names[annotation]
    parts = [part for part in get_args(annotation) if part not in (None, type(None), ...)]
    if get_origin(annotation) is dict:
        return f"table of {_type(get_args(parts[-1])[0])}s"
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in parts)
    return f"array of {_type(parts[0])}s" if get_origin(annotation) is tuple else _type(parts[0])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    return "unset" if default is None else f"`{json.dumps(default)}`"


def container_settings() -> str:
    """Every variable that the container reads, its default and its meaning."""
    rows = (
        (
            f"`{setting.metadata['variable']}`",
            f"`{setting.default}`" if setting.default else "unset",
            setting.metadata["meaning"],
        )
        for setting in fields(config.Settings)
    )
    return table("variable | default | meaning", rows)


def make_targets() -> str:
    """Every target of the Makefile and what it does."""
    lines = (ROOT / "Makefile").read_text().splitlines()
    targets = [re.fullmatch(r"([a-z-]+):.*## (.*)", line) for line in lines]
    rows = ((f"`make {target[1]}`", target[2]) for target in targets if target)
    return table("command | what it does", rows)


def compatibility_checks() -> str:
    """Every compatibility check, what it holds and where that is from."""
    rows = []
    for check in CHECKS:
        words = " ".join((check.__doc__ or "").split())
        holds, _, source = words.partition(" Source: ")
        rows.append((title(check), holds, source.rstrip(".")))
    return table("check | what it holds | source", rows)


def role_permissions(statements: list[Statement]) -> str:
    """The permissions of a side's role in a promotion."""
    rows = []
    for one in statements:
        resources = [one["Resource"]] if isinstance(one["Resource"], str) else one["Resource"]
        conditions = [
            f"{key} is {value}"
            for operator in one.get("Condition", {}).values()
            for key, value in operator.items()
        ]
        rows.append([code(each) for each in ([one["Sid"]], one["Action"], resources, conditions)])
    return table("statement | allows | on | when", rows)


_PLACE = ("PROJECT", "STAGE", "ACCOUNT", "REGION")

GENERATED: dict[str, Callable[[], str]] = {
    "alarms": alarm_table,
    "checkov": security.checkov_findings,
    "commands": command_line.reference,
    "compatibility": compatibility_checks,
    "container": container_settings,
    "contract": lambda: markdown(chosen([])),
    "exit_statuses": command_line.exit_statuses,
    "findings": security.findings,
    "jobs": partial(security.wildcards, JOB_ROLE_WILDCARDS),
    "key": security.key_users,
    "other_roles": security.other_roles,
    "roles": security.execution_roles,
    "rules": security.rules,
    "settings": settings_table,
    "source_permissions": lambda: role_permissions(source_statements(*_PLACE, ["a trusted key"])),
    "target_permissions": lambda: role_permissions(target_statements(*_PLACE)),
    "targets": make_targets,
    "trust": security.trust,
    "unscoped": security.unscoped,
    "wildcards": partial(security.wildcards, WILDCARDS),
}
_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def regenerated(text: str) -> str:
    """The text of a page with every part generated anew."""
    return _PART.sub(lambda part: f"{part[1]}{GENERATED[part[2]]()}\n{part[3]}", text)


def pages() -> list[Path]:
    """The pages that have generated parts."""
    candidates = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in candidates if _PART.search(page.read_text())]


def main() -> None:
    """Write every page with generated parts, and the schema of a release, anew."""
    (ROOT / "promotion" / "release.schema.json").write_text(release.schema())
    for page in pages():
        page.write_text(regenerated(page.read_text()))


if __name__ == "__main__":
    main()
