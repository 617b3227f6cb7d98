"""Promotion as a state machine: killed, refused, raced, and over bytes that have changed.

Whatever happens, a target never holds bytes that no release has, no release is lost, and a command
that is run again ends where it would have ended at once.
"""

import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from rich.console import Console

from aws.stage import Stage
from promotion import promote as promoting
from promotion import rollback
from promotion import trained as trained_models
from promotion.console_output import Screen
from promotion.gate import missing_evidence
from promotion.promote import End, Promotion
from promotion.release import Release
from promotion.store import ReleaseStore
from promotion.trained import bring_model
from tests import STAGES_FILE
from tests.promotion.promoting import faults
from tests.promotion.promoting import world as worlds
from tests.promotion.promoting.faults import BROKEN, KILLED, REFUSED, STOPPED, Fault
from tests.promotion.promoting.world import World

pytestmark = pytest.mark.slow

kills = st.builds(Fault, st.integers(1, 70), after=st.booleans())
errors = st.builds(
    Fault,
    st.integers(1, 70),
    st.sampled_from(["ExpiredToken", "AccessDenied", "ThrottlingException", "InternalError"]),
)
pairs = st.sampled_from([("dev", "qa"), ("qa", "prod")])


def promotion(target: Stage) -> Promotion:
    return Promotion(target, worlds.verify, Screen(Console(file=StringIO())))


class Promotions(RuleBasedStateMachine):
    """Versions come to dev and go on from there."""

    stages: str

    @initialize()
    def begin(self) -> None:
        self.folder = Path(mkdtemp())
        self.world = World.made(self.folder / "project", f"p{uuid4().hex[:8]}", self.stages)
        self.version = 0
        self.known: dict[str, set[str]] = {"dev": set(), "qa": set(), "prod": set()}
        self.release("a")

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @rule(name=st.sampled_from(["a", "b", "a-bad", "a-undeployable"]))
    def release(self, name: str) -> None:
        self.version += 1
        self.world.release(f"{name}{self.version}")

    @rule(pair=pairs, fault=st.none() | kills | errors, forced=st.booleans())
    def promote(self, pair: tuple[str, str], fault: Fault | None, forced: bool) -> None:
        """Run, with a fault; then run again until nothing stops it."""
        if not self.newest(pair[0]):
            return
        command = self.promoting(pair, "forced" if forced else None)
        if fault:
            status = faults.ended(faults.started(command, fault))
            assert status != BROKEN
            self.world.check()
        status = faults.ended(faults.started(command))
        assert status not in {BROKEN, KILLED, REFUSED}
        self.settled(pair, status)

    @rule(name=st.sampled_from(["a", "a-bad"]), fault=st.none() | kills | errors)
    def bring_model(self, name: str, fault: Fault | None) -> None:
        """A trained model to qa by its name; what passes there goes on as any other release."""
        if not self.newest("qa"):
            return
        self.version += 1
        trained = self.world.train(f"{name}{self.version}")

        def command() -> int:
            source, target = self.world.another("dev"), self.world.another("qa")
            running = ReleaseStore(target).newest()
            assert running is not None
            outcome = bring_model(promotion(target), source, trained, running)
            return 0 if outcome.end in {End.DONE, End.ALREADY} else STOPPED

        if fault:
            assert faults.ended(faults.started(command, fault)) != BROKEN
            self.world.check()
        status = faults.ended(faults.started(command))
        assert status not in {BROKEN, KILLED, REFUSED}
        self.world.check_at_rest("qa")

    @rule(pair=pairs)
    def race(self, pair: tuple[str, str]) -> None:
        """Two at once: the lock lets one through, or one after the other."""
        if not self.newest(pair[0]):
            return
        command = self.promoting(pair, "raced")
        both = [faults.started(command) for _ in range(2)]
        statuses = {faults.ended(pid) for pid in both}
        assert not statuses & {BROKEN, KILLED}
        assert statuses & {0, STOPPED}
        self.settled(pair, faults.ended(faults.started(command)))

    @precondition(lambda self: len(self.known["qa"]) > 1)
    @rule(fault=st.none() | kills, data=st.data())
    def roll_back(self, fault: Fault | None, data: st.DataObject) -> None:
        to = ReleaseStore(self.world.stage("qa")).read(
            data.draw(st.sampled_from(sorted(self.known["qa"])))
        )

        def command() -> int:
            outcome = promotion(self.world.another("qa")).roll_back(to)
            return 0 if outcome.end is End.DONE else STOPPED

        if fault:
            assert faults.ended(faults.started(command, fault)) != BROKEN
        status = faults.ended(faults.started(command))
        assert status in {0, STOPPED}
        if status == 0:
            self.world.check_at_rest("qa")

    @rule()
    def change_at_rest(self) -> None:
        """Somebody writes over the model in dev: it is found out, and does not go on."""
        newest = self.newest("dev")
        assert newest is not None
        s3, place = self.world.client("s3", "dev"), newest.assets[0]
        body = s3.get_object(Bucket=place.bucket, Key=place.key)["Body"].read()
        s3.put_object(Bucket=place.bucket, Key=place.key, Body=body[::-1])
        was_there = place.key in self.objects("qa")
        status = faults.ended(faults.started(self.promoting(("dev", "qa"), "changed")))
        assert was_there or status == REFUSED
        self.world.check()
        s3.put_object(Bucket=place.bucket, Key=place.key, Body=body)

    @invariant()
    def no_release_is_lost(self) -> None:
        for stage, known in self.known.items():
            found = {each.id for each in self.world.releases(stage)}
            assert known <= found
            self.known[stage] = found

    @invariant()
    def targets_hold_released_bytes(self) -> None:
        self.world.check()

    def settled(self, pair: tuple[str, str], status: int) -> None:
        """After a run that nothing stopped: the target is at rest and has passed."""
        source, target = pair
        newest = self.newest(target)
        if status == 0:
            wanted = self.newest(source)
            assert newest is not None
            assert wanted is not None
            assert newest.models[0].archive == wanted.models[0].archive or (
                newest.models[0].archive is not None
                and wanted.models[0].archive is not None
                and newest.models[0].archive.sha256 == wanted.models[0].archive.sha256
            )
            assert missing_evidence(newest) is None
        self.world.check_at_rest(target)

    def promoting(self, pair: tuple[str, str], forced: str | None) -> Callable[[], int]:
        def command() -> int:
            source, target = self.world.another(pair[0]), self.world.another(pair[1])
            release = ReleaseStore(source).newest()
            assert release is not None
            outcome = promotion(target).promote(source, release, forced=forced)
            return 0 if outcome.end in {End.DONE, End.ALREADY} else STOPPED

        return command

    def newest(self, name: str) -> Release | None:
        return next(iter(self.world.releases(name)), None)

    def objects(self, name: str) -> set[str]:
        listed = self.world.client("s3", name).list_objects_v2(Bucket=self.world.bucket(name))
        return {each["Key"] for each in listed.get("Contents", [])}


@pytest.mark.usefixtures("accounts")
def test_promotion_converges_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promoting, "deploy", worlds.deploy)
    monkeypatch.setattr(rollback, "deploy", worlds.deploy)
    monkeypatch.setattr(trained_models, "check_fit", lambda *_: None)
    monkeypatch.setattr(Promotions, "stages", STAGES_FILE.read_text(), raising=False)
    run_state_machine_as_test(
        Promotions,
        settings=settings(
            max_examples=max(1, settings().max_examples // 50),
            stateful_step_count=8,
            suppress_health_check=list(HealthCheck),
        ),
    )
