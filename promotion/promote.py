"""From stage to stage: the gate, the bytes, the deployment, the evidence; or back again."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from functools import partial

from aws import assembly
from aws.errors import AwsError
from aws.stage import Stage
from promotion import PromotionError, deployed, lock
from promotion.artifacts import Artifact
from promotion.console_output import Screen
from promotion.deploy import DeploymentError, deploy
from promotion.gate import GateError, missing_evidence
from promotion.record import record
from promotion.release import Lineage, Release
from promotion.report import Ending
from promotion.rollback import deploy_back
from promotion.store import ReleaseStore
from promotion.unpacked import Unpacked, artifacts_of, check_assets, unpacked
from promotion.verifying.calling import refuse_unverifiable
from stacks.stage_plan import stage_plans

Verify = Callable[[Stage, Release], Release]
"""Gathers evidence on a stage's release; the release with it."""


class End(Enum):
    """How a promotion or rollback ended."""

    DONE = "done"
    ALREADY = "already there"
    WENT_BACK = "went back"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What a target runs in the end.

    Attributes:
        release: that it runs now; None where there is none that it could run.
        reason: why it is not the one that was asked for.
        failed: the one that was asked for, where it was recorded and did not pass.
    """

    end: End
    release: Release | None
    reason: str | None = None
    failed: Release | None = None


def ending(outcome: Outcome, target: Stage) -> Ending | None:
    """How a run ended, as a report says it; None where nothing was to be done."""
    if outcome.end is End.ALREADY:
        return None
    if outcome.end is End.FAILED:
        return Ending("failed", outcome.reason or "")
    lineage = outcome.release.lineage if outcome.release else None
    is_rollback = lineage is not None and lineage.stage == target.name
    if outcome.end is End.WENT_BACK or is_rollback:
        return Ending("rolled back", outcome.reason or "as it was asked for")
    return Ending("promoted", "")


@dataclass(frozen=True)
class Promotion:
    """What comes to a target: from the stage before it, or back from its own past.

    Killed at any point and called again, it goes on and ends in the same state.
    """

    target: Stage
    verify: Verify
    screen: Screen
    breaking: str | None = None

    def promote(self, source: Stage, release: Release, *, forced: str | None = None) -> Outcome:
        """Bring `release` to the target; where that fails, the target's former release again.

        Raises:
            GateError: where it has not passed, and nobody forces it.
            PromotionError: where it cannot be begun; only what was copied stays then.
        """
        if forced is None and (reason := missing_evidence(release)):
            raise GateError(f"{reason}; or --force REASON, which is recorded")
        lineage = Lineage(stage=source.name, release=release.id, forced=forced)
        with unpacked(ReleaseStore(source), release, self.target) as made:
            return self.bring(
                made, artifacts_of(made, release, source, self.target), release, lineage
            )

    def bring(
        self, made: Unpacked, artifacts: Sequence[Artifact], release: Release, lineage: Lineage
    ) -> Outcome:
        """Move and deploy an assembly, made from that of `release`; where it fails, go back."""
        plan = stage_plans(assembly.settings(made.folder))[self.target.name]
        refuse_unverifiable(self.target.name, plan.mode)
        with self._lock(made, f"promotes {lineage}") as guard:
            if there := self._is_there(lineage, made):
                return Outcome(End.ALREADY, there)
            former = self.former_release(but=lineage)
            self.screen.copy(artifacts, before_each=guard.check)
            guard.check()
            self.screen.say(f"{self.target.name}: deploying {lineage}")
            stacks = list(made.wanted.templates)
            outcome = self._deployed(
                made, release, lineage, partial(deploy, self.target, made.folder, stacks)
            )
            if outcome.end is End.DONE:
                return outcome
            guard.check()
            return self._gone_back(former, outcome)

    def roll_back(self, to: Release) -> Outcome:
        """Deploy a former release of the target again, by its recorded assembly, and verify it.

        Raises PromotionError where it cannot be begun; nothing is changed then.
        """
        with unpacked(ReleaseStore(self.target), to, self.target) as made:
            check_assets(self.target, to, made)
            with self._lock(made, f"rolls back to {to.id}"):
                return self._gone_to(made, to)

    def former_release(self, *, but: Lineage) -> Release | None:
        """The newest release to go back to: not one of that origin, nor one that failed."""
        if not self.target.is_deployed():
            return None
        for each in ReleaseStore(self.target).every():
            is_from_it = each.lineage is not None and each.lineage.is_as(but)
            if not is_from_it and not each.has_failed:
                return each
        return None

    def _lock(self, made: Unpacked, doing: str) -> AbstractContextManager[lock.Lock]:
        bucket = made.wanted.bucket
        return lock.held(self.target, bucket, doing=doing, breaking=self.breaking)

    def _is_there(self, lineage: Lineage, made: Unpacked) -> Release | None:
        """The target's release of that origin, where that is deployed, served and has passed."""
        target = self.target
        newest = ReleaseStore(target).newest() if target.is_deployed() else None
        if newest is None or newest.lineage is None or not newest.lineage.is_as(lineage):
            return None
        if missing_evidence(newest):
            return None
        try:
            deployed.check_templates(target, made.wanted.templates)
            return newest if newest.endpoint_config == target.served_config() else None
        except (AwsError, PromotionError):
            return None  # not at rest, or changed since

    def _deployed(
        self, made: Unpacked, release: Release, lineage: Lineage, deploying: Callable[[], None]
    ) -> Outcome:
        """Deploy, record and verify."""
        try:
            deploying()
        except DeploymentError as error:
            return Outcome(End.FAILED, None, str(error))
        recorded, _ = record(
            self.target, made.folder, source=release.source, lineage=lineage, moved=release
        )
        self.screen.say(f"{self.target.name}: recorded as {recorded.id}; verifying it")
        try:
            verified = self.verify(self.target, recorded)
        except (AwsError, PromotionError) as error:
            reason = f"{recorded.id} could not be verified: {error}"
            return Outcome(End.FAILED, recorded, reason)
        stopped = missing_evidence(verified)
        return Outcome(End.FAILED if stopped else End.DONE, verified, stopped)

    def _gone_to(self, made: Unpacked, former: Release) -> Outcome:
        """Deploy a former release of the target itself, record and verify it."""
        self.screen.say(f"{self.target.name}: going back to {former.id}")
        lineage = Lineage(stage=self.target.name, release=former.id)
        way = partial(deploy_back, self.target, made.folder, made.wanted, self.screen)
        return self._deployed(made, former, lineage, way)

    def _gone_back(self, former: Release | None, failed: Outcome) -> Outcome:
        name = self.target.name
        if former is None:
            reason = f"{failed.reason}; {name} has no former release to go back to"
            return Outcome(End.FAILED, failed.release, reason, failed.release)
        self.screen.say(str(failed.reason))
        with unpacked(ReleaseStore(self.target), former, self.target) as made:
            back = self._gone_to(made, former)
        if back.end is End.DONE:
            return Outcome(End.WENT_BACK, back.release, failed.reason, failed.release)
        reason = f"{failed.reason}; and going back to {former.id} failed: {back.reason}"
        return Outcome(End.FAILED, back.release, reason, failed.release)
