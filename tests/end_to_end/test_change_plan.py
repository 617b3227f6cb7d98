"""What `berth plan` says, and what `cdk deploy` then does.

The CDK CLI, the templates and CloudFormation's API are the real ones; CloudFormation itself is the
emulator's, which judges a change by code of its own.
"""

import json
import re
import subprocess
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from tests import berth_cli
from tests.end_to_end.conftest import Deployment
from tests.end_to_end.example_model import names_no_longer_an_entity
from tests.end_to_end.test_main_job import ENDPOINT, STACK

pytestmark = pytest.mark.long

STORAGE = "berth-dev-storage"
STEP = re.compile(r"  \d+\. (creates|updates|replaces|deletes) ([A-Z]\w+) (\w+)")


def plan(deployment: Deployment, *options: str) -> subprocess.CompletedProcess[str]:
    environment = deployment.emulator.environment("dev")
    return berth_cli.run(
        "plan", "dev", *options, folder=deployment.project, environment=environment
    )


def steps(printed: str) -> list[tuple[str, str, str]]:
    """What the plan says of the serving stack: action, type and logical id, in its order."""
    section = printed.split(f"{STACK}: is updated\n")[1]
    lines = takewhile(lambda line: line.startswith(" "), section.splitlines())
    return [step.groups() for step in map(STEP.match, lines) if step]  # type: ignore[misc]


def resources(cloudformation: Any) -> dict[str, str]:
    """Physical ids by logical id."""
    listed = cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}


def foretold(deployment: Deployment) -> dict[str, str]:
    """What CloudFormation's own change set says of properties that change for certain.

    It is made from templates synthesized anew, which stay in cdk.out.
    """
    prepared = deployment.cdk(
        "deploy", "dev/Serving", "--exclusively", "--require-approval", "never",
        "--method", "prepare-change-set", "--change-set-name", "foretold",
    )  # fmt: skip
    assert prepared.returncode == 0, prepared.stdout
    cloudformation = deployment.client("cloudformation")
    described = cloudformation.describe_change_set(StackName=STACK, ChangeSetName="foretold")
    cloudformation.delete_change_set(StackName=STACK, ChangeSetName="foretold")
    changes = [change["ResourceChange"] for change in described["Changes"]]
    words = {"Add": "creates", "Remove": "deletes"}
    return {
        change["LogicalResourceId"]: words.get(change["Action"])
        or ("replaces" if change["Replacement"] == "True" else "updates")
        for change in changes
        if change["Action"] != "Modify"
        # It also lists what reads an attribute of an updated resource, which may be another then.
        or any(
            (each["Evaluation"], each["Target"]["Attribute"]) == ("Static", "Properties")
            for each in change["Details"]
        )
    }


def happened(deployment: Deployment) -> tuple[set[str], list[str]]:
    """Deploy cdk.out; what was replaced, and all that an event says is complete, in its order."""
    cloudformation = deployment.client("cloudformation")

    def events() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = cloudformation.describe_stack_events(StackName=STACK)[
            "StackEvents"
        ]
        return found

    seen = {event["EventId"] for event in events()}
    deployed = deployment.cdk(
        "deploy", "dev/Serving", "--require-approval", "never", "--app", "cdk.out"
    )
    assert deployed.returncode == 0, deployed.stdout
    new = [event for event in reversed(events()) if event["EventId"] not in seen]
    replaced = {
        event["LogicalResourceId"]
        for event in new
        if "creation of a new physical resource" in event.get("ResourceStatusReason", "")
    }
    complete = [
        event["LogicalResourceId"] for event in new if event["ResourceStatus"] == "UPDATE_COMPLETE"
    ]
    return replaced, complete


def test_a_deployment_does_what_the_plan_said(deployment: Deployment) -> None:
    cloudformation, sagemaker = deployment.client("cloudformation"), deployment.client("sagemaker")

    # Nothing is there yet.
    first = plan(deployment)
    assert first.returncode == 0, first.stderr
    assert f"{STACK}: not deployed yet, everything is created" in first.stdout
    # The serving stack brings the storage stack, which it refers to.
    deployed = deployment.cdk("deploy", "dev/Serving", "--require-approval", "never")
    assert deployed.returncode == 0, deployed.stdout

    # Nothing has changed.
    same = plan(deployment, "--assembly", "cdk.out")
    assert same.returncode == 0, same.stderr
    assert same.stdout.startswith(f"{STORAGE}: nothing to do\n{STACK}: nothing to do\n")

    # Another model, at an instance count that scaling has reached.
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=ENDPOINT,
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}],
    )
    sagemaker.get_waiter("endpoint_in_service").wait(
        EndpointName=ENDPOINT, WaiterConfig={"Delay": 1}
    )
    names_no_longer_an_entity(deployment.project / "build" / "model", "Lisbon")
    planned = plan(deployment)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    said = steps(planned.stdout)
    ids = {kind: logical_id for _, kind, logical_id in said}
    chain = [ids[kind] for kind in ("Model", "EndpointConfig", "Endpoint")]
    model, config, endpoint = chain
    assert [action for action, _, name in said if name in chain] == ["replaces"] * 2 + ["updates"]
    assert (
        f"updates Endpoint {endpoint} in place: it names the new EndpointConfig" in planned.stdout
    )
    assert "keeps the instance count that scaling has reached" in planned.stdout
    assert {name: action for action, _, name in said} == foretold(deployment)
    before = resources(cloudformation)
    replaced, complete = happened(deployment)
    after = resources(cloudformation)
    assert replaced == {model, config}
    assert {name for name in after if after[name] != before.get(name)} == replaced
    assert [each for each in complete if each in chain] == [model, config, endpoint]
    (variant,) = sagemaker.describe_endpoint(EndpointName=ENDPOINT)["ProductionVariants"]
    assert variant["DesiredInstanceCount"] == 2

    # An alarm alone.
    stages = deployment.project / "stages.toml"
    stages.write_text(
        stages.read_text().replace("model_latency_p99_ms = 500", "model_latency_p99_ms = 400")
    )
    change_set = foretold(deployment)
    planned = plan(deployment, "--assembly", "cdk.out")
    assert planned.returncode == 0, planned.stderr
    assert "Threshold: 500000 → 400000" in planned.stdout
    said = steps(planned.stdout)
    assert {(action, kind) for action, kind, _ in said} == {("updates", "Alarm")}
    assert {name: action for action, _, name in said} == change_set
    replaced, complete = happened(deployment)
    assert replaced == set()
    assert {name for _, _, name in said} <= set(complete)
    assert resources(cloudformation) == after

    # A bucket taken away.
    without_a_bucket(deployment.project / "cdk.out")
    refused = plan(deployment, "--assembly", "cdk.out")
    assert refused.returncode == 1
    assert "✗ berth-dev-storage: Bucket Data666C94C7 leaves the stack" in refused.stdout
    assert refused.stdout.splitlines()[-1].startswith("refused: ")


def without_a_bucket(assembly: Path) -> None:
    (file,) = assembly.glob("assembly-dev/devStorage*.template.json")
    template = json.loads(file.read_text())
    for name in [name for name in template["Resources"] if name.startswith("Data")]:
        del template["Resources"][name]
    file.write_text(json.dumps(template))
