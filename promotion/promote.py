"""A promotion: the gate, the bytes, the deployment, the evidence; and the rollback."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from functools import partial

from aws.errors import AwsError
from aws.stage import Stage
from promotion import PromotionError, deployed, lock
from promotion.artifacts import Artifact, check_assets, expected_artifacts
from promotion.console_output import Screen
from promotion.deploy import DeploymentError, deploy, wait_until_at_rest
from promotion.gate import GateError, missing_evidence
from promotion.record import record
from promotion.release import Lineage, Release
from promotion.report import Ending
from promotion.reviewed import broken_rules, not_reviewed
from promotion.rollback import deploy_former
from promotion.store import ReleaseStore, Unpacked
from promotion.verifying.calling import refuse_unverifiable

Verify = Callable[[Stage, Release], Release]
"""Gathers evidence on a stage's release, and returns the release with it."""


class End(Enum):
    """How a promotion or rollback ended."""

    DONE = "done"
    ALREADY = "already there"
    ROLLED_BACK = "rolled back"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What a target runs in the end.

    Attributes:
        release: that the target runs now; None where no release of it is recorded.
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
    if outcome.end is End.ROLLED_BACK or is_rollback:
        return Ending("rolled back", outcome.reason or "as it was asked for")
    return Ending("promoted", "")


@dataclass(frozen=True)
class Promotion:
    """A promotion to a target, or a rollback of it.

    Killed at any point and called again, it goes on and ends in the same state.
    """

    target: Stage
    verify: Verify
    screen: Screen
    breaking: str | None = None
    allowed: str | None = None

    def promote(self, source: Stage, release: Release, *, forced: str | None = None) -> Outcome:
        """Bring `release` to the target; where that fails, roll the target back.

        Raises GateError where the release has not passed and is not forced, PromotionError where
        the promotion cannot be begun: then nothing but the copied bytes is new in the target.
        """
        reason = missing_evidence(release, source.settings)
        if forced is None and reason:
            raise GateError(f"{reason}; or --force REASON, which is recorded")
        lineage = Lineage(stage=source.name, release=release.id, forced=forced)
        with ReleaseStore(source).unpacked(release, self.target) as made:
            artifacts = expected_artifacts(made, release, source, self.target)
            return self.bring(made, artifacts, release, lineage)

    def bring(
        self, made: Unpacked, artifacts: Sequence[Artifact], release: Release, lineage: Lineage
    ) -> Outcome:
        """Copy and deploy an assembly made from that of `release`; where it fails, roll back."""
        refuse_unverifiable(self.target.name, self.target.plan.mode)
        with self._lock(made, f"promotes {lineage}") as guard:
            if there := self._is_there(lineage, made):
                return Outcome(End.ALREADY, there)
            if self._broadens(made, release):
                lineage = lineage.model_copy(update={"broadened": self.allowed})
            former = self.former_release(but=lineage)
            self.screen.copy(artifacts, before_each=guard.check)
            guard.check()
            self.screen.say(f"{self.target.name}: deploying {lineage}")
            deploying = partial(deploy, self.target, made.folder)
            outcome = self._deployed(made, release, lineage, deploying)
            if outcome.end is End.DONE:
                return outcome
            guard.check()
            return self._rolled_back(former, outcome)

    def roll_back(self, to: Release) -> Outcome:
        """Deploy a former release of the target again, by its recorded assembly, and verify it.

        Raises PromotionError where it cannot be begun; nothing is changed then.
        """
        with ReleaseStore(self.target).unpacked(to, self.target) as made:
            check_assets(made, to, self.target)
            with self._lock(made, f"rolls back to {to.id}"):
                return self._redeployed(made, to)

    def former_release(self, *, but: Lineage) -> Release | None:
        """The newest release to roll back to: not one of that origin, nor one that failed."""
        if not self.target.is_deployed():
            return None
        store = ReleaseStore(self.target)
        for each in store.every():
            is_from_it = each.lineage is not None and each.lineage.is_as(but)
            if not is_from_it and not each.has_failed and store.is_trusted(each.id):
                return each
        return None

    def _broadens(self, made: Unpacked, release: Release) -> bool:
        """Whether it brings what nobody has agreed to, which somebody has to have allowed.

        Raises GateError where nobody has, or where a rule of the checkout is broken.
        """
        name, templates = self.target.name, made.wanted.templates
        if broken := broken_rules(self.target, templates):
            raise GateError(f"{name}: {self._listed(broken)}")
        for stack in templates:
            wait_until_at_rest(self.target, stack)
        if not (found := not_reviewed(self.target, release, templates)):
            return False
        listed = self._listed(found)
        if self.allowed is None:
            raise GateError(
                f"{name}: neither deployed nor reviewed: {listed};"
                " or --allow-broadening REASON, which is recorded"
            )
        return True

    def _listed(self, lines: Sequence[str]) -> str:
        """The first line, of those that the screen has then."""
        for line in lines:
            self.screen.say(f"{self.target.name}: {line}")
        return f"{lines[0]}; all {len(lines)} are listed above" if len(lines) > 1 else lines[0]

    def _lock(self, made: Unpacked, doing: str) -> AbstractContextManager[lock.Lock]:
        bucket = made.wanted.bucket
        return lock.held(self.target, bucket, doing=doing, breaking=self.breaking)

    def _is_there(self, lineage: Lineage, made: Unpacked) -> Release | None:
        """The target's release of that origin, where that is deployed, served and has passed."""
        target = self.target
        newest = ReleaseStore(target).newest() if target.is_deployed() else None
        if newest is None or newest.lineage is None or not newest.lineage.is_as(lineage):
            return None
        if missing_evidence(newest) or not deployed.has_templates(target, made.wanted.templates):
            return None
        return newest if newest.endpoint_config == target.served_config() else None

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

    def _redeployed(self, made: Unpacked, former: Release) -> Outcome:
        """Deploy a former release of the target itself, record and verify it."""
        self.screen.say(f"{self.target.name}: rolling back to {former.id}")
        lineage = Lineage(stage=self.target.name, release=former.id)
        deploying = partial(deploy_former, self.target, made, self.screen)
        return self._deployed(made, former, lineage, deploying)

    def _rolled_back(self, former: Release | None, failed: Outcome) -> Outcome:
        name = self.target.name
        if former is None:
            reason = f"{failed.reason}; {name} has no former release to roll back to"
            return Outcome(End.FAILED, failed.release, reason, failed.release)
        self.screen.say(str(failed.reason))
        with ReleaseStore(self.target).unpacked(former, self.target) as made:
            back = self._redeployed(made, former)
        if back.end is End.DONE:
            return Outcome(End.ROLLED_BACK, back.release, failed.reason, failed.release)
        reason = f"{failed.reason}; and the rollback to {former.id} failed: {back.reason}"
        return Outcome(End.FAILED, back.release, reason, failed.release)
