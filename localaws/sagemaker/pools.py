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
