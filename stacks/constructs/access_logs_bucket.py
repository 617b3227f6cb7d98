"""The bucket that access logs of other buckets go to."""

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct


class AccessLogsBucket(Construct):
    """Private and versioned; logs are kept for a year."""

    def __init__(self, scope: Construct, id: str, *, removal_policy: cdk.RemovalPolicy) -> None:
        super().__init__(scope, id)
        self.bucket = s3.Bucket(
            self,
            "Default",  # has no part in the logical id
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
            removal_policy=removal_policy,
        )
