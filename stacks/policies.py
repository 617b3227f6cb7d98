"""What the policies of a stage's roles are made of."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam


def allow(
    *actions: str,
    on: Sequence[str],
    when: Mapping[str, str | Sequence[str]] | None = None,
    like: bool = False,
) -> iam.PolicyStatement:
    """A statement that allows actions; `like` compares the conditions of `when` as patterns."""
    operator = "StringLike" if like else "StringEquals"
    return iam.PolicyStatement(
        actions=list(actions), resources=list(on), conditions={operator: when} if when else None
    )


def allow_grants(key_arn: str) -> iam.PolicyStatement:
    """A statement that lets AWS's services use the key for what the role's holder starts."""
    statement = allow("kms:CreateGrant", on=[key_arn])
    statement.add_condition("Bool", {"kms:GrantIsForAWSResource": "true"})
    return statement


def of_own_account(stack: cdk.Stack, statement: iam.PolicyStatement) -> iam.PolicyStatement:
    """The statement, of resources of the stack's account alone.

    The name of the CDK's asset bucket can be guessed: were it deleted, anybody could have made one.
    https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-troubleshoot.html
    """
    statement.add_condition("StringEquals", {"aws:ResourceAccount": stack.account})
    return statement


def own_service(stack: cdk.Stack, service: str) -> iam.ServicePrincipal:
    """A service of AWS that acts for the stack's account.

    The condition keeps the service from acting for another account (confused deputy).
    """
    return iam.ServicePrincipal(
        service, conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
    )


def log_group_arn(stack: cdk.Stack, group: str) -> str:
    """The ARN of a log group of the stack's account, with the `:*` that policies ask for.

    The storage stack makes the groups of `StagePlan.log_groups`, so that neither a failed
    deployment's rollback nor `cdk destroy` deletes what says why it failed. Whatever writes to one
    names it as text, which needs no output of that stack.
    """
    return f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:{group}:*"
