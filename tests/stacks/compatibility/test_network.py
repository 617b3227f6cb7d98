"""The network that instances stand in."""

import pytest

from stacks.compatibility import network
from tests.stacks.compatibility.asking import Case, hold

VPC = 'network.vpc_id = "vpc-01234567"\n'
ONE = 'network.subnet_ids = ["subnet-01234567"]\n'
TWO = 'network.subnet_ids = ["subnet-01234567", "subnet-01234568"]\n'
NEW = "network.new_vpc = true\n"
FAR = 'region = "eu-south-2"\n'


def cidr(block: str) -> str:
    return NEW + f'network.cidr = "{block}"\n'


CASES = [
    Case(
        network.vpc_and_its_subnets_go_together,
        VPC,
        'dev.network.vpc_id = "vpc-01234567": needs network.subnet_ids, too',
        VPC + ONE,
    ),
    Case(network.vpc_and_its_subnets_go_together, ONE, "needs network.vpc_id, too", ""),
    Case(
        network.vpc_and_its_subnets_go_together,
        'network.security_group_ids = ["sg-01234567"]',
        "needs the network.vpc_id of the groups",
        VPC + ONE + 'network.security_group_ids = ["sg-01234567"]',
    ),
    Case(
        network.vpc_and_its_subnets_go_together,
        VPC + ONE + NEW,
        "dev.network.new_vpc = true: goes without network.vpc_id",
        NEW,
    ),
    Case(
        network.own_security_group_can_name_s3,
        FAR + NEW,
        "S3's prefix list in eu-south-2 is not known here; add it to stacks/prefix_lists.py",
        NEW,
    ),
    Case(
        network.own_security_group_can_name_s3,
        FAR + VPC + TWO,
        "needs network.security_group_ids in eu-south-2",
        FAR + VPC + TWO + 'network.security_group_ids = ["sg-01234567"]',
    ),
    Case(
        network.new_vpc_is_large_enough,
        cidr("10.42.0.0"),
        'dev.network.cidr = "10.42.0.0": a VPC is /16 to /28; write it as "10.42.0.0/20"',
        cidr("10.42.0.0/16"),
    ),
    Case(
        network.new_vpc_is_large_enough,
        cidr("ten"),
        'write it as "10.42.0.0/20"',
        'network.cidr = "ten"',  # of no new VPC
    ),
    Case(network.new_vpc_is_large_enough, cidr("10.0.0.0/8"), "a VPC is /16 to /28", NEW),
    Case(
        network.new_vpc_is_large_enough,
        cidr("10.42.0.0/26") + "scaling.max_capacity = 20",
        "has 64 addresses; endpoints and instances, twice during an update, need 66: use /25",
        cidr("10.42.0.0/26") + "scaling.max_capacity = 19",
    ),
    Case(
        network.new_vpc_is_large_enough,
        cidr("8.8.0.0/16"),
        "is public address space",
        cidr("172.16.0.0/16"),
        warns=True,
    ),
    Case(
        network.production_stands_in_two_zones,
        "production = true\n" + VPC + ONE,
        "one zone's outage ends production",
        "production = true\n" + VPC + TWO,
        warns=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_clashes_gets_a_line_and_its_neighbour_passes(case: Case) -> None:
    hold(case)
