"""Rolling updates: batch by batch, and back by batches."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.localaws.sagemaker.conftest import Account, eventually
from tests.localaws.sagemaker.guardrails import Alarm, Document, bakes, new, rolling, size, update
from tests.localaws.sagemaker.test_endpoint_life import alive, asked_all_the_while

pytestmark = pytest.mark.slow


def test_a_rolling_update_replaces_batch_by_batch(
    account: Account, old_endpoint: Callable[..., str]
) -> None:
    name, config = old_endpoint(3), new(account, 3)
    old = {account.invoke(name)["pid"] for _ in range(6)}
    assert len(old) == 3
    with asked_all_the_while(account, name) as answers:
        deployment = rolling(size(33, "CAPACITY_PERCENT"), 300)
        update(account, name, config, deployment)
        alive_at: dict[float, set[int]] = {}

        def ended() -> bool:
            weight = bakes(account, name)
            if weight is not None:
                alive_at[weight] = {pid for pid in old if alive(pid)}
            return bool(account.describe(name)["EndpointStatus"] == "InService")

        eventually(ended)
    assert set(answers) == {"old", "new"}
    assert {round(weight, 2) for weight in alive_at} == {0.33, 0.67, 1}
    # While the last batch bakes, all but the instance that it replaces are gone.
    assert len(alive_at[max(alive_at)]) == 1
    assert account.describe(name)["EndpointConfigName"] == config
    assert {account.invoke(name)["answer"] for _ in range(6)} == {"new"}


@pytest.mark.parametrize("batch", [None, size(1)])
def test_a_rolling_update_rolls_back_to_as_many_as_there_were(
    account: Account, old_endpoint: Callable[..., str], batch: Document | None
) -> None:
    name, alarm = old_endpoint(3), Alarm(account)
    more = {"RollbackMaximumBatchSize": batch} if batch else {}
    deployment = rolling(size(1), 200, [alarm.name], **more)
    with asked_all_the_while(account, name) as answers:
        update(account, name, new(account, 3), deployment)
        eventually(lambda: (bakes(account, name) or 0) > 0.6)
        alarm.rings()
        after = account.settled(name)
    assert set(answers) == {"old", "new"}
    assert after["EndpointStatus"] == "InService"
    assert alarm.name in after["FailureReason"]
    told = [account.invoke(name) for _ in range(9)]
    assert {one["answer"] for one in told} == {"old"}
    assert len({one["pid"] for one in told}) == 3


def test_a_rollback_that_fails_leaves_both_serving(account: Account, tmp_path: Path) -> None:
    broken, alarm = tmp_path / "broken", Alarm(account)
    old = {"answer": "old", "broken": str(broken)}
    name = account.serve(behaviour=old, InitialInstanceCount=2)
    update(account, name, new(account), rolling(size(1), 200, [alarm.name]))
    # The first old instance has ended when the second batch bakes.
    eventually(lambda: (bakes(account, name) or 0) == 1)
    broken.touch()
    alarm.rings()
    eventually(lambda: account.describe(name)["EndpointStatus"] != "Updating")
    after = account.describe(name)
    assert after["EndpointStatus"] == "UpdateRollbackFailed"
    assert alarm.name in after["FailureReason"]
    pid = account.invoke(name)["pid"]
    account.delete(name)
    assert not alive(pid)
