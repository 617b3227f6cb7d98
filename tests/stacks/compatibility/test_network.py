"""The network that instances stand in."""

import pytest

from stacks.compatibility import network
from tests.stacks.compatibility.asking import Case, hold

VPC = 'network.vpc_id = "vpc-01234567"\n'
ONE = 'network.subnet_ids = ["subnet-01234567"]\n'
TWO = 'network.subnet_ids = ["subnet-01234567", "subnet-01234568"]\n'
NEW = "network.new_vpc = true\n"
ELSEWHERE = 'region = "me-south-1"\n'


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
        network.new_vpc_is_large_enough,
        cidr("10.42.0.0"),
        'dev.network.cidr = "10.42.0.0": a VPC of two subnets is /16 to /27; write it as',
        cidr("10.42.0.0/16"),
    ),
    Case(
        network.new_vpc_is_large_enough,
        cidr("ten"),
        'write it as "10.42.0.0/20"',
        'network.cidr = "ten"',  # of no new VPC
    ),
    Case(network.new_vpc_is_large_enough, cidr("10.0.0.0/8"), "is /16 to /27", NEW),
    Case(
        network.new_vpc_is_large_enough,
        cidr("10.42.0.0/28"),
        "is /16 to /27",
        cidr("10.42.0.0/27"),
    ),
    Case(
        network.new_vpc_is_large_enough,
        cidr("10.42.0.0/27") + "scaling.max_capacity = 10",
        "has room for 18 instances; those of the stage, twice during an update, are 20",
        cidr("10.42.0.0/27") + "scaling.max_capacity = 9",
    ),
    Case(
        network.new_vpc_is_large_enough,
        cidr("10.42.0.0/27") + 'shadow = { model = "candidate", instance_count = 8 }',
        "are 20",
        cidr("10.42.0.0/27") + 'shadow = { model = "candidate", instance_count = 7 }',
    ),
    Case(
        network.new_vpc_is_large_enough,
        cidr("10.42.0.0/27") + 'mode = "batch"\nbatch.instance_count = 10',
        "are 20",
        cidr("10.42.0.0/27") + 'mode = "batch"\nscaling.max_capacity = 99',
    ),
    Case(
        network.new_vpc_is_large_enough,
        cidr("8.8.0.0/16"),
        "is public address space",
        cidr("172.16.0.0/16"),
        warns=True,
    ),
    Case(
        network.subnets_stand_in_two_zones,
        VPC + ONE,
        'dev.network.subnet_ids = ["subnet-01234567"]: an endpoint needs two, in two zones',
        VPC + TWO,
    ),
    Case(
        network.subnets_stand_in_two_zones,
        VPC + 'network.subnet_ids = ["subnet-01234567", "subnet-01234567"]',
        "an endpoint needs two",
        VPC + ONE + 'mode = "batch"',
    ),
    Case(
        network.region_has_a_known_prefix_list,
        ELSEWHERE + NEW,
        "dev.network.new_vpc = true: the id of S3's prefix list in me-south-1 is not known here",
        NEW,
    ),
    Case(
        network.region_has_a_known_prefix_list,
        ELSEWHERE + VPC + TWO,
        "dev.network.security_group_ids = []: the id of S3's prefix list",
        ELSEWHERE + VPC + TWO + 'network.security_group_ids = ["sg-01234567"]',
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_clashes_gets_a_line_and_its_neighbour_passes(case: Case) -> None:
    hold(case)
