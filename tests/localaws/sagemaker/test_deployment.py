"""Blue/green updates: traffic that shifts in steps, and alarms that send it back."""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.localaws.sagemaker.conftest import Account, eventually
from tests.localaws.sagemaker.guardrails import (
    LONG,
    Alarm,
    Document,
    bakes,
    blue_green,
    new,
    size,
    update,
    watched,
)
from tests.localaws.sagemaker.test_endpoint_life import alive, asked_all_the_while

pytestmark = pytest.mark.slow


def test_a_canary_gets_its_share_while_it_bakes(
    account: Account, old_endpoint: Callable[..., str]
) -> None:
    name, config, alarm = old_endpoint(4), new(account, 4), Alarm(account)
    before = account.describe(name)["EndpointConfigName"]
    deployment = blue_green("CANARY", LONG, [alarm.name], CanarySize=size(25, "CAPACITY_PERCENT"))
    with asked_all_the_while(account, name) as answers:
        update(account, name, config, deployment)
        assert eventually(lambda: bakes(account, name)) == 0.25
        described = account.describe(name)
        assert described["EndpointStatus"] == "Updating"
        assert described["EndpointConfigName"] == before
        assert described["PendingDeploymentSummary"]["EndpointConfigName"] == config
        assert described["LastDeploymentConfig"] == deployment
        first = len(answers)
        eventually(lambda: len(answers) > first + 200)
        split = Counter(answers[first : first + 200])
        assert bakes(account, name) == 0.25
        alarm.rings()
        account.settled(name)
    assert set(split) == {"old", "new"}
    # Beyond four standard deviations of 200 draws with 25 %.
    assert 25 < split["new"] < 75


def test_a_canary_that_bakes_well_gets_all(
    account: Account, old_endpoint: Callable[..., str]
) -> None:
    name, config = old_endpoint(2), new(account, 2)
    pids = {account.invoke(name)["pid"] for _ in range(4)}
    deployment = blue_green("CANARY", 60, CanarySize=size(1), TerminationWaitInSeconds=60)
    with asked_all_the_while(account, name) as answers:
        update(account, name, config, deployment)
        assert eventually(lambda: bakes(account, name) == 1)
        after = account.settled(name)
        last = len(answers)
        eventually(lambda: len(answers) > last + 20)
    assert set(answers) == {"old", "new"}
    assert set(answers[last + 3 :]) == {"new"}
    assert after["EndpointConfigName"] == config
    assert "PendingDeploymentSummary" not in after
    assert "FailureReason" not in after
    assert not any(alive(pid) for pid in pids)


def test_linear_steps_are_kept_from_creation_on_and_used_when_asked_to(
    account: Account, old_endpoint: Callable[..., str]
) -> None:
    sagemaker = account.client("sagemaker")
    name, old, config = "linear", new(account, 3), new(account, 3)
    sagemaker.create_endpoint(
        EndpointName=name,
        EndpointConfigName=old,
        DeploymentConfig=blue_green("LINEAR", 150, LinearStepSize=size(1)),
    )
    account.settled(name)
    sagemaker.update_endpoint(
        EndpointName=name, EndpointConfigName=config, RetainDeploymentConfig=True
    )
    seen: list[float] = []

    def ended() -> bool:
        weight = bakes(account, name)
        if weight is not None and weight not in seen:
            seen.append(weight)
        return bool(account.describe(name)["EndpointStatus"] == "InService")

    eventually(ended)
    assert seen == [pytest.approx(1 / 3), pytest.approx(2 / 3), 1]
    assert account.describe(name)["EndpointConfigName"] == config
    account.delete(name)


def test_an_alarm_in_the_bake_sends_all_traffic_back(
    account: Account, old_endpoint: Callable[..., str]
) -> None:
    name, alarm = old_endpoint(), Alarm(account)
    old = account.describe(name)["EndpointConfigName"]
    deployment = blue_green("CANARY", LONG, [alarm.name], CanarySize=size(1))
    with asked_all_the_while(account, name) as answers:
        update(account, name, new(account), deployment)
        eventually(lambda: "new" in answers)
        fresh = {account.invoke(name)["pid"] for _ in range(40)}
        alarm.rings()
        after = account.settled(name)
        last = len(answers)
        eventually(lambda: len(answers) > last + 20)
    assert set(answers[last + 3 :]) == {"old"}
    assert set(answers) == {"old", "new"}
    assert after["EndpointStatus"] == "InService"
    assert after["EndpointConfigName"] == old
    assert alarm.name in after["FailureReason"]
    assert "rolled back" in after["FailureReason"]
    (variant,) = after["ProductionVariants"]
    assert variant["CurrentInstanceCount"] == 2
    left = {pid for pid in fresh if alive(pid)}
    assert left == {account.invoke(name)["pid"] for _ in range(8)}


@pytest.mark.parametrize("wait", ["WaitIntervalInSeconds", "TerminationWaitInSeconds"])
def test_all_at_once_bakes_too(
    account: Account, old_endpoint: Callable[..., str], wait: str
) -> None:
    name, alarm = old_endpoint(1), Alarm(account)
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    policy: Document = {"TrafficRoutingConfiguration": routing}
    (routing if wait in routing else policy)[wait] = LONG
    update(account, name, new(account, 1), watched({"BlueGreenUpdatePolicy": policy}, [alarm.name]))
    eventually(lambda: account.invoke(name)["answer"] == "new")
    alarm.rings()
    assert alarm.name in account.settled(name)["FailureReason"]
    assert account.invoke(name)["answer"] == "old"


def test_an_alarm_that_rings_already_lets_no_instance_start(
    account: Account, old_endpoint: Callable[..., str]
) -> None:
    name, alarm = old_endpoint(1), Alarm(account)
    alarm.rings()
    config = new(account, 1, fail="it was started")
    update(account, name, config, blue_green("ALL_AT_ONCE", 0, [alarm.name]))
    after = account.settled(name)
    assert alarm.name in after["FailureReason"]
    assert "it was started" not in after["FailureReason"]
    assert account.invoke(name)["answer"] == "old"


def test_an_update_that_takes_too_long_is_rolled_back(
    account: Account, old_endpoint: Callable[..., str]
) -> None:
    name = old_endpoint(1)
    deployment = blue_green("ALL_AT_ONCE", LONG, MaximumExecutionTimeoutInSeconds=600)
    update(account, name, new(account, 1), deployment)
    assert "MaximumExecutionTimeoutInSeconds (600 s)" in account.settled(name)["FailureReason"]
    assert account.invoke(name)["answer"] == "old"
