"""The bucket of a stage's data."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct


class DataBucket(Construct):
    """Private, encrypted, versioned; what lies under a prefix may be kept for some days only."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        key: kms.IKey,
        access_logs: s3.IBucket,
        removal_policy: cdk.RemovalPolicy,
        days_by_prefix: Mapping[str, int],
        notifies_eventbridge: bool,
    ) -> None:
        """`notifies_eventbridge`: EventBridge gets an event for each new object."""
        super().__init__(scope, id)
        self.bucket = s3.Bucket(
            self,
            "Default",  # has no part in the logical id
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix="data/",
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                    noncurrent_version_expiration=cdk.Duration.days(365),
                ),
                *(_kept(prefix, days) for prefix, days in days_by_prefix.items()),
            ],
            removal_policy=removal_policy,
        )
        if notifies_eventbridge:
            # By the property: CDK's own switch would bring a Lambda function to set it.
            resource = self.bucket.node.default_child
            assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - narrows CDK's type
            resource.add_property_override(
                "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled",
                value=True,
            )


def _kept(prefix: str, days: int) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        prefix=prefix,
        expiration=cdk.Duration.days(days),
        # Else what has expired would live on for a year as a former version.
        noncurrent_version_expiration=cdk.Duration.days(1),
    )
