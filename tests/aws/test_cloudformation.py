"""What `python -m tools.deployed` reads from CloudFormation, here the emulator's."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from localaws.lifecycle import Emulator, running
from stacks.settings import load

pytestmark = pytest.mark.slow

TOPIC = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "x"}}}}
NO_CONFIG = {"Type": "AWS::SageMaker::Endpoint", "Properties": {"EndpointConfigName": "none"}}


@pytest.fixture(scope="module")
def emulator(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running(tmp_path_factory.mktemp("localaws"), load(root / "stages.toml")) as emulator:
        yield emulator


def deployed(
    emulator: Emulator, *names: str, credentials_of: str = "dev"
) -> subprocess.CompletedProcess[str]:
    dev = emulator.settings.stages["dev"]
    where = ["--account", dev.account, "--region", dev.region]
    return subprocess.run(
        [sys.executable, "-m", "tools.deployed", *where, *names],
        env=emulator.environment(credentials_of),
        capture_output=True,
        text=True,
        check=False,
    )


def cloudformation(emulator: Emulator) -> Any:
    session: Any = emulator.session("dev")
    return session.client("cloudformation")


def test_a_deployed_stack_has_its_template_and_one_that_is_not_has_none(
    emulator: Emulator,
) -> None:
    client = cloudformation(emulator)
    client.create_stack(StackName="there", TemplateBody=json.dumps(TOPIC))
    client.get_waiter("stack_create_complete").wait(StackName="there", WaiterConfig={"Delay": 1})
    ended = deployed(emulator, "there", "nowhere")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout) == {"there": TOPIC, "nowhere": None}


def test_a_stack_whose_creation_was_rolled_back_counts_as_not_deployed(emulator: Emulator) -> None:
    client = cloudformation(emulator)
    client.create_stack(
        StackName="failed", TemplateBody=json.dumps({"Resources": {"Endpoint": NO_CONFIG}})
    )
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        client.get_waiter("stack_create_complete").wait(
            StackName="failed", WaiterConfig={"Delay": 1}
        )
    assert json.loads(deployed(emulator, "failed").stdout) == {"failed": None}


def test_credentials_of_another_account_are_refused(emulator: Emulator) -> None:
    ended = deployed(emulator, "there", credentials_of="qa")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "deployed templates: these credentials are of account 222222222222;"
        " the stage is in 111111111111\n"
    )
