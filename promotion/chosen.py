"""The release that a command is about."""

import re
from collections.abc import Sequence

from aws.stage import Stage
from promotion import PromotionError
from promotion.release import RELEASE_ID, Release
from promotion.store import ReleaseStore
from stacks.settings import Settings


def named(settings: Settings, name: str, profile: str | None) -> Release:
    """A release by its id, or the newest one of a stage.

    Raises PromotionError where there is none.
    """
    if re.fullmatch(RELEASE_ID, name):
        stage = Stage(settings, name.partition("-")[0], profile=profile)
        return ReleaseStore(stage).read(name)
    if not name.isalnum():
        raise PromotionError(f"{name}: neither a release, as dev-000001, nor a stage")
    newest = ReleaseStore(Stage(settings, name, profile=profile)).newest()
    if newest is None:
        raise _none_yet(name)
    return newest


def for_verification(stage: Stage) -> Release:
    """The newest release with the served EndpointConfig, or else the newest of all.

    Raises PromotionError where there is no release.
    """
    store = ReleaseStore(stage)
    found = store.served() or store.newest()
    if found is None:
        raise _none_yet(stage.name)
    return found


def for_promotion(
    source: Stage, release: str | None, *, keys: Sequence[str] = (), sha256: str | None = None
) -> Release:
    """The release of that id, or else the one that the stage serves.

    `keys`: those whose signatures are taken. `sha256`: of the document that was approved.

    Raises PromotionError where there is none, or it is not signed as the stage signs.
    """
    store = ReleaseStore(source)
    served = None if release is not None else store.served()
    if wanted := release or (served and served.id):
        return store.trusted(wanted, keys=keys, sha256=sha256)
    raise PromotionError(
        f"{source.name}: no release of what it serves; record one: berth record {source.name}"
    )


def for_rollback(target: Stage, release: str | None) -> Release:
    """The release of that id, or else the newest before the served one that has not failed.

    Raises PromotionError where there is none.
    """
    store = ReleaseStore(target)
    if release is not None:
        return store.trusted(release)
    since = serving = store.served()
    while since and since.lineage and since.lineage.stage == target.name:
        # The served release is a rollback to this one: a release before this one is meant.
        since = store.read(str(since.lineage.release))
    for each in store.every():
        if (since is None or each.id < since.id) and not each.has_failed:
            return store.trusted(each.id)
    shown = serving.id if serving else "what is served"
    raise PromotionError(f"{target.name}: no release before {shown} that did not fail")


def _none_yet(stage: str) -> PromotionError:
    return PromotionError(f"{stage}: no release yet; record one: berth record {stage}")
