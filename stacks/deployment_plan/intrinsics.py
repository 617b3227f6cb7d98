"""CloudFormation's intrinsic functions: what a value refers to, and how a person reads it."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Path = tuple[str, ...]

_SUB_NAME = re.compile(r"\$\{([^!}][^}]*)\}")


def is_intrinsic(value: object) -> bool:
    """Whether a value is a function's call, such as `{"Ref": …}`."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    (name,) = map(str, value)
    return name == "Ref" or name.startswith("Fn::")


def references(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every name that Ref, Fn::GetAtt and Fn::Sub take, with where it stands.

    The path ends at the outermost function: what is inside one changes as a whole.
    """
    yield from _found(value, path, _names)


def imports(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every output of another stack that is read, with where it stands.

    Fn::GetStackOutput names it as `STACK.OUTPUT`, Fn::ImportValue by the name of its export.
    """
    yield from _found(value, path, _imported)


def _found(
    value: Any, path: Path, names: Callable[[Any], Iterator[str]]
) -> Iterator[tuple[Path, str]]:
    if is_intrinsic(value):
        yield from ((path, name) for name in names(value))
    elif isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _found(item, (*path, str(key)), names)


def _imported(value: Any) -> Iterator[str]:
    match value:
        case {"Fn::GetStackOutput": {"StackName": str(stack), "OutputName": str(output)}}:
            yield f"{stack}.{output}"
        case {"Fn::ImportValue": str(export)}:
            yield export
        case dict() | list():
            for item in value.values() if isinstance(value, dict) else value:
                yield from _imported(item)


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _names(item)
    elif isinstance(value, dict):
        for function, argument in value.items():
            match function:
                case "Ref":
                    yield argument
                case "Fn::GetAtt":
                    yield _attribute(argument)[0]
                case "Fn::Sub":
                    text, variables = _sub(argument)
                    names = {name.split(".")[0] for name in _SUB_NAME.findall(text)}
                    yield from sorted(names - variables.keys())
                    yield from _names(list(variables.values()))
                case _:
                    yield from _names(argument)


def render(value: Any, resources: dict[str, Any]) -> str:
    """A value as a person reads it, with the names in place that the template itself gives."""
    if is_intrinsic(value):
        ((function, argument),) = value.items()
        return _called(function, argument, resources)
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _called(function: str, argument: Any, resources: dict[str, Any]) -> str:
    match function, argument:
        case "Ref", str(name):
            return _physical_name(name, "", resources)
        case "Fn::GetAtt", _:
            return _physical_name(*_attribute(argument), resources)
        case "Fn::Join", [str(separator), list(parts)]:
            return separator.join(render(part, resources) for part in parts)
        case "Fn::Sub", _:
            text, variables = _sub(argument)
            return _SUB_NAME.sub(lambda found: _substituted(found[1], variables, resources), text)
    return json.dumps({function: argument}, sort_keys=True)


def _substituted(name: str, variables: dict[str, Any], resources: dict[str, Any]) -> str:
    if name in variables:
        return render(variables[name], resources)
    return _physical_name(*_attribute(name), resources)


def _physical_name(logical_id: str, attribute: str, resources: dict[str, Any]) -> str:
    # An Endpoint's Ref is its ARN and an Alarm's its name; a reader wants the name of both.
    resource = resources.get(logical_id, {})
    own = attribute or f"{resource.get('Type', '').rpartition('::')[2]}Name"
    name = resource.get("Properties", {}).get(own)
    if isinstance(name, str):
        return name
    return f"{logical_id}.{attribute}" if attribute else logical_id


def _attribute(argument: Any) -> tuple[str, str]:
    name, _, attribute = (
        argument.partition(".") if isinstance(argument, str) else (argument[0], "", argument[1])
    )
    return name, attribute if isinstance(attribute, str) else ""


def _sub(argument: Any) -> tuple[str, dict[str, Any]]:
    return (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])
