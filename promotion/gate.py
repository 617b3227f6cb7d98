"""What keeps a release from going on to the next stage."""

from collections.abc import Iterable

from promotion import PromotionError
from promotion.evidence import Check
from promotion.release import Release
from promotion.verifying import checks
from stacks.settings import Settings, StageSettings


class GateError(PromotionError):
    """The gate does not let a release through; the text is one line."""


def check_order(settings: Settings, source: str, target: str) -> None:
    """Raise PromotionError unless `target` is the stage after `source` in stages.toml."""
    stages = list(settings.stages)
    for name in (source, target):
        settings.stage(name)  # raises SettingsError where there is no such stage
    if source == target:
        raise PromotionError(f"{source}: a release is promoted to another stage than its own")
    position = stages.index(target)
    if position == 0:
        raise PromotionError(f"{target} is the first stage of stages.toml: deploy to it instead")
    before = stages[position - 1]
    if before != source:
        raise PromotionError(
            f"{target} takes what {before} has tested, as stages.toml has them in this order:"
            f" {', '.join(stages)}; use --from {before}"
        )


def missing_evidence(release: Release, stage: StageSettings | None = None) -> str | None:
    """Why a release may not go on; None where its latest evidence says that it passed.

    `stage`: whose thresholds what was measured has to meet as well, of the checkout that promotes;
    those of the evidence were another account's.
    """
    evidence = release.latest_evidence
    if evidence is None:
        return f"{release.id} has no evidence: berth verify {release.stage}"
    if not evidence.passed:
        return f"{release.id} did not pass: {_failed(evidence.checks) or 'nothing was checked'}"
    if stage is None:
        return None
    wanted, excused = stage.verify, stage.verify.excuses(production=stage.production)
    asked = evidence.golden is not None
    again = (
        *checks.quality(evidence, wanted, excused=excused),
        *checks.latency(evidence.latency, wanted, asked=asked, excused=excused),
    )
    said = _failed(again)
    return f"{release.id} does not pass by this stages.toml: {said}" if said else None


def _failed(found: Iterable[Check]) -> str:
    """What failed of some checks, and by how much."""
    return "; ".join(f"{one.name}: {one.found}, wanted {one.wanted}" for one in found if one.stops)
