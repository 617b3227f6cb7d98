"""Signed releases: the key that signs them, and who may write them.

Both hold whatever IAM allows others of the account: docs/threat-model.md says against whom.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from stacks.stage_plan import StageNames


def sign_releases(
    stack: cdk.Stack,
    bucket: s3.Bucket,
    *,
    names: StageNames,
    signers: Sequence[str],
    removal: cdk.RemovalPolicy,
) -> None:
    """Add the key to a stack, and hold the bucket's `releases/` to the signers' roles."""
    is_signer = {"aws:PrincipalArn": list(signers)}
    kms.Key(
        stack,
        "SigningKey",
        alias=names.signing_key,
        key_spec=kms.KeySpec.ECC_NIST_P256,
        key_usage=kms.KeyUsage.SIGN_VERIFY,
        policy=iam.PolicyDocument(statements=_key_policy(stack, is_signer)),
        removal_policy=removal,
        description=f"Signs the releases of {names.endpoint}.",
    )
    for statement in (
        _refuse(
            ["s3:PutObject", "s3:DeleteObject*", "s3:ReplicateObject", "s3:ReplicateDelete"],
            on=bucket.arn_for_objects("releases/*"),
            where={"ArnNotLike": is_signer},
        ),
        # A document is new, or replaces the one that was read.
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
        _refuse(
            ["s3:PutObject"],
            on=bucket.arn_for_objects(f"releases/{names.stage}-*.json"),
            where={"Null": {"s3:if-none-match": "true", "s3:if-match": "true"}},
        ),
    ):
        bucket.add_to_resource_policy(statement)


def _key_policy(stack: cdk.Stack, is_signer: dict[str, list[str]]) -> list[iam.PolicyStatement]:
    """Who may use the key, of those whom IAM lets use keys.

    Without KMS's usual first statement IAM alone decides nothing. Grants are made by nobody. Who
    changes the key, its policy or its alias could sign by that: only CloudFormation may, as
    `cdk deploy` has it act, and the account's root user, so that the key stays manageable.
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    account, region = stack.account, stack.region
    execution = f"cdk-{stack.synthesizer.bootstrap_qualifier}-cfn-exec-role-{account}-{region}"
    iam_arn = f"arn:{stack.partition}:iam::{account}"
    administrators = {"aws:PrincipalArn": [f"{iam_arn}:role/{execution}", f"{iam_arn}:root"]}
    return [
        _let("DescribeKey", "Get*", "List*", "Verify"),
        _let("Sign", who=is_signer),
        _let("*Alias", "*Key*", "TagResource", "UntagResource", who=administrators),
    ]


def _let(*operations: str, who: dict[str, list[str]] | None = None) -> iam.PolicyStatement:
    """Let principals of the account use a key; in its own policy `*` is that key."""
    return iam.PolicyStatement(
        actions=[f"kms:{operation}" for operation in operations],
        principals=[iam.AccountRootPrincipal()],
        resources=["*"],
        conditions={"ArnLike": who} if who else None,
    )


def _refuse(
    actions: Sequence[str], *, on: str, where: dict[str, dict[str, list[str]] | dict[str, str]]
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=list(actions),
        principals=[iam.AnyPrincipal()],
        resources=[on],
        conditions=where,
    )
