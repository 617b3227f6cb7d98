"""The IAM permissions of the two sides of a promotion: each action and its resources.

`berth policy`, the stack of roles and docs/promotion-permissions.md are made of them. That every
action is needed, and that these are enough, is tested under the emulator's IAM
(tests/promotion/permissions). sts:GetCallerIdentity needs no permission. The resources and
conditions that an action knows:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Sequence
from typing import Any

from stacks.settings import Settings
from stacks.stage_plan import StageNames

Statement = dict[str, Any]
"""A statement as IAM's JSON has it; the Sid names the step of a promotion."""

# The qualifier of `cdk bootstrap`, unless one is given.
_CDK = "cdk-hnb659fds"


def source_statements(
    project: str, stage: str, account: str, region: str, trusted_keys: Sequence[str] = ()
) -> list[Statement]:
    """To read a stage: its releases, what it serves, and the bytes of both.

    `trusted_keys`: those that the stage after it names, which are asked by their own names.
    """
    names = _Names(project, stage, account, region)
    pinned = [_allow("VerifyByTrustedKeys", "kms:Verify", on=list(trusted_keys))]
    return [
        _allow("FindReleases", "cloudformation:DescribeStacks", on=names.stack("storage")),
        _allow("SeeWhatIsServed", "sagemaker:DescribeEndpoint", on=names.endpoint),
        _list_releases(names),
        _allow("ReadReleases", "s3:GetObject", on=names.releases, when=names.owned),
        _use_key("DecryptReleases", names, "kms:Decrypt"),
        _sign("VerifyReleases", names, "kms:Verify"),
        *(pinned if trusted_keys else ()),
        # Without it, S3's response for an object that does not exist is 403.
        _allow("TellMissingModels", "s3:ListBucket", on=names.assets, when=names.owned),
        # A release names each by its content, which no policy knows beforehand.
        _allow("ReadModels", "s3:GetObject", on=names.released_assets, when=names.owned),
        _log_in(),
        _allow(
            "ReadImages",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
            on=names.repository,
        ),
        # A training job chooses the name of its model.
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
        # CopyModels allows writing and reading locks, too.
        _allow("Unlock", "s3:DeleteObject", on=f"{names.assets}/berth/locks/*", when=names.owned),
        _allow(
            "FindModels",
            "s3:ListBucket",
            "s3:ListBucketMultipartUploads",
            on=names.assets,
            when=names.owned,
        ),
        _allow(
            "CopyModels",
            "s3:AbortMultipartUpload",
            "s3:GetObject",
            "s3:GetObjectVersion",
            "s3:ListMultipartUploadParts",
            "s3:PutObject",
            on=f"{names.assets}/*",
            when=names.owned,
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
        # These roles hold the permissions of a deployment, as for `cdk deploy` by hand. The CLI
        # assumes no lookup role to deploy an existing assembly.
        _allow("Deploy", "sts:AssumeRole", on=names.cdk_roles),
        _allow(
            "SeeStacks",
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStacks",
            "cloudformation:GetTemplate",
            "cloudformation:ListStackResources",
            on=names.stack("*"),
        ),
        # CloudFormation generates a Model's name without the project and the stage.
        _allow("SeeModels", "sagemaker:DescribeModel", on=names.sagemaker("model/*")),
        _allow("SeeImages", "ecr:DescribeImages", on=names.repository),
        # Where `verify.image_findings` asks for it.
        _allow("SeeScans", "ecr:DescribeImageScanFindings", on=names.repository),
        _list_releases(names),
        _allow(
            "RecordReleases", "s3:GetObject", "s3:PutObject", on=names.releases, when=names.owned
        ),
        _use_key("EncryptReleases", names, "kms:Decrypt", "kms:GenerateDataKey"),
        _sign("SignReleases", names, "kms:Sign", "kms:Verify"),
        _allow(
            "Verify", "sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint", on=names.endpoint
        ),
        # Composite alarms are described with `*` alone. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
        _allow("WatchAlarms", "cloudwatch:DescribeAlarms", on="*"),
    ]


def statements(side: str, settings: Settings, stage: str) -> list[Statement]:
    """Those of a side of a stage of stages.toml: source or target."""
    chosen = settings.stage(stage)
    where = (settings.project, stage, chosen.account, chosen.region)
    if side == "target":
        return target_statements(*where)
    after = [*settings.stages, None][list(settings.stages).index(stage) + 1]
    return source_statements(*where, settings.stages[after].releases.trusted_keys if after else ())


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
        self.signing_key = self._names.signing_key
        self.s3 = f"s3.{region}.amazonaws.com"
        # Archives, code, and the files of models: neither templates nor locks.
        self.released_assets = [f"{self.assets}/{key}" for key in ("*.gz", "*.zip", "models/*")]
        # A bucket of a name that ends in `*`, or can be guessed, may be another account's.
        # https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-troubleshoot.html
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
    """A pattern of the data bucket's name.

    CloudFormation makes the name of the stack's name, the logical id and a random part; it may cut
    a stack's name off after these 24 characters.
    """
    return f"{stack}-data*" if len(stack) <= 24 else f"{stack[:24]}*"


def _allow(
    sid: str, *actions: str, on: str | Sequence[str], when: dict[str, Any] | None = None
) -> Statement:
    condition = {"Condition": when} if when else {}
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": on} | condition


def _list_releases(names: _Names) -> Statement:
    # Without a prefix, with which S3's response for a release that does not exist would be 403.
    return _allow("ListReleases", "s3:ListBucket", on=names.bucket, when=names.owned)


def _use_key(sid: str, names: _Names, *actions: str) -> Statement:
    """The use of the stage's key, whose id is not known: by S3, for the stage's bucket.

    With bucket keys the encryption context is the bucket.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    """
    when = {
        "StringEquals": {"kms:ViaService": names.s3},
        "ArnLike": {"kms:EncryptionContext:aws:s3:arn": names.bucket},
    }
    return _allow(sid, *actions, on=names.key, when=when)


def _sign(sid: str, names: _Names, *actions: str) -> Statement:
    """The use of the key that signs releases, whose id is not known: by the stage's alias.

    https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    when = {"StringEquals": {"kms:RequestAlias": names.signing_key}}
    return _allow(sid, *actions, on=names.key, when=when)


def _log_in() -> Statement:
    return _allow("LogIn", "ecr:GetAuthorizationToken", on="*")  # knows no resources
