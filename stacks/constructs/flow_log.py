"""What goes through a VPC, and what is turned away, in a log group."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct


def add_flow_log(
    scope: Construct, *, vpc_id: str, group_name: str, key_arn: str, retention_days: int
) -> None:
    """Log all traffic of the VPC, encrypted with the key."""
    group = logs.CfnLogGroup(
        scope,
        "FlowLogs",
        log_group_name=group_name,
        retention_in_days=retention_days,
        kms_key_id=key_arn,
    )
    write = iam.PolicyStatement(
        # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html, but for
        # CreateLogGroup: the group is there.
        actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        resources=[group.attr_arn],
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
    ).add_resource_dependency(group)
