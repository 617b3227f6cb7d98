"""CloudFormation's resource schemas, as cfn-lint ships them.

They are read as files: importing cfn-lint takes seconds, which the emulator's start has not.
"""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_REGION = "us-east-1"


@cache
def resource_schema(resource_type: str) -> dict[str, Any]:
    """The schema of a CloudFormation type (`AWS::SageMaker::Model`).

    Raises KeyError for a type that CloudFormation does not have.
    """
    spec = find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("cfn-lint is not installed: see requirements.in")
    folder = Path(spec.origin).parent / "data" / "schemas"
    index: dict[str, str] = json.loads((folder / "providers" / f"{_REGION}.json").read_text())
    schema: dict[str, Any] = json.loads(
        (folder / "resources" / f"{index[resource_type]}.json").read_text()
    )
    return schema


def replacing_properties(resource_type: str) -> tuple[str, ...]:
    """The top-level properties whose change makes CloudFormation replace the resource."""
    paths: list[str] = resource_schema(resource_type).get("createOnlyProperties", [])
    return tuple(sorted(path.removeprefix("/properties/").split("/")[0] for path in paths))
