"""The rule packs that run at every synth, and every acknowledgement with its reason."""

from typing import NamedTuple

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct


class Acknowledged(NamedTuple):
    """One finding that stands: where (below the stage), which, and why."""

    path: str
    finding: str
    reason: str


ACKNOWLEDGED = (
    Acknowledged(
        "Serving/ExecutionRole/Role/Resource",
        "AwsSolutions-IAM5[Resource::*]",
        "ecr:GetAuthorizationToken and cloudwatch:PutMetricData know no resources. The first gives "
        "a login that the role's other statements hold to one repository, the second is held to "
        "SageMaker's own namespaces by a condition.",
    ),
)


def apply(app: cdk.App) -> None:
    """Have synth fail on every AwsSolutions finding that is not acknowledged."""
    stages = [child for child in app.node.children if isinstance(child, cdk.Stage)]
    for stage in stages:
        for path, finding, reason in ACKNOWLEDGED:
            cdk.Validations.of(_at(stage, path)).acknowledge(
                cdk.Acknowledgment(id=f"AwsSolutions::{finding}", reason=reason)
            )
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def _at(scope: IConstruct, path: str) -> IConstruct:
    for part in path.split("/"):
        scope = scope.node.find_child(part)
    return scope
