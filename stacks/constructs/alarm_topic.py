"""The topic that alarms are published to."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct


class AlarmTopic(Construct):
    """An encrypted SNS topic that CloudWatch alarms of this account, and nobody else, can reach.

    CloudWatch drops an alarm's message without a word where the topic's key does not let it in.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """

    def __init__(
        self, scope: Construct, id: str, *, key: kms.IKey, subscribers: Sequence[str]
    ) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        self.topic.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        account = cdk.Stack.of(self).account
        cloudwatch = iam.ServicePrincipal(
            "cloudwatch.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": account}}
        )
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sns:Publish"], principals=[cloudwatch], resources=[self.topic.topic_arn]
            )
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                principals=[cloudwatch],
                resources=["*"],  # in a key policy: this key
            )
        )
        for address in subscribers:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))
