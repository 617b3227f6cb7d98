"""The network of a model: what is let through, and that nothing else is."""

import json
import re
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest

from stacks.constructs.private_network import PrivateNetwork
from stacks.prefix_lists import S3_PREFIX_LISTS
from stacks.settings.network import NetworkSettings
from stacks.stage_plan import StageNames
from tests.stacks.constructs.conftest import (
    ACCOUNT,
    REGION,
    Synthesize,
    Synthesized,
    Template,
)

pytestmark = pytest.mark.slow

GIVEN = {"vpc_id": "vpc-0123abcd", "subnet_ids": ("subnet-0123abcd", "subnet-4567abcd")}
GROUP = "AWS::EC2::SecurityGroup"
ENDPOINT = "AWS::EC2::VPCEndpoint"


def network_of(stack: cdk.Stack, **settings: Any) -> PrivateNetwork:
    return PrivateNetwork(
        stack,
        "Network",
        names=StageNames("berth", "dev"),
        settings=NetworkSettings(**settings),
        region=REGION,
    )


class Network:
    """A template, and what the construct says of itself."""

    def __init__(self, synthesize: Synthesize, **settings: Any) -> None:
        def fill(stack: cdk.Stack) -> None:
            made = network_of(stack, **settings)
            self.subnet_ids = stack.resolve(made.subnet_ids)
            self.security_group_ids = stack.resolve(made.security_group_ids)

        self.template = synthesize(fill)


@pytest.fixture(scope="module")
def isolated(synthesize: Synthesize) -> Network:
    return Network(synthesize, new_vpc=True)


@pytest.fixture(scope="module")
def connected(synthesize: Synthesize) -> Network:
    return Network(synthesize, new_vpc=True, isolation=False)


@pytest.fixture(scope="module")
def own_group(synthesize: Synthesize) -> Network:
    return Network(synthesize, **GIVEN)


def rules(template: Synthesized) -> Iterator[Template]:
    for group in template.all(GROUP).values():
        yield from group.get("SecurityGroupIngress", [])
        yield from group["SecurityGroupEgress"]


def test_given_subnets_and_groups_are_taken_as_they_are() -> None:
    stack = cdk.Stack()
    network = network_of(stack, **GIVEN, security_group_ids=("sg-0123abcd",))
    assert network.subnet_ids == ["subnet-0123abcd", "subnet-4567abcd"]
    assert network.security_group_ids == ["sg-0123abcd"]
    assert network.node.children == []


def test_given_subnets_without_a_group_get_one_that_leads_to_s3_alone(own_group: Network) -> None:
    (logical_id,) = own_group.template.resources
    assert own_group.security_group_ids == [{"Fn::GetAtt": [logical_id, "GroupId"]}]
    group = own_group.template.only(GROUP)
    assert group["VpcId"] == "vpc-0123abcd"
    assert group["SecurityGroupIngress"] == []
    assert group["SecurityGroupEgress"] == [
        {
            "Description": "HTTPS to S3",
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            "DestinationPrefixListId": S3_PREFIX_LISTS[REGION],
        }
    ]


def test_a_new_vpc_has_two_subnets_in_two_zones(isolated: Network) -> None:
    subnets = isolated.template.all("AWS::EC2::Subnet")
    assert isolated.subnet_ids == [{"Fn::GetAtt": [each, "SubnetId"]} for each in subnets]
    assert [subnet["CidrBlock"] for subnet in subnets.values()] == ["10.42.0.0/21", "10.42.8.0/21"]
    assert [subnet["AvailabilityZone"] for subnet in subnets.values()] == [
        {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
        {"Fn::Select": [1, {"Fn::GetAZs": ""}]},
    ]
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets.values())


def test_a_new_vpc_has_no_way_out(connected: Network) -> None:
    kinds = {resource["Type"] for resource in connected.template.resources.values()}
    assert {kind for kind in kinds if kind.startswith("AWS::EC2::")} == {
        "AWS::EC2::FlowLog",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCEndpoint",
    }


def test_every_subnet_has_the_way_to_s3(isolated: Network) -> None:
    (table,) = isolated.template.all("AWS::EC2::RouteTable")
    routed = {"Fn::GetAtt": [table, "RouteTableId"]}
    ties = isolated.template.all("AWS::EC2::SubnetRouteTableAssociation").values()
    assert [tie["SubnetId"] for tie in ties] == isolated.subnet_ids
    assert all(tie["RouteTableId"] == routed for tie in ties)
    endpoint = isolated.template.only(ENDPOINT)
    assert endpoint["ServiceName"] == f"com.amazonaws.{REGION}.s3"
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert endpoint["RouteTableIds"] == [routed]


