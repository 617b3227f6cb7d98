"""Nothing of an endpoint outlives the emulator, and its log is kept."""

import signal

import pytest

from tests.localaws.sagemaker.conftest import REGION, Account, end_emulator, eventually
from tests.localaws.sagemaker.test_endpoint_life import alive

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_containers_end_with_the_emulator(own_account: Account, number: signal.Signals) -> None:
    pids = [
        own_account.invoke(own_account.serve(behaviour=behaviour))["pid"]
        for behaviour in ({}, {"stubborn": True})
    ]
    starting = own_account.create(own_account.config(behaviour={"start_seconds": 60}))
    endpoints = own_account.emulator.home / "endpoints" / own_account.account / REGION
    eventually(lambda: any((endpoints / starting / "logs").rglob("*.log")))
    end_emulator(own_account, number)
    assert not any(alive(pid) for pid in pids)


def test_a_containers_output_is_in_cloudwatch_logs(account: Account) -> None:
    name = account.serve()
    logs = account.client("logs")
    group = f"/aws/sagemaker/Endpoints/{name}"

    def messages() -> list[str]:
        found = logs.filter_log_events(logGroupName=group)["events"]
        return [event["message"] for event in found]

    account.invoke(name)
    eventually(lambda: any("POST /invocations" in line for line in messages()))
    assert "loading ['serve']" in messages()
    (stream,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert stream["logStreamName"].startswith("all/i-")
    account.delete(name)
