"""What goes through a VPC, and what is turned away, in a log group."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.log_groups import log_group_arn


def add_flow_log(scope: Construct, *, vpc_id: str, group_name: str) -> str:
    """Log all traffic of the VPC; the resource that its role may write to."""
    group_arn = log_group_arn(cdk.Stack.of(scope), group_name)
    write = iam.PolicyStatement(
        # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html, but for
        # CreateLogGroup: the group is there.
        actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        resources=[group_arn],
    )
    role = iam.Role(
        scope,
        "FlowLogsRole",
        assumed_by=iam.ServicePrincipal(
            "vpc-flow-logs.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(scope).account}},
        ),
        inline_policies={"write": iam.PolicyDocument(statements=[write])},
    )
    ec2.CfnFlowLog(
        scope,
        "FlowLog",
        resource_type="VPC",
        resource_id=vpc_id,
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_group_name=group_name,
        deliver_logs_permission_arn=role.role_arn,
    )
    return group_arn
