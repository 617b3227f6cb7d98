"""The roles that GitHub's jobs assume in a stage's account: who may, and what it may then do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.version import VERSION

_ISSUER = "token.actions.githubusercontent.com"
# What aws-actions/configure-aws-credentials asks GitHub for.
_AUDIENCE = "sts.amazonaws.com"


@dataclass(frozen=True)
class JobRole:
    """A role: its name, the one `sub` of the tokens that it is given for, and its IAM statements.

    purpose: in CamelCase; part of the logical id.
    """

    purpose: str
    name: str
    subject: str
    statements: Sequence[dict[str, Any]]


class PipelineRolesStack(cdk.Stack):
    """GitHub's OIDC provider, unless the account has one, and the roles.

    https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stack_name: str,
        roles: Sequence[JobRole],
        makes_provider: bool,
        session: cdk.Duration,
    ) -> None:
        """`session`: how long a job may keep a role."""
        super().__init__(
            scope,
            id,
            stack_name=stack_name,
            description="Berth: roles of a stage for the jobs of a GitHub repository.",
        )
        self.add_metadata("Berth", {"version": VERSION})
        if makes_provider:
            # AWS trusts GitHub's certificate by its authority; a thumbprint is not asked for.
            provider = iam.CfnOIDCProvider(
                self, "GitHub", url=f"https://{_ISSUER}", client_id_list=[_AUDIENCE]
            ).ref
        else:
            provider = f"arn:{self.partition}:iam::{self.account}:oidc-provider/{_ISSUER}"
        self.roles = roles
        for role in roles:
            self._add(role, provider, session)

    def _add(self, role: JobRole, provider: str, session: cdk.Duration) -> None:
        # Both are compared as they are: with a wildcard another repository or job could match.
        trusted = {f"{_ISSUER}:aud": _AUDIENCE, f"{_ISSUER}:sub": role.subject}
        iam.Role(
            self,
            role.purpose,
            role_name=role.name,
            assumed_by=iam.WebIdentityPrincipal(provider, {"StringEquals": trusted}),
            inline_policies={
                "job": iam.PolicyDocument.from_json({"Statement": list(role.statements)})
            },
            max_session_duration=session,
        )
