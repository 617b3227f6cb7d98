"""The key that encrypts a stage's data, topics and logs."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct


class StageKey(Construct):
    """A rotating key. IAM says who of the account may use it; services are let in one by one."""

    def __init__(
        self, scope: Construct, id: str, *, removal_policy: cdk.RemovalPolicy, description: str
    ) -> None:
        super().__init__(scope, id)
        stack = cdk.Stack.of(self)
        self.key = kms.Key(
            self,
            "Default",  # has no part in the logical id
            enable_key_rotation=True,
            removal_policy=removal_policy,
            description=description,
        )
        # CloudWatch drops an alarm's message without a word where the topic's key does not let it
        # in. https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        self._admit(
            iam.ServicePrincipal(
                "cloudwatch.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
            ),
            "kms:Decrypt",
            "kms:GenerateDataKey",
        )
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
        groups = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:*"
        self._admit(
            iam.ServicePrincipal(
                f"logs.{stack.region}.amazonaws.com",
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            ),
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
        )

    def _admit(self, principal: iam.ServicePrincipal, *actions: str) -> None:
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                actions=list(actions),
                principals=[principal],
                resources=["*"],  # in a key policy: this key
            )
        )