def test_a_container_without_a_network_gets_no_endpoints_to_pay_for(isolated: Network) -> None:
    assert len(isolated.template.all(ENDPOINT)) == 1
    assert len(isolated.template.all(GROUP)) == 1


def test_a_container_with_a_network_reaches_logs_and_metrics(connected: Network) -> None:
    interfaces = [
        endpoint
        for endpoint in connected.template.all(ENDPOINT).values()
        if endpoint["VpcEndpointType"] == "Interface"
    ]
    assert {endpoint["ServiceName"].rsplit(".", 1)[1] for endpoint in interfaces} == {
        "logs",
        "monitoring",
    }
    for endpoint in interfaces:
        assert endpoint["PrivateDnsEnabled"] is True
        assert endpoint["SubnetIds"] == connected.subnet_ids
    network = connected.template.only("AWS::EC2::VPC")
    assert (network["EnableDnsSupport"], network["EnableDnsHostnames"]) == (True, True)


def test_the_endpoints_let_the_instances_in_and_nobody_else(connected: Network) -> None:
    groups = connected.template.all(GROUP)
    (hosting,) = connected.security_group_ids
    (endpoints,) = (
        group for logical_id, group in groups.items() if logical_id != hosting["Fn::GetAtt"][0]
    )
    (rule,) = endpoints["SecurityGroupIngress"]
    assert rule["SourceSecurityGroupId"] == hosting
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)
    (nothing,) = endpoints["SecurityGroupEgress"]
    assert nothing["CidrIp"] == "255.255.255.255/32"


def test_no_rule_is_open_to_all(isolated: Network, connected: Network, own_group: Network) -> None:
    for network in (isolated, connected, own_group):
        for rule in rules(network.template):
            assert "CidrIpv6" not in rule
            assert rule.get("CidrIp") in (None, "10.42.0.0/20", "255.255.255.255/32")
            assert rule["IpProtocol"] != "-1"


def test_endpoint_policies_hold_to_this_account(connected: Network) -> None:
    for endpoint in connected.template.all(ENDPOINT).values():
        (statement,) = endpoint["PolicyDocument"]["Statement"]
        condition = statement["Condition"]["StringEquals"]
        assert condition["aws:PrincipalAccount"] == ACCOUNT
        if endpoint["VpcEndpointType"] == "Gateway":
            assert condition["aws:ResourceAccount"] == ACCOUNT
        assert "*" not in json.dumps(statement["Action"])


def test_flow_logs_go_to_the_stages_group(isolated: Network) -> None:
    flow_log = isolated.template.only("AWS::EC2::FlowLog")
    assert (flow_log["ResourceType"], flow_log["TrafficType"]) == ("VPC", "ALL")
    assert flow_log["LogGroupName"] == "/aws/vpc/berth-dev"
    assert not isolated.template.all("AWS::Logs::LogGroup")


def test_the_default_group_is_closed_by_a_function_that_can_do_nothing_else(
    isolated: Network,
) -> None:
    (vpc,) = isolated.template.all("AWS::EC2::VPC")
    default = {"Fn::GetAtt": [vpc, "DefaultSecurityGroup"]}
    resource = isolated.template.only("Custom::VpcRestrictDefaultSG")
    assert resource["DefaultSecurityGroupId"] == default
    (role,) = (
        role
        for role in isolated.template.all("AWS::IAM::Role").values()
        if "lambda" in json.dumps(role["AssumeRolePolicyDocument"])
    )
    (revoke, write) = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert revoke["Action"] == [
        "ec2:RevokeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
    ]
    assert revoke["Resource"] == {
        "Fn::Join": ["", [f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/", default]]
    }
    assert all(action.startswith("logs:") for action in write["Action"])


def test_another_block_of_addresses_is_cut_up_alike(synthesize: Synthesize) -> None:
    network = Network(synthesize, new_vpc=True, cidr="172.20.0.0/16")
    subnets = network.template.all("AWS::EC2::Subnet").values()
    assert [each["CidrBlock"] for each in subnets] == ["172.20.0.0/17", "172.20.128.0/17"]


@pytest.mark.parametrize("prefix_list", S3_PREFIX_LISTS.values())
def test_prefix_lists_have_the_form_of_their_ids(prefix_list: str) -> None:
    assert re.fullmatch("pl-[0-9a-f]{8}", prefix_list)


def test_cfn_lint_has_nothing_to_say(connected: Network, own_group: Network) -> None:
    assert connected.template.lint() == []
    assert own_group.template.lint() == []
