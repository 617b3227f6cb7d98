"""A function that takes the rules off a VPC's default security group."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.policies import allow, log_group_arn
from stacks.stage_plan import StageNames

# The two rules are those that EC2 gives the group of every new VPC. Nothing is given back on
# delete: the group goes with its VPC.
_PROGRAM = """\
import json
import urllib.request

import boto3
from botocore.exceptions import ClientError


def handler(event, context):
    properties = event["ResourceProperties"]
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"PhysicalResourceId": properties["DefaultSecurityGroupId"], "Status": "SUCCESS"}
    try:
        if event["RequestType"] != "Delete":
            close(properties["DefaultSecurityGroupId"], properties["Account"])
    except Exception as error:
        answer |= {"Status": "FAILED", "Reason": str(error)}
    body = json.dumps(answer).encode()
    no_type = {"Content-Type": ""}
    urllib.request.urlopen(
        urllib.request.Request(event["ResponseURL"], body, no_type, method="PUT")
    )


def close(group, account):
    ec2 = boto3.client("ec2")
    members = {"UserIdGroupPairs": [{"GroupId": group, "UserId": account}]}
    everyone = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    for revoke, whom in (
        (ec2.revoke_security_group_ingress, members),
        (ec2.revoke_security_group_egress, everyone),
    ):
        try:
            revoke(GroupId=group, IpPermissions=[{"IpProtocol": "-1", **whom}])
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidPermission.NotFound":
                raise
"""


class DefaultGroupCloser(Construct):
    """For a custom resource with `DefaultSecurityGroupId` and `Account`.

    CloudFormation cannot change a group that it has not made, and CDK's own function for this
    comes with CDK's Vpc alone.
    """

    def __init__(self, scope: Construct, id: str, *, names: StageNames, group_id: str) -> None:
        super().__init__(scope, id)
        stack = cdk.Stack.of(self)
        log_group = log_group_arn(stack, names.default_group_logs)
        self.wildcards = [log_group]
        group = stack.format_arn(service="ec2", resource="security-group", resource_name=group_id)
        revoke = allow(
            "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress", on=[group]
        )
        write = allow("logs:CreateLogStream", "logs:PutLogEvents", on=[log_group])
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"close": iam.PolicyDocument(statements=[revoke, write])},
        )
        function = lambda_.CfnFunction(
            self,
            "Function",
            description="Takes the rules off the default security group of a VPC.",
            runtime="python3.14",
            handler="index.handler",
            code=lambda_.CfnFunction.CodeProperty(zip_file=_PROGRAM),
            role=role.role_arn,
            timeout=60,
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(
                log_group=names.default_group_logs
            ),
        )
        self.function_arn = function.attr_arn
