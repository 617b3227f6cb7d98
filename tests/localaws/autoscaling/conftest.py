"""An endpoint to scale, whose container is the stub."""

import shutil
from collections.abc import Iterator

import pytest

from tests.localaws.conftest import TestEmulator
from tests.localaws.sagemaker.conftest import STUB, Account


@pytest.fixture(scope="module")
def endpoint(request: pytest.FixtureRequest, emulator: TestEmulator) -> Iterator[str]:
    """The name of an endpoint in service with one instance; deleted afterwards.

    Metrics outlive endpoints: a module whose metrics would reach others' has its own `ENDPOINT`.
    """
    shutil.copytree(STUB, emulator.home / "images" / "stub", dirs_exist_ok=True)
    account = Account(emulator)
    name = account.create(account.config(), getattr(request.module, "ENDPOINT", "scaled"))
    assert account.settled(name)["EndpointStatus"] == "InService"
    yield name
    account.client("sagemaker").delete_endpoint(EndpointName=name)
