"""The network that instances stand in."""

import ipaddress
from collections.abc import Iterator

from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding
from stacks.prefix_lists import S3_PREFIX_LISTS

# A new VPC has two subnets of a half each (stacks/constructs/isolated_vpc.py). In each of them
# five addresses are AWS's own, and two are those of interface endpoints.
_SUBNETS, _TAKEN = 2, 7


def vpc_and_its_subnets_go_together(stage: CheckedStage) -> Iterator[Finding]:
    """A VPC is named with its subnets; security groups belong to one; a new VPC excludes both.

    Source: VpcConfig in SageMaker's service model; `[network]` in stacks/settings/network.py.
    """
    network = stage.settings.network
    if network.vpc_id and not network.subnet_ids:
        yield stage.refuse("network.vpc_id", "needs network.subnet_ids, too")
    if network.subnet_ids and not network.vpc_id:
        yield stage.refuse("network.subnet_ids", "needs network.vpc_id, too")
    if network.security_group_ids and not network.vpc_id:
        yield stage.refuse("network.security_group_ids", "needs the network.vpc_id of the groups")
    if network.new_vpc and network.vpc_id:
        yield stage.refuse("network.new_vpc", "goes without network.vpc_id; leave one out")


def subnets_stand_in_two_zones(stage: CheckedStage) -> Iterator[Finding]:
    """Endpoints are given two subnets at least, in two zones, even for one instance.

    Source: SageMaker's guide, "Give SageMaker AI hosted endpoints access to resources in your
    Amazon VPC".
    """
    subnets = stage.settings.network.subnet_ids
    if stage.mode.has_endpoint and subnets and len(set(subnets)) < 2:
        yield stage.refuse(
            "network.subnet_ids", "an endpoint needs two, in two zones; name another"
        )


def region_has_a_known_prefix_list(stage: CheckedStage) -> Iterator[Finding]:
    """A security group of ours leads to S3 by its prefix list, whose id differs by region.

    Source: stacks/prefix_lists.py.
    """
    network, region = stage.settings.network, stage.settings.region
    makes_a_group = network.new_vpc or (network.vpc_id and not network.security_group_ids)
    if makes_a_group and region not in S3_PREFIX_LISTS:
        yield stage.refuse(
            "network.new_vpc" if network.new_vpc else "network.security_group_ids",
            f"the id of S3's prefix list in {region} is not known here; name a VPC, its subnets "
            "and a security group that leads to S3",
        )


def new_vpc_is_large_enough(stage: CheckedStage) -> Iterator[Finding]:
    """A new VPC is /16 to /27 and has an address for every instance, twice during an update.

    Source: VPC's guide, "VPC CIDR blocks" and "Subnet CIDR blocks" (/28 at least, five addresses
    are AWS's); stacks/constructs/isolated_vpc.py (two subnets of a half each).
    """
    network = stage.settings.network
    if not network.new_vpc:
        return
    try:
        block = ipaddress.IPv4Network(network.cidr)
    except ValueError as error:
        yield stage.refuse("network.cidr", f'{error}; write it as "10.42.0.0/20"')
        return
    settings = stage.settings
    scaling, batch = settings.scaling, settings.batch
    most = batch.instance_count if stage.mode.has_transform_jobs else scaling.max_capacity
    shadows = stage.plan.shadow.count if stage.plan.shadow else 0
    needed = 2 * (most * len(stage.plan.variants) + shadows)
    room = _SUBNETS * (block.num_addresses // 2 - _TAKEN)
    if not 16 <= block.prefixlen <= 27:
        yield stage.refuse(
            "network.cidr", 'a VPC of two subnets is /16 to /27; write it as "10.42.0.0/20"'
        )
    elif room < needed:
        yield stage.refuse(
            "network.cidr",
            f"has room for {room} instances; those of the stage, twice during an update, are "
            f"{needed}: take a larger block, as a /16, or fewer instances",
        )
    if not block.is_private:
        yield stage.warn(
            "network.cidr", 'is public address space; use 10.0.0.0/8, as "10.42.0.0/20"'
        )
