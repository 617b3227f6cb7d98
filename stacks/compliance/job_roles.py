"""The public rule packs over the roles of GitHub's jobs, and what stands against them.

The pack of our own is for endpoints: these stacks have none.
"""

from collections.abc import Iterator

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from stacks.compliance.acknowledged import (
    JOB_ROLE_WILDCARDS,
    Acknowledged,
    reason_for_wildcard,
)
from stacks.compliance.packs import acknowledge
from stacks.pipeline_roles import JobRole, PipelineRolesStack


def apply(app: cdk.App) -> None:
    """Have synth fail on every finding of a pack that is not acknowledged."""
    for construct in app.node.find_all():
        if isinstance(construct, PipelineRolesStack):
            for role in construct.roles:
                for finding, reason in _stands(role):
                    path = f"{role.purpose}/Resource"
                    acknowledge(construct, Acknowledged(path, finding, reason))
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), NIST80053R5Checks(app))


def _stands(role: JobRole) -> Iterator[tuple[str, str]]:
    yield "NIST.800.53.R5-IAMNoInlinePolicy", "Nobody else may have this policy."
    for statement in role.statements:
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            reason = reason_for_wildcard(resource, JOB_ROLE_WILDCARDS)
            if "*" in resource and reason:
                yield f"AwsSolutions-IAM5[Resource::{resource}]", reason
