"""Evidence on what a stage serves: the golden set, then the latency, and the alarms meanwhile."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import Any

from aws.errors import CallError
from aws.stage import Stage
from promotion import PromotionError
from promotion.evidence import Alarms, Golden, Latency, Verification
from promotion.release import Release
from promotion.store import ReleaseStore
from promotion.verifying import checks, scan
from promotion.verifying.alarms import Watch
from promotion.verifying.calling import Endpoint
from promotion.verifying.golden import GoldenSet, parse, score
from promotion.verifying.load_probe import LoadProbe, OnStep, bodies
from stacks.settings import VerifySettings


@dataclass(frozen=True)
class Former:
    """The release that a release is held against.

    golden: its result. content: its golden set; None where that is not kept any more.
    """

    id: str
    golden: Golden
    content: bytes | None


def verify_stage(stage: Stage, release: Release, on_step: OnStep) -> tuple[Release, Verification]:
    """Gather evidence on a release of a stage and store it; returns the release with it.

    A verification that is stopped before its end stores nothing.

    Raises PromotionError where the release cannot be verified, AwsError where AWS refuses a call.
    """
    store = ReleaseStore(stage)
    found = gather(
        stage,
        release,
        store.golden(release),
        former_of(store, release),
        on_step,
        example=store.example(release),
    )
    return store.add_evidence(release.id, found), found


def former_of(store: ReleaseStore, release: Release) -> Former | None:
    """The newest release before that passed on a golden set.

    Before a rollback's: before the release that it goes back to, which was held against that.
    """
    since = release
    while since.lineage and since.lineage.stage == since.stage and since.lineage.release:
        since = store.read(since.lineage.release)
    for name in reversed([name for name in store.ids() if name < since.id]):
        former = store.read(name)
        evidence = former.latest_evidence
        if evidence and evidence.passed and evidence.golden:
            return Former(name, evidence.golden, _kept(store, former, evidence.golden.sha256))
    return None


def _kept(store: ReleaseStore, former: Release, sha256: str) -> bytes | None:
    """The golden set that a release was judged by; None where it is gone, or is another by now."""
    try:
        return store.golden(former.model_copy(update={"golden": sha256}))
    except PromotionError:
        return None
    except CallError as error:
        if error.code != "NoSuchKey":
            raise
        return None


def gather(
    stage: Stage,
    release: Release,
    golden: bytes | None,
    former: Former | None,
    on_step: OnStep,
    *,
    example: bytes | None = None,
) -> Verification:
    """Verify a release on the running endpoint, against the thresholds in its own settings.

    `golden`: the release's golden set; `former`: the release that it is held against; `example`:
    what is sent without a golden set.

    Raises PromotionError where the release's mode cannot be verified, or the golden set cannot be
    read; AwsError where AWS refuses the credentials.
    """
    wanted = VerifySettings.model_validate(release.settings["verify"])
    ours = parse(golden, f"golden.jsonl of {release.id}") if golden is not None else None
    theirs, not_compared = _other_set(former, ours)
    stopped = Event()
    endpoint = Endpoint(stage, release, stopped)
    probe = LoadProbe(endpoint, stopped, on_step)
    served = [stage.served_config() or "none"]
    watch, began = Watch(stage, release.templates), time.monotonic()
    with watch.looking(stopped):
        measured = _measured(probe, ours, "golden set")
        # A request that the former release understood may be none of this one's: that is a case
        # that is not right, and no error of the endpoint.
        on_former = _measured(LoadProbe(endpoint, stopped, on_step), theirs, "former golden set")
        latency = probe.at_a_rate(_sent(ours, example), wanted)
        while (baked := time.monotonic() - began) < wanted.bake_seconds:
            on_step("alarms", baked, wanted.bake_seconds)
            stopped.wait(min(1, wanted.bake_seconds - baked))
    alarms = Alarms(bake_seconds=round(baked, 1), watched=len(watch.names), went_off=watch.went_off)
    served.append(stage.served_config() or "none")
    found = Verification(
        gathered=datetime.now(UTC),
        endpoint_config=served[-1],
        checks=(),
        golden=measured,
        former_golden=former.golden if former else None,
        latency=latency,
        alarms=alarms,
        golden_on_former=on_former,
        not_compared=not_compared,
    )
    excused = wanted.excuses(production=bool(release.settings.get("production", True)))
    every = (
        checks.endpoint_config(release.endpoint_config, served),
        *checks.quality(found, wanted, excused=excused),
        *_speed(found.latency, probe, wanted, excused=excused),
        checks.alarms(alarms, watch.gone),
        *scan.checks(stage, release.images, wanted.image_findings),
    )
    return found.model_copy(update={"checks": every})


def _other_set(
    former: Former | None, ours: GoldenSet | None
) -> tuple[GoldenSet | None, str | None]:
    """The former release's golden set where it is another one, or why it cannot be sent."""
    if former is None or ours is None or former.golden.sha256 == ours.sha256:
        return None, None
    if former.content is None:
        return None, f"the golden set of {former.id} is not kept any more"
    try:
        return parse(former.content, f"golden.jsonl of {former.id}"), None
    except PromotionError as error:
        return None, str(error)


def _measured(probe: LoadProbe, golden: GoldenSet | None, step: str) -> Golden | None:
    return score(golden, probe.answers(golden, step)) if golden else None


def _sent(golden: GoldenSet | None, example: bytes | None) -> Sequence[bytes]:
    if golden is not None:
        return bodies(golden)
    return [example] if example is not None else []


def _speed(
    latency: Latency | None, probe: LoadProbe, wanted: VerifySettings, *, excused: bool
) -> Any:
    yield from checks.latency(latency, wanted, asked=probe.requests > 0, excused=excused)
    yield checks.errors(probe.failures, probe.requests, wanted, excused=excused)
