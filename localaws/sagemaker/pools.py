"""Instance pools: a variant runs on the first type, by priority, that has capacity.

After the developer guide's page on deploying to several instance types. There the instances of one
variant may come from several pools; here they come from one.
"""

import os
from dataclasses import dataclass

from localaws.scope import Document

NO_CAPACITY = "LOCALAWS_NO_CAPACITY"
"""The environment variable with the instance types, between commas, without capacity."""

INSUFFICIENT = (
    "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. "
    "Please retry using a different ML instance type or after some time."
)


@dataclass(frozen=True)
class Pool:
    """An instance type to take (empty for a serverless variant), and the model that it runs."""

    instance_type: str
    model: str


def choose(variant: Document) -> Pool | None:
    """What a configuration's variant runs on; None where none of its types has capacity."""
    own = {"InstanceType": variant.get("InstanceType", "")}
    pools = sorted(variant.get("InstancePools", [own]), key=lambda one: one.get("Priority", 1))
    missing = {one.strip() for one in os.environ.get(NO_CAPACITY, "").split(",")} - {""}
    for pool in pools:
        if pool["InstanceType"] not in missing:
            model = pool.get("ModelNameOverride", variant["ModelName"])
            return Pool(pool["InstanceType"], model)
    return None


def wanted(variant: Document, pool: Pool | None) -> Document:
    """The pools in a new variant's summary; empty where it has none."""
    if "InstancePools" not in variant:
        return {}
    types = [one["InstanceType"] for one in variant["InstancePools"]]
    return {"InstancePools": _counted(types), "_pool": pool.instance_type if pool else ""}


def reached(variant: Document) -> Document:
    """The pools in a variant's summary once it has its desired instances."""
    if "InstancePools" not in variant:
        return {}
    types = [one["InstanceType"] for one in variant["InstancePools"]]
    return {"InstancePools": _counted(types, variant["_pool"], variant["DesiredInstanceCount"])}


def described(variant: Document) -> Document:
    """A variant's summary without our own member `_pool`."""
    return {name: value for name, value in variant.items() if name != "_pool"}


def _counted(types: list[str], serving: str = "", count: int = 0) -> list[Document]:
    return [
        {"InstanceType": one, "CurrentInstanceCount": count if one == serving else 0}
        for one in types
    ]
