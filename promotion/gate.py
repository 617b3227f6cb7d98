"""What keeps a release from going on to the next stage."""

from promotion import PromotionError
from promotion.release import Release
from stacks.settings import Settings


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


def missing_evidence(release: Release) -> str | None:
    """Why a release may not go on; None where its latest evidence says that it passed."""
    evidence = release.latest_evidence
    if evidence is None:
        return f"{release.id} has no evidence: berth verify {release.stage}"
    if evidence.passed:
        return None
    failed = (check for check in evidence.checks if not check.passed)
    said = "; ".join(f"{one.name}: {one.found}, wanted {one.wanted}" for one in failed)
    return f"{release.id} did not pass: {said or 'nothing was checked'}"
