"""How a mistake in stages.toml is worded: key and value as in the file, and what is allowed."""

import json
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

_LONGEST_ARRAY = 200  # characters: what is wrong with it stands behind it


def nearest(value: str, known: Iterable[str]) -> str:
    """`; did you mean "…"?` where one of `known` is like `value`, else nothing."""
    matches = get_close_matches(value, sorted(known), n=1)
    return f'; did you mean "{matches[0]}"?' if matches else ""


def toml_value(value: object) -> str:
    """` = VALUE` as it would stand in TOML; nothing for a table, which stands on its own lines."""
    if isinstance(value, dict | BaseModel):
        return ""
    if isinstance(value, str | int | float | bool | list):
        written = _printable(json.dumps(value, ensure_ascii=False, default=str))
        if isinstance(value, list) and len(written) > _LONGEST_ARRAY:
            written = f"{written[:_LONGEST_ARRAY]}…"
        return f" = {written}"
    return f" = {value}"


def unless_secret(name: str, value: object) -> str:
    """The same of a key's value; nothing where the key's name says that it is a secret."""
    secret = re.search(r"passw|pwd|secret|token|credential|api_?key", name.rpartition(".")[2], re.I)
    return "" if secret else toml_value(value)


def _printable(text: str) -> str:
    """With TOML's escapes for what would break the line or show as nothing."""
    return "".join(one if one.isprintable() else f"\\U{ord(one):08X}" for one in text)


def describe(
    details: ErrorDetails, root: type[BaseModel], stages: dict[str, Any], defaults: dict[str, Any]
) -> str:
    """One mistake as `KEY = VALUE: what is allowed`.

    A value that a stage took from `[defaults]` is named there, once for all stages; where it is
    wrong only beside the stage's own values, it is named in the stage.
    """
    location = [str(part) for part in details["loc"] if part != "[key]"]
    table, key, origin = root, location, ""
    if location[0] == "stages":
        stage, *rest = location[1:]
        table = root.model_fields["stages"].annotation.__args__[1]  # type: ignore[union-attr]
        key = [stage, *rest]
        if not _has(stages[stage], rest) and _has(defaults, rest):
            if details["type"] == "conflict":
                origin = " (from [defaults])"
            else:
                key = ["defaults", *rest]
        location = rest
    name = re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", ".".join(key))
    if details["type"] == "missing":
        field = keys(_table(table, location[:-1]))[location[-1]]
        return f"{name}: missing; {field.description or f'a table: [{name}]'}"
    reason = _reason(details, _table(table, location[:-1]), name)
    return f"{name}{unless_secret(name, details['input'])}{origin}: {reason}"


def _has(table: Any, path: list[str]) -> bool:
    for part in path:
        if isinstance(table, list):
            return True  # an item's index: the list is where it came from
        if not isinstance(table, dict) or part not in table:
            return False
        table = table[part]
    return True


def keys(table: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a table by their names in the file."""
    return {field.alias or name: field for name, field in table.model_fields.items()}


def table_in(annotation: Any) -> type[BaseModel] | None:
    """The table that an annotation is, or holds in an array, a table of tables, a union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := table_in(part))), None)


def _table(root: type[BaseModel], path: list[str]) -> type[BaseModel]:
    """The model of the innermost table on the way to `path`."""
    for part in path:
        # What is no field is an array's index or a name that the user chose.
        if field := keys(root).get(part):
            inner = table_in(field.annotation)
            if inner is None:
                return root
            root = inner
    return root


def _reason(details: ErrorDetails, table: type[BaseModel], name: str) -> str:
    match details["type"]:
        case "extra_forbidden":
            known = list(keys(table))
            wrong = name.rpartition(".")[2]
            return "no such key" + (nearest(wrong, known) or f"; known are {', '.join(known)}")
        case "model_type":
            return f"must be a table: [{name}]"
        case "tuple_type":
            return "must be an array: [ ]"
        case _:
            return details["msg"].replace("Input should be", "must be")
