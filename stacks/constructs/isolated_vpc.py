"""A VPC with endpoints of AWS services and no way out."""

from ipaddress import IPv4Network
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.default_group_closer import DefaultGroupCloser
from stacks.policies import allow, log_group_arn, own_service
from stacks.stage_plan import StageNames

# What a container that has a network calls by itself, and what it may do there.
_CONTAINER_ACTIONS = {
    "logs": ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
    "monitoring": ("cloudwatch:PutMetricData",),
}
_S3_ACTIONS = (
    "s3:AbortMultipartUpload",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:PutObject",
)


class IsolatedVpc(Construct):
    """Two subnets in two zones, no internet gateway, no NAT, no peering; S3 by a gateway endpoint.

    Made of CloudFormation's own parts: CDK's Vpc asks the account for its zones at synth. Each
    subnet has half of the addresses.
    """

    def __init__(
        self, scope: Construct, id: str, *, names: StageNames, cidr: str, region: str
    ) -> None:
        super().__init__(scope, id)
        self._region = region
        vpc = ec2.CfnVPC(
            self,
            "Vpc",
            cidr_block=cidr,
            # Without both the names of AWS's services do not lead to the endpoints.
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=[cdk.CfnTag(key="Name", value=names.endpoint)],
        )
        self.vpc_id = vpc.attr_vpc_id
        closer = DefaultGroupCloser(
            self, "DefaultGroup", names=names, group_id=vpc.attr_default_security_group
        )
        # Id and type are those by which cdk-nag knows that the group is closed.
        cdk.CustomResource(
            self,
            "RestrictDefaultSecurityGroupCustomResource",
            resource_type="Custom::VpcRestrictDefaultSG",
            service_token=closer.function_arn,
            properties={
                "DefaultSecurityGroupId": vpc.attr_default_security_group,
                "Account": cdk.Stack.of(self).account,
            },
        )
        self.wildcards = [self._add_flow_log(names.flow_logs)]
        # Nothing but the local route, and S3's by the endpoint.
        table = ec2.CfnRouteTable(self, "Routes", vpc_id=self.vpc_id)
        # SageMaker asks for two at least; a third zone is not there for every account.
        halves = IPv4Network(cidr).subnets(prefixlen_diff=1)
        self.subnet_ids = [
            self._subnet(index, str(half), table) for index, half in enumerate(halves)
        ]
        ec2.CfnVPCEndpoint(
            self,
            "S3",
            vpc_id=self.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{region}.s3",
            route_table_ids=[table.attr_route_table_id],
            policy_document=self._own_account_only(_S3_ACTIONS, "aws:ResourceAccount"),
        )

    def add_interface_endpoints(self, *, client_group: str) -> None:
        """Logs and metrics, for the instances of one security group."""
        group = ec2.CfnSecurityGroup(
            self,
            "EndpointsGroup",
            group_description="Interface endpoints: HTTPS from model instances, nothing out",
            vpc_id=self.vpc_id,
            security_group_ingress=[
                ec2.CfnSecurityGroup.IngressProperty(
                    ip_protocol="tcp",
                    from_port=443,
                    to_port=443,
                    source_security_group_id=client_group,
                    description="HTTPS from model instances",
                )
            ],
            # An empty list would be the default of EC2's, which lets everything out.
            security_group_egress=[
                ec2.CfnSecurityGroup.EgressProperty(
                    ip_protocol="icmp",
                    from_port=252,
                    to_port=86,
                    cidr_ip="255.255.255.255/32",
                    description="Nothing: no such message, to nobody",
                )
            ],
        )
        for service, service_actions in _CONTAINER_ACTIONS.items():
            ec2.CfnVPCEndpoint(
                self,
                service.capitalize(),
                vpc_id=self.vpc_id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{self._region}.{service}",
                private_dns_enabled=True,
                subnet_ids=self.subnet_ids,
                security_group_ids=[group.attr_group_id],
                policy_document=self._own_account_only(service_actions),
            )

    def _add_flow_log(self, group_name: str) -> str:
        """Log all traffic of the VPC; the resource that its role may write to."""
        group_arn = log_group_arn(cdk.Stack.of(self), group_name)
        # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html, but for
        # CreateLogGroup: the group is there.
        actions = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
        write = allow(*actions, on=[group_arn])
        role = iam.Role(
            self,
            "FlowLogsRole",
            assumed_by=own_service(cdk.Stack.of(self), "vpc-flow-logs.amazonaws.com"),
            inline_policies={"write": iam.PolicyDocument(statements=[write])},
        )
        ec2.CfnFlowLog(
            self,
            "FlowLog",
            resource_type="VPC",
            resource_id=self.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_group_name=group_name,
            deliver_logs_permission_arn=role.role_arn,
        )
        return group_arn

    def _subnet(self, index: int, block: str, table: ec2.CfnRouteTable) -> str:
        subnet = ec2.CfnSubnet(
            self,
            f"Subnet{index + 1}",
            vpc_id=self.vpc_id,
            cidr_block=block,
            availability_zone=cdk.Fn.select(index, cdk.Fn.get_azs()),
            map_public_ip_on_launch=False,
        )
        ec2.CfnSubnetRouteTableAssociation(
            self,
            f"Subnet{index + 1}Routes",
            subnet_id=subnet.attr_subnet_id,
            route_table_id=table.attr_route_table_id,
        )
        return subnet.attr_subnet_id

    def _own_account_only(self, actions: tuple[str, ...], *more_keys: str) -> dict[str, Any]:
        """A policy of an endpoint: principals of this account, and what is in this account."""
        account = cdk.Stack.of(self).account
        statement = iam.PolicyStatement(
            principals=[iam.AnyPrincipal()],
            actions=list(actions),
            resources=["*"],
            conditions={
                "StringEquals": dict.fromkeys(("aws:PrincipalAccount", *more_keys), account)
            },
        )
        document: dict[str, Any] = iam.PolicyDocument(statements=[statement]).to_json()
        return document
