"""The public rule packs over the roles of GitHub's jobs, and what stands against them.

The pack of our own is for endpoints: these stacks have none.
"""

import re
from collections.abc import Iterator

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from stacks.compliance.acknowledged import Acknowledged
from stacks.compliance.packs import acknowledge
from stacks.pipeline_roles import JobRole, PipelineRolesStack

WILDCARDS = {
    r"^\*": "beside actions that know no resources: ECR's login, and the states of alarms",
    r":stack/[a-z0-9-]+-(\*|[a-z]+)/\*": "the stage's own stacks: the end is CloudFormation's id",
    r":model/\*": "described alone; CloudFormation names a Model without project and stage",
    r":key/\*": "the stage's key, which has no name: held to S3's use for the stage's bucket",
    r"assets-\d{12}-[a-z0-9-]+/\*": "models, by their content's hash, in the CDK's asset bucket",
    r"/berth/locks/\*": "the locks of promotions into the account",
    r":::[a-z0-9-]+\*": "the stage's bucket: the end of its name is CloudFormation's; held to "
    "the account by aws:ResourceAccount",
    r":::[a-z0-9-]+\*/releases/\*": "the stage's releases, in that bucket",
}
"""How a resource may end that is a wildcard, and why."""


INLINE = "Nobody else may have this policy."


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
    yield "NIST.800.53.R5-IAMNoInlinePolicy", INLINE
    for statement in role.statements:
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            kinds = (why for end, why in WILDCARDS.items() if re.search(f"{end}$", resource))
            if "*" in resource and (reason := next(kinds, None)):
                yield f"AwsSolutions-IAM5[Resource::{resource}]", reason
