"""An encrypted topic and its subscribers."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct


class PublishingTopic(Construct):
    """A topic that a service of this account may publish to, where one is named.

    Others publish by a role of theirs that says so.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        key: kms.IKey,
        subscribers: Sequence[str],
        publisher: str | None,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        self.topic.apply_removal_policy(removal_policy)
        if publisher:
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sns:Publish"],
                    principals=[
                        iam.ServicePrincipal(
                            publisher,
                            conditions={
                                "StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}
                            },
                        )
                    ],
                    resources=[self.topic.topic_arn],
                )
            )
        for address in subscribers:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))
