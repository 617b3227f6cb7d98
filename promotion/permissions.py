"""What IAM has to allow the two sides of a promotion: to the action, and to the resource.

Pure data, for `berth policy`, for a stack of roles and for
docs/promotion-permissions.md. That every action is needed, and that these are enough, is tested
under the emulator's IAM (tests/promotion/test_permissions.py). sts:GetCallerIdentity needs no
permission. Resources and conditions that an action knows:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Sequence
from typing import Any

from stacks.stage_plan import StageNames

Statement = dict[str, Any]
"""As IAM's JSON has it; the Sid says the step."""

# The qualifier of `cdk bootstrap`, unless one is given.
_CDK = "cdk-hnb659fds"


def source_statements(project: str, stage: str, account: str, region: str) -> list[Statement]:
    """To read a stage: its releases, what it serves, and the bytes of both. Nothing is written."""
    names = _Names(project, stage, account, region)
    return [
        _allow("FindReleases", "cloudformation:DescribeStacks", on=names.stack("storage")),
        _allow("SeeWhatIsServed", "sagemaker:DescribeEndpoint", on=names.endpoint),
        _list_releases(names),
        _allow("ReadReleases", "s3:GetObject", on=names.releases, when=names.owned),
        _use_key("DecryptReleases", names, "kms:Decrypt"),
        # Else S3 says 403 of an object that is not there.
        _allow("TellMissingModels", "s3:ListBucket", on=names.assets),
        _allow("ReadModels", "s3:GetObject", on=f"{names.assets}/*"),
        _log_in(),
        _allow(
            "ReadImages",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
            on=names.repository,
        ),
        # What a training job made, by its name; where it lies nobody knows beforehand.
        _allow("FindTrainedModels", "sagemaker:DescribeModel", on=names.sagemaker("model/*")),
        _allow(
            "FindModelPackages",
            "sagemaker:DescribeModelPackage",
            on=names.sagemaker("model-package/*"),
        ),
    ]


def target_statements(project: str, stage: str, account: str, region: str) -> list[Statement]:
    """To lock a stage, copy into its account, deploy, record and verify there."""
    names = _Names(project, stage, account, region)
    return [
        # Locks are written and read as models are.
        _allow("Unlock", "s3:DeleteObject", on=f"{names.assets}/berth/locks/*"),
        _allow("FindModels", "s3:ListBucket", "s3:ListBucketMultipartUploads", on=names.assets),
        _allow(
            "CopyModels",
            "s3:AbortMultipartUpload",
            "s3:GetObject",
            "s3:GetObjectVersion",
            "s3:ListMultipartUploadParts",
            "s3:PutObject",
            on=f"{names.assets}/*",
        ),
        _log_in(),
        _allow(
            "CopyImages",
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:CompleteLayerUpload",
            "ecr:InitiateLayerUpload",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
            on=names.repository,
        ),
        # What a deployment may do is these roles' business, as it is with `cdk deploy` by hand. The
        # CLI takes on no lookup role to deploy an assembly that is there.
        _allow("Deploy", "sts:AssumeRole", on=names.cdk_roles),
        _allow(
            "SeeStacks",
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStacks",
            "cloudformation:GetTemplate",
            "cloudformation:ListStackResources",
            on=names.stack("*"),
        ),
        # CloudFormation names a Model by its logical id, without project and stage.
        _allow("SeeModels", "sagemaker:DescribeModel", on=names.sagemaker("model/*")),
        _allow("SeeImages", "ecr:DescribeImages", on=names.repository),
        # Where `verify.image_findings` asks for it.
        _allow("SeeScans", "ecr:DescribeImageScanFindings", on=names.repository),
        _list_releases(names),
        _allow(
            "RecordReleases", "s3:GetObject", "s3:PutObject", on=names.releases, when=names.owned
        ),
        _use_key("EncryptReleases", names, "kms:Decrypt", "kms:GenerateDataKey"),
        _allow(
            "Verify", "sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint", on=names.endpoint
        ),
        # Composite alarms are told of with `*` alone. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
        _allow("WatchAlarms", "cloudwatch:DescribeAlarms", on="*"),
    ]


def policy(side: str, project: str, stage: str, account: str, region: str) -> dict[str, Any]:
    """The policy document of a role; `side` is source or target."""
    statements = {"source": source_statements, "target": target_statements}[side]
    return {"Version": "2012-10-17", "Statement": statements(project, stage, account, region)}


class _Names:
    """The ARNs of a stage."""

    def __init__(self, project: str, stage: str, account: str, region: str) -> None:
        self._names, self._place = StageNames(project, stage), f"{region}:{account}"
        self.endpoint = self.sagemaker(f"endpoint/{self._names.endpoint}")
        self.assets = f"arn:aws:s3:::{_CDK}-assets-{account}-{region}"
        repository = f"{_CDK}-container-assets-{account}-{region}"
        self.repository = f"arn:aws:ecr:{self._place}:repository/{repository}"
        self.bucket = f"arn:aws:s3:::{_bucket(self._names.storage_stack)}"
        self.releases = f"{self.bucket}/releases/*"
        self.key = f"arn:aws:kms:{self._place}:key/*"
        self.s3 = f"s3.{region}.amazonaws.com"
        # A bucket's name that ends in `*` may be another account's bucket.
        self.owned = {"StringEquals": {"aws:ResourceAccount": account}}
        roles = ("deploy", "file-publishing", "image-publishing")
        self.cdk_roles = [
            f"arn:aws:iam::{account}:role/{_CDK}-{role}-role-{account}-{region}" for role in roles
        ]

    def stack(self, name: str) -> str:
        return f"arn:aws:cloudformation:{self._place}:stack/{self._names.stack(name)}/*"

    def sagemaker(self, resource: str) -> str:
        return f"arn:aws:sagemaker:{self._place}:{resource}"


def _bucket(stack: str) -> str:
    """What the name of the data bucket is like.

    CloudFormation makes it of the stack's name, the logical id and a random part; of a longer
    stack's name than these 24 characters it may leave out the end.
    """
    return f"{stack}-data*" if len(stack) <= 24 else f"{stack[:24]}*"


def _allow(
    sid: str, *actions: str, on: str | Sequence[str], when: dict[str, Any] | None = None
) -> Statement:
    condition = {"Condition": when} if when else {}
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": on} | condition


def _list_releases(names: _Names) -> Statement:
    # Of the whole bucket: held to a prefix, S3 would say 403 of a release that is not there.
    return _allow("ListReleases", "s3:ListBucket", on=names.bucket, when=names.owned)


def _use_key(sid: str, names: _Names, *actions: str) -> Statement:
    """The stage's key, which has no name: known by whom S3 uses it for.

    With bucket keys the encryption context is the bucket.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    """
    when = {
        "StringEquals": {"kms:ViaService": names.s3},
        "ArnLike": {"kms:EncryptionContext:aws:s3:arn": names.bucket},
    }
    return _allow(sid, *actions, on=names.key, when=when)


def _log_in() -> Statement:
    return _allow("LogIn", "ecr:GetAuthorizationToken", on="*")  # knows no resources
