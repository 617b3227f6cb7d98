"""Requests validated against botocore's own service models, with AWS's messages.

botocore's client checks types and required members alone; the service also refuses what breaks an
enumeration, a pattern or a limit, which the same model carries. The texts follow AWS's
(`1 validation error detected: Value 'x' at 'name' failed to satisfy constraint: ...`).
"""

import math
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session
import regex
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

# Java writes the characters beyond the first plane as pairs of surrogates, Python as themselves.
_JAVA_ASTRAL = r"\uD800\uDC00-\uDBFF\uDFFF"
_PYTHON_ASTRAL = r"\U00010000-\U0010FFFF"

_NUMBERS = ("integer", "long", "float", "double")

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float, str, datetime),
    "blob": (str, bytes, bytearray),
}


class Invalid(Exception):  # noqa: N818 - named as the sentence that raises it
    """A request that the service refuses with a ValidationException; the text is AWS's."""


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service, by its boto3 name (`sagemaker`)."""
    return botocore.session.get_session().get_service_model(service)


def validate(service: str, operation: str, params: dict[str, Any]) -> None:
    """Check a request's members against the model of `operation` (`CreateModel`).

    Raises Invalid naming every violation.
    """
    shape = service_model(service).operation_model(operation).input_shape
    if shape is None:
        return
    found = list(_violations(shape, params, ""))
    if found:
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
        raise Invalid(count + "; ".join(found))


def coerce(service: str, shape_name: str, value: Any) -> Any:
    """Convert CloudFormation's values (`"1"`, `"true"`, `8080`) to the shape's types.

    CloudFormation converts between strings, numbers and booleans; what cannot be converted, and
    what the shape does not know, is returned as it is for `validate` to refuse.
    """
    return _coerced(service_model(service).shape_for(shape_name), value)


def _coerced(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = shape.members
        return {
            name: _coerced(members[name], member) if name in members else member
            for name, member in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_coerced(shape.member, member) for member in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {str(name): _coerced(shape.value, member) for name, member in value.items()}
    return _scalar(shape.type_name, value)


def _scalar(type_name: str, value: Any) -> Any:
    if type_name == "string" and isinstance(value, (bool, int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if not isinstance(value, str):
        return value
    if type_name == "boolean" and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if type_name in _NUMBERS:
        try:
            return int(value) if type_name in ("integer", "long") else float(value)
        except ValueError:
            return value
    return value


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if value is None:
        yield _refused(None, path, "Member must not be null")
    elif isinstance(shape, StructureShape):
        yield from _structure_violations(shape, value, path)
    elif isinstance(shape, ListShape):
        if not isinstance(value, (list, tuple)):
            yield _wrong_type(value, path, "a list")
            return
        yield from _size_violations(shape, value, len(value), path, "length")
        for number, member in enumerate(value, start=1):
            yield from _violations(shape.member, member, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            yield _wrong_type(value, path, "a map")
            return
        yield from _size_violations(shape, value, len(value), path, "length")
        for name, member in value.items():
            yield from _violations(shape.key, name, f"{path}.key")
            yield from _violations(shape.value, member, f"{path}.{name}.member")
    else:
        yield from _scalar_violations(shape, value, path)


def _structure_violations(shape: StructureShape, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        if not shape.is_document_type:
            yield _wrong_type(value, path, "a structure")
        return
    if shape.is_document_type:
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield _refused(None, _member(path, name), "Member must not be null")
    for name, member in value.items():
        if name not in shape.members:
            known = ", ".join(sorted(shape.members))
            yield f'Unknown parameter in input: "{name}", must be one of: {known}'
        elif member is not None:
            yield from _violations(shape.members[name], member, _member(path, name))


def _scalar_violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    expected = _TYPES[shape.type_name]
    # Python counts True as 1; no service does.
    fits = type(value) in expected if type(value) is bool else isinstance(value, expected)
    if not fits:
        yield _wrong_type(value, path, f"a {shape.type_name}")
        return
    if shape.type_name in ("string", "blob"):
        yield from _size_violations(shape, value, len(value), path, "length")
    elif isinstance(value, float) and not math.isfinite(value):
        yield _refused(value, path, "Member must be a finite number")
    elif shape.type_name in _NUMBERS:
        yield from _size_violations(shape, value, value, path, "value")
    if shape.type_name != "string":
        return
    allowed: list[str] = shape.metadata.get("enum") or []
    if allowed and value not in allowed:
        constraint = f"Member must satisfy enum value set: [{', '.join(allowed)}]"
        yield _refused(value, path, constraint)
    pattern: str = shape.metadata.get("pattern") or ""
    if pattern and not _compiled(pattern).fullmatch(value):
        constraint = f"Member must satisfy regular expression pattern: {pattern}"
        yield _refused(value, path, constraint)


def _size_violations(
    shape: Shape, value: Any, size: float, path: str, measure: str
) -> Iterator[str]:
    least: float | None = shape.metadata.get("min")
    most: float | None = shape.metadata.get("max")
    if least is not None and size < least:
        yield _refused(
            value, path, f"Member must have {measure} greater than or equal to {_plain(least)}"
        )
    if most is not None and size > most:
        yield _refused(
            value, path, f"Member must have {measure} less than or equal to {_plain(most)}"
        )


@cache
def _compiled(pattern: str) -> "regex.Pattern[str]":
    return regex.compile(pattern.replace(_JAVA_ASTRAL, _PYTHON_ASTRAL))


def _plain(limit: float) -> str:
    return str(int(limit)) if float(limit).is_integer() else str(limit)


def _member(path: str, name: str) -> str:
    camel = name[:1].lower() + name[1:]
    return f"{path}.{camel}" if path else camel


def _refused(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _wrong_type(value: Any, path: str, wanted: str) -> str:
    return _refused(value, path, f"Member must be {wanted}, not {type(value).__name__}")
