"""The rule packs that run at every synth, and every acknowledgement with its reason."""

import json
import re

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks
from constructs import IConstruct

from stacks.compliance.acknowledged import FINDINGS, PREFIXES, Acknowledged
from stacks.compliance.endpoint_pack import EndpointPack
from stacks.constructs.execution_role import ExecutionRole

EXECUTION_ROLE = "Serving/Models/ExecutionRole"

# The output by which CDK hands the bucket's name to another stack. CDK makes it while it
# synthesizes, too late to be asked for; it follows from the bucket's logical id.
_BUCKET_OUTPUT = "PublishOutputRefData666C94C7B7015AE8"


def apply(app: cdk.App) -> None:
    """Have synth fail on every finding of a pack that is not acknowledged."""
    for stage in app.node.children:
        if isinstance(stage, cdk.Stage):
            for acknowledged in (*FINDINGS, *_prefixes(stage)):
                _acknowledge(stage, acknowledged)
    packs = (AwsSolutionsChecks(app), NIST80053R5Checks(app), EndpointPack())
    cdk.Validations.of(app).add_plugins(*packs)


def _acknowledge(stage: cdk.Stage, acknowledged: Acknowledged) -> None:
    construct = _at(stage, acknowledged.path)
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


def _prefixes(stage: cdk.Stage) -> list[Acknowledged]:
    """The execution role's wildcards, each of which is all that is below one known prefix."""
    role, storage = _at(stage, EXECUTION_ROLE), _at(stage, "Storage")
    if not isinstance(role, ExecutionRole) or not isinstance(storage, cdk.Stack):
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
    for resource in role.wildcards:
        # A token stands for the stage's bucket: nothing else of another stack is a wildcard's.
        written = re.sub(r"\$\{Token\[[^]]*\]\}", lambda _: bucket, resource)
        reason = next((why for end, why in PREFIXES.items() if written.endswith(f"{end}*")), None)
        if reason:
            finding = f"AwsSolutions-IAM5[Resource::{written}]"
            found.append(Acknowledged(f"{EXECUTION_ROLE}/Role/Resource", finding, reason))
    return found
