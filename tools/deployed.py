"""`python -m tools.deployed --account ID --region NAME STACK...`: what is deployed, as JSON.

Prints the processed template of each stack by its name; null where there is none. This is the one
part of the change plan that calls AWS, so stacks/ starts it as a program.
"""

import argparse
import json
import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

# What is left of a first deployment that failed: the CDK CLI deletes it and starts over.
_NEVER_DEPLOYED = {"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}


class NotReadyError(Exception):
    """The deployed state is not to be had now; the text is one line."""


def main() -> int:
    """Print the templates; 0 where all is well, 2 with one line where it is not."""
    parser = argparse.ArgumentParser(prog="python -m tools.deployed", description=__doc__)
    parser.add_argument("--account", required=True, help="whose credentials these have to be")
    parser.add_argument("--region", required=True)
    parser.add_argument("stacks", nargs="+", metavar="STACK")
    arguments = parser.parse_args()
    try:
        session = boto3.Session(region_name=arguments.region)
        _check_account(session, arguments.account)
        client = session.client("cloudformation")
        templates = {name: _template(client, name) for name in arguments.stacks}
    except (NotReadyError, BotoCoreError, ClientError) as error:
        print(f"deployed templates: {error}", file=sys.stderr)
        return 2
    json.dump(templates, sys.stdout)
    return 0


def _check_account(session: boto3.Session, account: str) -> None:
    # In another account the stacks would look as if they had never been deployed.
    actual = session.client("sts").get_caller_identity()["Account"]
    if actual != account:
        raise NotReadyError(f"these credentials are of account {actual}; the stage is in {account}")


def _template(client: Any, stack: str) -> dict[str, Any] | None:
    try:
        (described,) = client.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    status = described["StackStatus"]
    if status in _NEVER_DEPLOYED:
        return None
    if status.endswith(("_IN_PROGRESS", "_FAILED")):
        raise NotReadyError(f"{stack} is {status}: no plan until it is complete")
    template: dict[str, Any] = client.get_template(StackName=stack, TemplateStage="Processed")[
        "TemplateBody"
    ]
    return template


if __name__ == "__main__":
    sys.exit(main())
