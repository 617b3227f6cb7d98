"""One promotion to a stage at a time."""

import json
import os
import re
from typing import Any

import pytest

from promotion import PromotionError, lock
from tests.promotion.promoting import faults
from tests.promotion.promoting.world import World

pytestmark = pytest.mark.slow


def written(world: World) -> dict[str, Any]:
    key = f"{lock.PREFIX}{world.project}-qa.json"
    found = world.client("s3", "qa").get_object(Bucket=world.bucket("qa"), Key=key)
    document: dict[str, Any] = json.loads(found["Body"].read())
    return document


def held(world: World, doing: str, breaking: str | None = None) -> Any:
    return lock.held(world.stage("qa"), world.bucket("qa"), doing=doing, breaking=breaking)


def test_the_second_one_is_told_who_is_first_since_when_and_what_for(world: World) -> None:
    with held(world, "promotes dev-000001"):
        with pytest.raises(PromotionError) as refusal, held(world, "promotes dev-000002"):
            pass
        assert re.fullmatch(
            r"qa: locked: arn:aws:\S+ on \S+ \(process \d+\) promotes dev-000001 since"
            r" \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, 0 minutes; wait, or break it with --break-lock"
            r" REASON",
            str(refusal.value),
        )
    with held(world, "promotes dev-000002"):
        pass


def test_two_stages_have_two_locks(world: World) -> None:
    with (
        held(world, "promotes dev-000001"),
        lock.held(world.stage("prod"), world.bucket("prod"), doing="promotes qa-000001"),
    ):
        pass


def test_a_broken_lock_names_its_reason_and_stops_the_one_who_held_it(world: World) -> None:
    with held(world, "promotes dev-000001") as first:
        first.check()
        with held(world, "promotes dev-000002", breaking="it hangs"):
            broke = written(world)["broke"]
            assert "promotes dev-000001" in broke
            assert broke.endswith(": it hangs")
            with pytest.raises(PromotionError, match="the lock was broken, nothing more is done"):
                first.check()
            first.release()
            assert written(world)["doing"] == "promotes dev-000002"


def test_the_lock_of_a_process_that_died_here_is_taken_over(world: World) -> None:
    stage, bucket = world.stage("qa"), world.bucket("qa")

    def dies() -> int:
        with lock.held(stage, bucket, doing="promotes dev-000001"):
            os._exit(faults.KILLED)

    assert faults.ended(faults.started(dies)) == faults.KILLED
    assert written(world)["doing"] == "promotes dev-000001"
    with held(world, "promotes dev-000001"):
        assert written(world)["broke"].endswith("it has died")


def test_a_lock_that_cannot_be_read_is_not_taken_for_nobodys(world: World) -> None:
    key = f"{lock.PREFIX}{world.project}-qa.json"
    world.client("s3", "qa").put_object(Bucket=world.bucket("qa"), Key=key, Body=b"not JSON")
    with pytest.raises(PromotionError, match="does not say by whom"), held(world, "promotes"):
        pass
    with held(world, "promotes", breaking="nobody knows it"):
        pass
