"""`cdk deploy` of a recorded assembly: nothing is synthesized, and nothing is built."""

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from aws import assembly, cloudformation
from aws.errors import CallError, in_one_line, one_line
from aws.stage import Stage
from promotion import PromotionError

# The checkout's own CLI: another one may not read this assembly.
PROGRAM = Path(sys.executable).with_name("cdk")
_POLL_SECONDS = 2.0
_FAILED = ("_FAILED", "ROLLBACK_COMPLETE")


class DeploymentError(PromotionError):
    """A deployment failed; CloudFormation has rolled back the stack that failed."""


def deploy(stage: Stage, folder: Path) -> None:
    """Deploy a stage's stacks out of a cloud assembly; its assets are in the account by now.

    A deployment that somebody else has begun, or a run that was killed, is waited for first.

    Raises DeploymentError where the CDK CLI fails, with CloudFormation's reason, and CallError
    where the credentials cannot assume a role of the assembly's; nothing is deployed then.
    """
    made = assembly.read(folder, stage.name, stage.settings.account, stage.settings.region)
    for role in made.roles:
        # The CDK CLI would go on without a role, and fail in words about something else.
        with in_one_line():
            stage.client("sts").assume_role(RoleArn=role, RoleSessionName="berth-promotion")
    for stack in made.templates:
        wait_until_at_rest(stage, stack)
    command = [str(PROGRAM), "deploy", "--app", str(folder.resolve())]
    command += ["--require-approval", "never"]
    # A log group outlives its stack: the stack takes over one that was retained.
    command.append("--import-existing-resources")
    profile = ["--profile", stage.profile] if stage.profile else []
    with TemporaryDirectory(prefix="berth-") as empty:
        # The CLI reads the cdk.json of its folder, whose `build` and `plugin` would be carried out.
        (Path(empty) / "cdk.json").write_text("{}")
        ended = subprocess.run(
            [*command, *profile, f"{stage.name}/*"],
            cwd=empty,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            check=False,
        )
    if ended.returncode:
        reasons = [reason for stack in made.templates if (reason := failure(stage, stack))]
        said = "; ".join(reasons) or f"the CDK CLI ended with {ended.returncode}: see above"
        raise DeploymentError(f"{stage.name}: the deployment failed: {said}")


def wait_until_at_rest(stage: Stage, stack: str) -> None:
    """Wait for a deployment of the stack that is under way."""
    while (status := _status(stage, stack)) and status.endswith("_IN_PROGRESS"):
        # The status of a new stack whose first change set nobody has executed.
        if status == "REVIEW_IN_PROGRESS":
            return
        time.sleep(_POLL_SECONDS)


def _status(stage: Stage, stack: str) -> str | None:
    found = cloudformation.stack(stage.cloudformation, stack)
    return str(found["StackStatus"]) if found else None


def failure(stage: Stage, stack: str) -> str | None:
    """The first resource that failed in the last deployment, and why; None where none failed."""
    status = _status(stage, stack)
    if status is None or not status.endswith(_FAILED):
        return None
    first = None
    try:
        with in_one_line():
            pages = stage.cloudformation.get_paginator("describe_stack_events")
            events = pages.paginate(StackName=stack).search("StackEvents[]")
            for event in events:  # the newest first
                is_the_stack = event["PhysicalResourceId"] == event["StackId"]
                if is_the_stack and not event["ResourceStatus"].endswith(_FAILED):
                    if event["ResourceStatus"] in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
                        break
                elif event["ResourceStatus"].endswith("_FAILED"):
                    first = event
    except CallError as error:
        return f"{stack}: {error.reason}"
    if first is None:
        return None
    reason = one_line(first.get("ResourceStatusReason", first["ResourceStatus"]))
    return f"{stack}: {first['LogicalResourceId']}: {reason}"
