"""The network that instances stand in."""

import ipaddress
from collections.abc import Iterator

from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding
from stacks.prefix_lists import S3_PREFIX_LISTS

# In each of two subnets: what AWS keeps for itself, and the interface endpoints of a new VPC.
_TAKEN = 2 * (5 + 8)


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


def own_security_group_can_name_s3(stage: CheckedStage) -> Iterator[Finding]:
    """A security group of ours lets S3 alone be reached, by a prefix list known for the region.

    Source: VPC's guide, "AWS-managed prefix lists"; `stacks/prefix_lists.py`.
    """
    network, region = stage.settings.network, stage.settings.region
    if region in S3_PREFIX_LISTS or network.security_group_ids:
        return
    if network.new_vpc:
        yield stage.refuse(
            "network.new_vpc",
            f"S3's prefix list in {region} is not known here; add it to stacks/prefix_lists.py, "
            "or name network.vpc_id, subnet_ids and security_group_ids",
        )
    elif network.vpc_id:
        yield stage.refuse(
            "network.vpc_id",
            f"needs network.security_group_ids in {region}, whose S3 prefix list is not known here",
        )


def new_vpc_is_large_enough(stage: CheckedStage) -> Iterator[Finding]:
    """A new VPC is /16 to /28 and has an address for every instance, twice during an update.

    Source: VPC's guide, "VPC CIDR blocks" and "Subnet CIDR blocks" (five addresses are AWS's);
    SageMaker's guide, "Give SageMaker AI hosted endpoints access to resources in your VPC".
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
    most = settings.scaling.max_capacity if stage.has_endpoint else settings.batch.instance_count
    needed = _TAKEN + 2 * most * max(1, len(settings.variants))
    if not 16 <= block.prefixlen <= 28:
        yield stage.refuse("network.cidr", 'a VPC is /16 to /28; write it as "10.42.0.0/20"')
    elif block.num_addresses < needed:
        yield stage.refuse(
            "network.cidr",
            f"has {block.num_addresses} addresses; endpoints and instances, twice during an "
            f"update, need {needed}: use /{32 - (needed - 1).bit_length()} or larger",
        )
    if not block.is_private:
        yield stage.warn(
            "network.cidr", 'is public address space; use 10.0.0.0/8, as "10.42.0.0/20"'
        )


def production_stands_in_two_zones(stage: CheckedStage) -> Iterator[Finding]:
    """In production the subnets are two at least.

    Source: SageMaker's guide, "Best practices for deploying models" (subnets in two zones).
    """
    network = stage.settings.network
    if stage.settings.production and len(network.subnet_ids) == 1:
        yield stage.warn(
            "network.subnet_ids", "one zone's outage ends production; name two, in two zones"
        )
