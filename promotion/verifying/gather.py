"""Evidence on what a stage serves: the golden set, then the latency, and the alarms meanwhile."""

import time
from datetime import UTC, datetime
from threading import Event

from aws.stage import Stage
from promotion.evidence import Alarms, Golden, Verification
from promotion.release import Release
from promotion.store import ReleaseStore
from promotion.verifying import checks, scan
from promotion.verifying.alarms import Watch
from promotion.verifying.calling import Endpoint
from promotion.verifying.golden import parse, score
from promotion.verifying.load_probe import LoadProbe, OnStep
from stacks.settings import VerifySettings


def verify_stage(stage: Stage, release: Release, on_step: OnStep) -> tuple[Release, Verification]:
    """Gather evidence on a release of a stage and store it; returns the release with it.

    A verification that is stopped before its end stores nothing.

    Raises PromotionError where the release cannot be verified, AwsError where AWS refuses a call.
    """
    store = ReleaseStore(stage)
    found = gather(stage, release, store.golden(release), _former(store, release), on_step)
    return store.add_evidence(release.id, found), found


def _former(store: ReleaseStore, release: Release) -> Golden | None:
    """The result of the newest release before that passed on the same golden set."""
    if release.golden is None:
        return None
    before = [name for name in store.ids() if name < release.id]
    for name in reversed(before):
        evidence = store.read(name).latest_evidence
        golden = evidence.golden if evidence and evidence.passed else None
        if golden and golden.sha256 == release.golden:
            return golden
    return None


def gather(
    stage: Stage,
    release: Release,
    golden: bytes | None,
    former: Golden | None,
    on_step: OnStep,
) -> Verification:
    """Verify a release on the running endpoint, against the thresholds in its own settings.

    `golden`: the release's golden set; `former`: the result of an earlier release on one.

    Raises PromotionError where the release's mode cannot be verified, or the golden set cannot be
    read; AwsError where AWS refuses the credentials.
    """
    wanted = VerifySettings.model_validate(release.settings["verify"])
    cases = parse(golden, f"golden.jsonl of {release.id}") if golden is not None else ()
    stopped = Event()
    probe = LoadProbe(Endpoint(stage, release, stopped), cases, stopped, on_step)
    served = [stage.served_config() or "none"]
    watch, began = Watch(stage, release.templates), time.monotonic()
    with watch.looking(stopped):
        found = probe.golden_set()
        latency = probe.at_a_rate(wanted)
        while (baked := time.monotonic() - began) < wanted.bake_seconds:
            on_step("alarms", baked, wanted.bake_seconds)
            stopped.wait(min(1, wanted.bake_seconds - baked))
    alarms = Alarms(bake_seconds=round(baked, 1), watched=len(watch.names), went_off=watch.went_off)
    served.append(stage.served_config() or "none")

    measured = score(golden, cases, found) if golden is not None else None
    same_set = measured and former and former.sha256 == measured.sha256
    return Verification(
        gathered=datetime.now(UTC),
        endpoint_config=served[-1],
        checks=(
            checks.endpoint_config(release.endpoint_config, served),
            *checks.golden(measured, former if same_set else None, wanted),
            *checks.latency(latency, wanted, asked=bool(cases)),
            checks.errors(probe.failures, probe.requests, wanted),
            checks.alarms(alarms, watch.gone),
            *scan.checks(stage, release.images, wanted.image_findings),
        ),
        golden=measured,
        former_golden=former if same_set else None,
        latency=latency,
        alarms=alarms,
    )
