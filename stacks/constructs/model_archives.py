"""A folder of model archives, put under a prefix of a bucket by each deployment."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_s3_deployment as s3_deployment
from constructs import Construct

from stacks.compatibility import BUCKET_DEPLOYMENT_DISK_GIB
from stacks.policies import allow, log_group_arn, of_own_account

# Lambda gives more than one core, and more of the network, from 1,769 MiB on.
_MEMORY_MIB = 2048


class ModelArchives(Construct):
    """CDK's own function copies them. What lies there beside them stays, and stays on delete.

    The folder travels as one zip, which the function unpacks: the archives in it stay archives.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        log_group_name: str,
        folder: Path,
        bucket: str,
        prefix: str,
        key: kms.IKey,
    ) -> None:
        """`bucket`: its name; `prefix`: with its slash."""
        super().__init__(scope, id)
        asset = s3_assets.Asset(self, "Folder", path=str(folder))
        log_group = log_group_arn(cdk.Stack.of(self), log_group_name)
        bucket_arn = f"arn:{cdk.Stack.of(self).partition}:s3:::{bucket}"
        objects = f"{bucket_arn}/{prefix}*"
        self.wildcards = [objects, log_group]
        under = {"s3:prefix": f"{prefix}*"}
        folder_zip = [asset.bucket.arn_for_objects(asset.s3_object_key)]
        statements = [
            of_own_account(cdk.Stack.of(self), allow("s3:GetObject", on=folder_zip)),
            allow("s3:AbortMultipartUpload", "s3:PutObject", on=[objects]),
            allow("s3:ListBucket", on=[bucket_arn], when=under, like=True),
            allow("kms:Decrypt", "kms:GenerateDataKey", on=[key.key_arn]),
            allow("logs:CreateLogStream", "logs:PutLogEvents", on=[log_group]),
        ]
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"copy": iam.PolicyDocument(statements=statements)},
        )
        s3_deployment.BucketDeployment(
            self,
            "Deployment",
            sources=[s3_deployment.Source.bucket(asset.bucket, asset.s3_object_key)],
            destination_bucket=s3.Bucket.from_bucket_name(self, "To", bucket),
            destination_key_prefix=prefix,
            prune=False,
            retain_on_delete=True,
            memory_limit=_MEMORY_MIB,
            ephemeral_storage_size=cdk.Size.gibibytes(BUCKET_DEPLOYMENT_DISK_GIB),
            # Else CDK gives it every object of both buckets, to read, write and delete.
            role=iam.Role.from_role_arn(self, "FixedRole", role.role_arn, mutable=False),
            log_group=logs.LogGroup.from_log_group_name(self, "LogGroup", log_group_name),
        )
