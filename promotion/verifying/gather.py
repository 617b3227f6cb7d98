"""Gathering evidence: the golden set, then the latency, while the alarms are watched."""

import time
from datetime import UTC, datetime
from threading import Event

from promotion.evidence import Alarms, Golden, Verification
from promotion.release import Release
from promotion.stage import Stage, in_one_line
from promotion.verifying import checks
from promotion.verifying.alarms import Watch
from promotion.verifying.asking import Asking, OnStep
from promotion.verifying.calling import Endpoint
from promotion.verifying.golden import parse, score
from stacks.settings import VerifySettings


def gather(
    stage: Stage,
    release: Release,
    golden: bytes | None,
    former: Golden | None,
    on_step: OnStep,
) -> Verification:
    """Verify a release on the running endpoint, against the thresholds in its own settings.

    golden: the release's golden set; former: what an earlier release made of one.

    Raises PromotionError where the release's mode has no endpoint to ask, the golden set cannot be
    read, or AWS refuses a call for the caller's sake.
    """
    wanted = VerifySettings.model_validate(release.settings["verify"])
    cases = parse(golden, f"golden.jsonl of {release.id}") if golden is not None else ()
    stopped = Event()
    asking = Asking(Endpoint(stage, release, stopped), cases, stopped, on_step)
    served, watch, began = [_served(stage)], Watch(stage, release.templates), time.monotonic()
    with watch.looking(stopped):
        found = asking.golden_set()
        latency = asking.at_a_rate(wanted)
        while (baked := time.monotonic() - began) < wanted.bake_seconds:
            on_step("alarms", baked, wanted.bake_seconds)
            stopped.wait(min(1, wanted.bake_seconds - baked))
    alarms = Alarms(bake_seconds=round(baked, 1), watched=len(watch.names), went_off=watch.went_off)
    served.append(_served(stage))

    measured = score(golden, cases, found) if golden is not None else None
    same_set = measured and former and former.sha256 == measured.sha256
    return Verification(
        gathered=datetime.now(UTC),
        endpoint_config=served[-1],
        checks=(
            checks.endpoint_config(release.endpoint_config, served),
            *checks.golden(measured, former if same_set else None, wanted),
            *checks.latency(latency, wanted, asked=bool(cases)),
            checks.errors(asking.failures, asking.requests, wanted),
            checks.alarms(alarms, watch.gone),
        ),
        golden=measured,
        former_golden=former if same_set else None,
        latency=latency,
        alarms=alarms,
    )


def _served(stage: Stage) -> str:
    with in_one_line():
        return stage.served_config() or "none"
