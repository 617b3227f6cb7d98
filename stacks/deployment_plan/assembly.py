"""Templates of a stage's stacks, read from a cloud assembly or a folder of stored ones."""

import json
import re
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from stacks.deployment_plan.compare import Template

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


class AssemblyError(Exception):
    """Templates cannot be read; the text is one line."""


@dataclass(frozen=True)
class Stack:
    """A stack of a cloud assembly."""

    name: str
    account: str
    region: str
    template: Template


def stage_stacks(assembly: Path, stage: str) -> list[Stack]:
    """A stage's stacks, in the order in which the CDK CLI deploys them.

    Raises AssemblyError where the folder is no cloud assembly, or has no such stage.
    """
    nested = _manifest(assembly)["artifacts"].get(f"assembly-{stage}")
    if nested is None:
        raise AssemblyError(f"{assembly}: no stage {stage} in this cloud assembly")
    folder = assembly / nested["properties"]["directoryName"]
    artifacts = {
        name: artifact
        for name, artifact in _manifest(folder)["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    order = TopologicalSorter({name: each["dependencies"] for name, each in artifacts.items()})
    return [_stack(folder, artifacts[name]) for name in order.static_order() if name in artifacts]


def stored_templates(folder: Path, stage: str, names: list[str]) -> dict[str, Template]:
    """Templates by stack name, of a cloud assembly or of files `<stack>.template.json`.

    Raises AssemblyError where the folder has none of these stacks.
    """
    if (folder / "manifest.json").is_file():
        found = {stack.name: stack.template for stack in stage_stacks(folder, stage)}
    else:
        files = {name: folder / f"{name}.template.json" for name in names}
        found = {name: _json(file) for name, file in files.items() if file.is_file()}
    if not found.keys() & set(names):
        expected = ", ".join(f"{name}.template.json" for name in names)
        raise AssemblyError(f"{folder}: neither a cloud assembly nor a folder with {expected}")
    return found


def given_back(document: Any) -> Any:
    """A template as GetTemplate gives it back: `?` for what is not ASCII.

    `cdk diff` compares so, too, unless it is `--strict`.
    """
    match document:
        case str():
            return _NOT_ASCII.sub("?", document)
        case dict():
            return {given_back(key): given_back(value) for key, value in document.items()}
        case list():
            return [given_back(item) for item in document]
    return document


def _stack(folder: Path, artifact: dict[str, Any]) -> Stack:
    properties = artifact["properties"]
    account, region = artifact["environment"].removeprefix("aws://").split("/")
    template = _json(folder / properties["templateFile"])
    return Stack(properties["stackName"], account, region, template)


def _manifest(folder: Path) -> dict[str, Any]:
    return _json(folder / "manifest.json")


def _json(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = given_back(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise AssemblyError(f"{file}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise AssemblyError(f"{file}: not JSON: {error}") from None
    return content
