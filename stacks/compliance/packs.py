"""The rule packs, run at every synth."""

import json
import re
from collections.abc import Iterator

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks
from constructs import IConstruct

from stacks.compliance.acknowledged import (
    FINDINGS,
    JOB_ROLE_WILDCARDS,
    Acknowledged,
    reason_for_wildcard,
)
from stacks.compliance.endpoint_pack import EndpointPack
from stacks.pipeline_roles import JobRole, PipelineRolesStack

# The output by which CDK hands the bucket's name to another stack. CDK makes it while it
# synthesizes, too late to be asked for; it follows from the bucket's logical id.
_BUCKET_OUTPUT = "PublishOutputRefData666C94C7B7015AE8"

# The constructs that say which wildcards their role names, and the role's id.
_ROLES_BY_HOLDER = {
    "Serving/Models/ExecutionRole": "Role",
    "Serving/Workflow": "Role",
    "Serving/Archives": "Role",
    "Serving/Network/Vpc": "FlowLogsRole",
    "Serving/Network/Vpc/DefaultGroup": "Role",
}


def apply(app: cdk.App) -> None:
    """Have synth fail on every finding of a pack that is not acknowledged."""
    for stage in app.node.children:
        if isinstance(stage, cdk.Stage):
            for acknowledged in (*FINDINGS, *_wildcards(stage)):
                _acknowledge(stage, acknowledged)
    packs = (AwsSolutionsChecks(app), NIST80053R5Checks(app), EndpointPack())
    cdk.Validations.of(app).add_plugins(*packs)


def apply_to_job_roles(app: cdk.App) -> None:
    """The same for an app of GitHub's job roles: it has no endpoint, which our own pack is for."""
    for construct in app.node.find_all():
        if isinstance(construct, PipelineRolesStack):
            for role in construct.roles:
                for finding, reason in _findings_of(role):
                    path = f"{role.purpose}/Resource"
                    _acknowledge(construct, Acknowledged(path, finding, reason))
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), NIST80053R5Checks(app))


def _findings_of(role: JobRole) -> Iterator[tuple[str, str]]:
    yield "NIST.800.53.R5-IAMNoInlinePolicy", "Nobody else may have this policy."
    for statement in role.statements:
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            reason = reason_for_wildcard(resource, JOB_ROLE_WILDCARDS)
            if "*" in resource and reason:
                yield f"AwsSolutions-IAM5[Resource::{resource}]", reason


def _acknowledge(scope: IConstruct, acknowledged: Acknowledged) -> None:
    """Let a finding stand; nothing where the scope has no construct of that path."""
    construct = _at(scope, acknowledged.path)
    if construct:
        pack = "AwsSolutions" if acknowledged.finding.startswith("Aws") else "NIST.800.53.R5"
        cdk.Validations.of(construct).acknowledge(
            cdk.Acknowledgment(id=f"{pack}::{acknowledged.finding}", reason=acknowledged.reason)
        )


def _at(scope: IConstruct | None, path: str) -> IConstruct | None:
    """The construct of that path; None where the stage's mode has none."""
    for part in path.split("/"):
        scope = scope and scope.node.try_find_child(part)
    return scope


def _wildcards(stage: cdk.Stage) -> list[Acknowledged]:
    """The wildcards that a stage's roles name, each of which is one of the known kinds."""
    storage = _at(stage, "Storage")
    if not isinstance(storage, cdk.Stack):
        return []
    bucket = json.dumps(
        {
            "Fn::GetStackOutput": {
                "StackName": storage.stack_name,
                "Region": storage.region,
                "OutputName": _BUCKET_OUTPUT,
            }
        },
        separators=(",", ":"),
    )
    found = []
    for path, role in _ROLES_BY_HOLDER.items():
        # Not by class: the import of those that a stage has not would take time from each synth.
        for resource in getattr(_at(stage, path), "wildcards", ()):
            # A token stands for the stage's bucket: nothing else of another stack is a wildcard's.
            written = re.sub(r"\$\{Token\[[^]]*\]\}", lambda _: bucket, resource)
            if reason := reason_for_wildcard(written):
                finding = f"AwsSolutions-IAM5[Resource::{written}]"
                found.append(Acknowledged(f"{path}/{role}/Resource", finding, reason))
    return found
