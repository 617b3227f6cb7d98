"""Requests validated against botocore's own service models.

botocore's validator checks types, required members and lower limits; the service also refuses what
breaks an enumeration, a pattern or an upper limit, which the same model carries. The texts of those
follow AWS's (`1 validation error detected: Value 'x' at 'name' failed to satisfy constraint: ...`).
"""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
import regex
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

from localaws.json_api import AwsError

# Java writes the characters beyond the first plane as pairs of surrogates, Python as themselves.
_JAVA_ASTRAL = r"\uD800\uDC00-\uDBFF\uDFFF"
_PYTHON_ASTRAL = r"\U00010000-\U0010FFFF"

_NUMBERS = ("integer", "long", "float", "double")


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service, by its boto3 name (`sagemaker`)."""
    return botocore.session.get_session().get_service_model(service)


def validate(service: str, operation: str, params: dict[str, Any]) -> None:
    """Check a request's members against the model of `operation` (`CreateModel`).

    Raises AwsError (ValidationException) naming every violation.
    """
    shape = service_model(service).operation_model(operation).input_shape
    if shape is None:
        return
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        found = report.generate_report().split("\n")
    else:
        found = list(_violations(shape, params, ""))
    if found:
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
        raise AwsError.validation(count + "; ".join(found))


def from_template(service: str, operation: str, properties: dict[str, Any]) -> dict[str, Any]:
    """A resource's properties as the request of an operation; AwsError where AWS refuses it."""
    shape = service_model(service).operation_model(operation).input_shape
    request: dict[str, Any] = _coerced(shape, properties) if shape else {}
    validate(service, operation, request)
    return request


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
    """What botocore's validator leaves, in a value that it has passed."""
    if isinstance(shape, StructureShape):
        for name, member in {} if shape.is_document_type else value.items():
            camel = name[:1].lower() + name[1:]
            yield from _violations(shape.members[name], member, f"{path}.{camel}".lstrip("."))
    elif isinstance(shape, ListShape):
        yield from _above(shape, value, len(value), path, "length")
        for number, member in enumerate(value, start=1):
            yield from _violations(shape.member, member, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        yield from _above(shape, value, len(value), path, "length")
        for name, member in value.items():
            yield from _violations(shape.key, name, f"{path}.key")
            yield from _violations(shape.value, member, f"{path}.{name}.member")
    elif shape.type_name in _NUMBERS:
        # Python counts True as 1, and botocore's validator too; no service does.
        if isinstance(value, bool) or not math.isfinite(value):
            yield _refused(value, path, "Member must be a finite number")
        yield from _above(shape, value, value, path, "value")
    elif isinstance(value, str | bytes):
        yield from _above(shape, value, len(value), path, "length")
        yield from _text_violations(shape, value, path)


def _text_violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    allowed: list[str] = shape.metadata.get("enum") or []
    if allowed and value not in allowed:
        constraint = f"Member must satisfy enum value set: [{', '.join(allowed)}]"
        yield _refused(value, path, constraint)
    pattern: str = shape.metadata.get("pattern") or ""
    if pattern and not _compiled(pattern).fullmatch(value):
        constraint = f"Member must satisfy regular expression pattern: {pattern}"
        yield _refused(value, path, constraint)


def _above(shape: Shape, value: Any, size: float, path: str, measure: str) -> Iterator[str]:
    most: float | None = shape.metadata.get("max")
    if most is not None and size > most:
        yield _refused(value, path, f"Member must have {measure} less than or equal to {most}")


@cache
def _compiled(pattern: str) -> "regex.Pattern[str]":
    return regex.compile(pattern.replace(_JAVA_ASTRAL, _PYTHON_ASTRAL))


def _refused(value: Any, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"
