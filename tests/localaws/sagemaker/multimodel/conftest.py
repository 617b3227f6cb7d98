"""Multi-model endpoints of a stub whose memory is small."""

import io
import json
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from localaws import lifecycle
from localaws.accounts import CHECKOUT
from stacks.settings import Settings
from tests.localaws.conftest import TestEmulator
from tests.localaws.sagemaker.conftest import ACCOUNT, REGION, Account

ARCHIVES = "archives"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/assets"

_numbers = count(1)


class MultiModel:
    """An endpoint of one prefix, and the archives that are put there."""

    def __init__(self, account: Account, image: str, container: Mapping[str, Any], **more: Any):
        self.account = account
        self.s3 = account.client("s3")
        self.prefix = f"models-{next(_numbers)}"
        self.name = account.serve(
            container={
                "Image": f"{REGISTRY}:{image}",
                "Mode": "MultiModel",
                "ModelDataUrl": f"s3://{ARCHIVES}/{self.prefix}/",
                **container,
            },
            **more,
        )

    def put(self, key: str, **behaviour: object) -> str:
        """Put an archive whose model answers with its key."""
        told = json.dumps({"answer": key, **behaviour}).encode()
        return self.put_files(key, {"behaviour.json": told})

    def put_files(self, key: str, files: Mapping[str, bytes]) -> str:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        self.s3.put_object(Bucket=ARCHIVES, Key=f"{self.prefix}/{key}", Body=archive.getvalue())
        return key

    def invoke(self, key: str, body: object = None, **more: Any) -> dict[str, Any]:
        return self.account.invoke(self.name, body or {}, TargetModel=key, **more)

    def history(self, key: str) -> list[str]:
        """What the container was asked to do until now, a request to this model included."""
        told: list[str] = self.invoke(key)["history"]
        return told


@pytest.fixture(scope="session")
def emulator(
    tmp_path_factory: pytest.TempPathFactory, settings: Settings
) -> Iterator[TestEmulator]:
    home = tmp_path_factory.mktemp("multi-model")
    stub = Path(__file__).parents[2] / "stub_multi_model"
    shutil.copytree(stub, home / "images" / "multi")
    shutil.copytree(CHECKOUT / "container", home / "images" / "real")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALAWS_STOP_GRACE_SECONDS", "1")
        with lifecycle.running(home, settings) as running:
            yield TestEmulator(running)


@pytest.fixture(scope="session")
def account(emulator: TestEmulator) -> Account:
    account = Account(emulator)
    account.client("s3").create_bucket(
        Bucket=ARCHIVES, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return account


@pytest.fixture
def endpoint(account: Account) -> Iterator[MultiModel]:
    made = MultiModel(account, "multi", {"Environment": {"CAPACITY": "2"}})
    yield made
    account.delete(made.name)
