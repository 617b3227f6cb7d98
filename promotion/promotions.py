"""The commands that bring a release to a stage: `plan`, `run`, `rollback`, `model`."""

from typing import Annotated

import typer

from promotion import PromotionError
from promotion.gate import check_order
from promotion.plan import plan as plan_promotion
from promotion.promote import Promotion
from promotion.release import Release
from promotion.screen import Screen
from promotion.stage import STAGES, Stage
from promotion.store import ReleaseStore
from promotion.telling import console, print_plan, tell_end
from promotion.trained import bring_model
from promotion.verifying.command import on_screen, verify_stage
from stacks.settings import load

_Source = Annotated[str, typer.Option("--from", metavar="STAGE", help="where it was tested")]
_Target = Annotated[str, typer.Option("--to", metavar="STAGE", help="the stage after that")]
_SourceProfile = Annotated[
    str | None, typer.Option(help="an AWS profile of --from's account; else <project>-<stage>")
]
_TargetProfile = Annotated[
    str | None, typer.Option(help="an AWS profile of --to's account; else <project>-<stage>")
]
_Release = Annotated[
    str | None, typer.Option("--release", help="one of --from; else the one that it serves")
]
_Force = Annotated[
    str | None,
    typer.Option(metavar="REASON", help="without evidence that it passed; is recorded"),
]
_Break = Annotated[
    str | None, typer.Option(metavar="REASON", help="take the lock of the one who holds it")
]


def plan(
    *,
    source: _Source,
    target: _Target,
    release: _Release = None,
    profile_from: _SourceProfile = None,
    profile_to: _TargetProfile = None,
) -> None:
    """Say what `run` would copy, create and replace, and what evidence there is; touch nothing."""
    before, after = _stages(source, target, profile_from, profile_to)
    print_plan(plan_promotion(before, after, _chosen(before, release)), target)


def run(
    *,
    source: _Source,
    target: _Target,
    release: _Release = None,
    force: _Force = None,
    break_lock: _Break = None,
    profile_from: _SourceProfile = None,
    profile_to: _TargetProfile = None,
) -> None:
    """Bring a release to the next stage: its bytes, its assembly, its evidence; or go back."""
    _given("--force", force)
    _given("--break-lock", break_lock)
    before, after = _stages(source, target, profile_from, profile_to)
    chosen = _chosen(before, release)
    screen = Screen(console())
    promotion = Promotion(after, _verify, screen, break_lock)
    tell_end(after, promotion.promote(before, chosen, forced=force), chosen.id, screen)


def rollback(
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="a stage of stages.toml")],
    to: Annotated[
        str | None, typer.Option(metavar="RELEASE", help="else the one before the served one")
    ] = None,
    break_lock: _Break = None,
    profile: Annotated[
        str | None, typer.Option(help="an AWS profile of the stage's account")
    ] = None,
) -> None:
    """Deploy a former release of STAGE again and verify it; nothing is built."""
    _given("--break-lock", break_lock)
    target = Stage(stage, profile=profile)
    store = ReleaseStore(target)
    chosen = store.read(to) if to else _before_the_served(target, store)
    screen = Screen(console())
    promotion = Promotion(target, _verify, screen, break_lock)
    tell_end(target, promotion.roll_back(chosen), chosen.id, screen)


def _verify(stage: Stage, release: Release) -> Release:
    with on_screen() as on_step:
        return verify_stage(stage, release, on_step)[0]


def model(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="a SageMaker model, or a model package")
    ],
    *,
    source: _Source,
    target: _Target,
    break_lock: _Break = None,
    profile_from: _SourceProfile = None,
    profile_to: _TargetProfile = None,
) -> None:
    """Bring a model that a training job made to --to, under the image that runs there."""
    _given("--break-lock", break_lock)
    before, after = _stages(source, target, profile_from, profile_to)
    running = _chosen(after, None)
    screen = Screen(console())
    promotion = Promotion(after, _verify, screen, break_lock)
    tell_end(after, bring_model(promotion, before, name, running), name, screen)


def _given(option: str, reason: str | None) -> None:
    if reason is not None and not reason.strip():
        raise PromotionError(f"{option}: takes a reason, which is recorded")


def _stages(
    source: str, target: str, profile_from: str | None, profile_to: str | None
) -> tuple[Stage, Stage]:
    check_order(load(STAGES), source, target)
    return Stage(source, profile=profile_from), Stage(target, profile=profile_to)


def _chosen(source: Stage, release: str | None) -> Release:
    store = ReleaseStore(source)
    if release is not None:
        return store.read(release)
    if served := store.served():
        return served
    raise PromotionError(
        f"{source.name}: no release of what it serves: python -m promotion record {source.name}"
    )


def _before_the_served(target: Stage, store: ReleaseStore) -> Release:
    """The newest release older than the served one that has not failed, nor is the same."""
    since = serving = store.served()
    while since and since.lineage and since.lineage.stage == target.name:
        # It was gone back to by itself: what it was before counts.
        since = store.read(str(since.lineage.release))
    for each in store.every():
        if (since is None or each.id < since.id) and not each.has_failed:
            return each
    shown = serving.id if serving else "what is served"
    raise PromotionError(f"{target.name}: no release before {shown} that did not fail")
