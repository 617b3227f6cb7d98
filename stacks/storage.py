"""What outlives a deployment: the stage's key, its buckets and its alarm topic."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic


class StorageStack(cdk.Stack):
    """The stateful half of a stage. Everything in it is kept when the stack is deleted."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stack_name: str,
        termination_protection: bool,
        subscribers: Sequence[str],
    ) -> None:
        super().__init__(
            scope,
            id,
            stack_name=stack_name,
            termination_protection=termination_protection,
            description="Berth: key, buckets and alarm topic of a stage.",
        )
        key = kms.Key(
            self,
            "Key",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
            description=f"Encrypts what {stack_name} stores and what its alarms say.",
        )
        access_logs = s3.Bucket(
            self,
            "AccessLogs",
            # S3 delivers its access logs to buckets with keys of its own only.
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=cdk.Duration.days(365),
                    noncurrent_version_expiration=cdk.Duration.days(30),
                )
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        s3.Bucket(
            self,
            "Data",
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
                )
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self.alarm_topic = AlarmTopic(self, "Alarms", key=key, subscribers=subscribers).topic
