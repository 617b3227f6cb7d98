"""What AWS offers, read from the data files of botocore and cfn-lint: offline, never typed by hand.

The files are opened directly: importing botocore's own loader costs every synth a quarter of a
second, importing cfn-lint more.
"""

import gzip
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple

Use = Literal["hosting", "transform"]


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed; run `make setup`")
    return Path(spec.origin).parent / "data"


@cache
def _shapes() -> dict[str, Any]:
    """SageMaker's service model."""
    newest = max(_folder("botocore").glob("sagemaker/*/service-2.json.gz"))
    shapes: dict[str, Any] = json.loads(gzip.decompress(newest.read_bytes()))["shapes"]
    return shapes


@cache
def instance_types(use: Use) -> frozenset[str]:
    """Every instance type that hosting or batch transform takes, by SageMaker's service model."""
    enums = {"hosting": "ProductionVariantInstanceType", "transform": "TransformInstanceType"}
    return frozenset(_shapes()[enums[use]]["enum"])


class EnvironmentLimits(NamedTuple):
    """What CreateModel takes as a container's environment."""

    variables: int
    name: int
    pattern: str
    value: int


@cache
def environment_limits() -> EnvironmentLimits:
    """The limits of a container's environment, by SageMaker's service model."""
    variables, name, value = (_shapes()[f"Environment{part}"] for part in ("Map", "Key", "Value"))
    return EnvironmentLimits(variables["max"], name["max"], name["pattern"], value["max"])


@cache
def offered_by_region(use: Use) -> dict[str, frozenset[str]]:
    """The instance types with a price, by region. cfn-lint updates these from AWS's price list."""
    file = f"schemas/extensions/aws_sagemaker_{use}/instancetype_enum.json"
    regions = json.loads((_folder("cfnlint") / file).read_bytes())
    return {
        name: frozenset(schema["enum"])
        for name, schema in regions.items()
        if isinstance(schema, dict)  # beside a comment
    }


@cache
def resource_types(region: str) -> frozenset[str]:
    """The types that CloudFormation has in a region; none where cfn-lint has no list of it."""
    file = _folder("cfnlint") / f"schemas/providers/{region}.json"
    return frozenset(json.loads(file.read_bytes())) if file.exists() else frozenset()


@cache
def sagemaker_regions() -> frozenset[str]:
    """Every region of every partition that has a SageMaker endpoint."""
    partitions = json.loads((_folder("botocore") / "endpoints.json").read_bytes())["partitions"]
    return frozenset(
        region
        for partition in partitions
        for region in partition["services"].get("api.sagemaker", {}).get("endpoints", {})
        if region in partition["regions"]
    )
