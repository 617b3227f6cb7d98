"""An emulator whose containers are the stub, and what tests do with it."""

import io
import json
import os
import shutil
import signal
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest

from localaws import home as homes
from localaws import lifecycle
from stacks.settings import Settings
from tests.localaws.conftest import TestEmulator

STUB = Path(__file__).parents[1] / "stub_container"
ACCOUNT = "111111111111"
REGION = "eu-central-1"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/assets:stub"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/serving"
BUCKET = "models"
NO_CAPACITY = ("ml.p4d.24xlarge", "ml.p5.48xlarge")
"""Instance types of which this emulator has none."""

T = TypeVar("T")

_numbers = count(1)


def eventually(ask: Callable[[], T | None], seconds: float = 120) -> T:
    """What `ask` returns once it is neither None nor False."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.05)
    raise AssertionError("it did not come to pass")


@pytest.fixture(scope="session")
def emulator(
    tmp_path_factory: pytest.TempPathFactory, settings: Settings
) -> Iterator[TestEmulator]:
    home = tmp_path_factory.mktemp("sagemaker")
    shutil.copytree(STUB, home / "images" / "stub")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALAWS_STOP_GRACE_SECONDS", "1")
        patch.setenv("LOCALAWS_NO_CAPACITY", ", ".join(NO_CAPACITY))
        with lifecycle.running(home, settings) as running:
            yield TestEmulator(running)


@dataclass
class Account:
    """boto3 clients of one account, and short ways to what most tests need."""

    emulator: TestEmulator
    account: str = ACCOUNT
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client, made once for each service: making one takes longer than most calls."""
        if service not in self._clients:
            self._clients[service] = self.emulator.client(service, self.account, REGION)
        return self._clients[service]

    def upload(self, **behaviour: object) -> str:
        """The S3 address of a model that makes the stub behave so."""
        return self.upload_files({"behaviour.json": json.dumps(behaviour)})

    def upload_files(self, files: dict[str, str]) -> str:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            for name, text in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(text.encode())
                tar.addfile(entry, io.BytesIO(text.encode()))
        return self.upload_bytes(archive.getvalue())

    def upload_bytes(self, content: bytes) -> str:
        s3 = self.client("s3")
        if not any(one["Name"] == BUCKET for one in s3.list_buckets()["Buckets"]):
            s3.create_bucket(
                Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        key = f"{next(_numbers)}.tar.gz"
        s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        return f"s3://{BUCKET}/{key}"

    def config(
        self,
        *,
        behaviour: dict[str, object] | None = None,
        container: dict[str, Any] | None = None,
        model: dict[str, Any] | None = None,
        whole: dict[str, Any] | None = None,
        **variant: Any,
    ) -> str:
        """A new endpoint configuration with one variant; its model behaves as `behaviour` says.

        The rest are members of the model's container, of the model, of the configuration as a
        whole and of the variant; a None takes away what the variant has else.
        """
        name = f"c{next(_numbers)}"
        own = {"Image": IMAGE, **(container or {})}
        if "ModelDataSource" not in own and "ModelDataUrl" not in own:
            own["ModelDataUrl"] = self.upload(**(behaviour or {"answer": name}))
        sagemaker = self.client("sagemaker")
        sagemaker.create_model(
            ModelName=name, PrimaryContainer=own, ExecutionRoleArn=ROLE, **(model or {})
        )
        own_variant = {
            "VariantName": "all",
            "ModelName": name,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.g5.xlarge",
            **variant,
        }
        present = {key: value for key, value in own_variant.items() if value is not None}
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[present], **(whole or {})
        )
        return name

    def create(self, config: str, name: str | None = None) -> str:
        name = name or f"e{next(_numbers)}"
        self.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=config)
        return name

    def serve(self, **changes: Any) -> str:
        """The name of a new endpoint in service."""
        name = self.create(self.config(**changes))
        settled = self.settled(name)
        assert settled["EndpointStatus"] == "InService", settled.get("FailureReason")
        return name

    def describe(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.client("sagemaker").describe_endpoint(EndpointName=name)
        return answer

    def settled(self, name: str) -> dict[str, Any]:
        """DescribeEndpoint's answer once the endpoint is in no transition."""

        def look() -> dict[str, Any] | None:
            seen = self.describe(name)
            return None if seen["EndpointStatus"].endswith("ing") else seen

        return eventually(look)

    def invoke(self, name: str, body: object = None, **more: Any) -> dict[str, Any]:
        """The stub's own answer."""
        answer = self.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=name, Body=json.dumps(body), **more
        )
        told: dict[str, Any] = json.loads(answer["Body"].read())
        return told

    def delete(self, name: str) -> None:
        sagemaker = self.client("sagemaker")
        sagemaker.delete_endpoint(EndpointName=name)
        eventually(lambda: not self.exists(name))

    def exists(self, name: str) -> bool:
        listed = self.client("sagemaker").list_endpoints(NameContains=name)["Endpoints"]
        return any(one["EndpointName"] == name for one in listed)


@pytest.fixture(scope="session")
def account(emulator: TestEmulator) -> Account:
    return Account(emulator)


@pytest.fixture
def own_account(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Account]:
    """An account of an emulator that a test may end; its state folder is `tmp_path`."""
    monkeypatch.setenv("LOCALAWS_STOP_GRACE_SECONDS", "1")
    shutil.copytree(STUB, tmp_path / "images" / "stub")
    with lifecycle.running(tmp_path, settings) as running:
        yield Account(TestEmulator(running))


def end_emulator(account: Account, number: signal.Signals) -> None:
    """Send its process a signal; return once no program runs from its images."""
    pid = homes.process_id(account.emulator.home)
    assert pid is not None
    os.kill(pid, number)
    eventually(lambda: not programs_of(account.emulator.home))


def programs_of(home: Path) -> list[str]:
    """The processes whose command or environment names this state folder's images."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode()
        except OSError:
            continue
        if str(home / "images") in command:
            found.append(command)
    return found


@pytest.fixture
def old_endpoint(account: Account) -> Iterator[Callable[..., str]]:
    """Makes endpoints that answer "old" and are deleted afterwards."""
    made: list[str] = []

    def make(instances: int = 2, **behaviour: object) -> str:
        own = {"answer": "old", **behaviour}
        made.append(account.serve(behaviour=own, InitialInstanceCount=instances))
        return made[-1]

    yield make
    for name in made:
        account.settled(name)
        account.delete(name)
