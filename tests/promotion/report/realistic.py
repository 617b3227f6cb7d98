"""A release of QA as a person might have to approve it for prod. Its numbers are made up."""

import hashlib
import math
import random
from datetime import UTC, datetime, timedelta

from promotion.evidence import Alarms, Golden, Latency, Spans, Verification
from promotion.moving import Moved
from promotion.release import Content, Image, Lineage, Model, Release, Source
from promotion.report import Ending, Movement, ReportData
from promotion.verifying import checks
from promotion.verifying.latency import figures
from stacks.settings import VerifySettings
from tests.promotion.releases import release as plain_release


def _hash(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()


NOW = Golden(
    sha256=_hash("golden"),
    cases=240,
    exact=221,
    labels={
        "DATE": Spans(expected=96, found=97, right=94),
        "LOC": Spans(expected=168, found=166, right=159),
        "MISC": Spans(expected=71, found=74, right=61),
        "ORG": Spans(expected=142, found=139, right=131),
        "PER": Spans(expected=203, found=203, right=200),
    },
)
BEFORE = Golden(
    sha256=NOW.sha256,
    cases=240,
    exact=214,
    labels={
        "DATE": Spans(expected=96, found=96, right=93),
        "LOC": Spans(expected=168, found=170, right=157),
        "MISC": Spans(expected=71, found=70, right=62),
        "ORG": Spans(expected=142, found=133, right=122),
        "PER": Spans(expected=203, found=201, right=197),
    },
)
SETTINGS = {"alarms": {"model_latency_p99_ms": 400.0}, "scaling": {"min_capacity": 2}}


def latency(median: float) -> Latency:
    """600 answers: most of them quick, a few late."""
    chance = random.Random(7)  # noqa: S311 - no secret
    answers = [round(chance.lognormvariate(math.log(median), 0.32), 3) for _ in range(600)]
    found = figures(600, answers, requests_per_second=5.0, seconds=120.0)
    assert found
    return found


def verification(golden: Golden, former: Golden | None, median: float, config: str) -> Verification:
    """Evidence as `verify` gathers it, with the gate's own checks."""
    wanted, measured = VerifySettings(), latency(median)
    alarms = Alarms(bake_seconds=300.0, watched=7, went_off=())
    found = Verification(
        gathered=datetime(2026, 3, 12, 9, 41, tzinfo=UTC),
        endpoint_config=config,
        checks=(),
        golden=golden,
        former_golden=former,
        latency=measured,
        alarms=alarms,
    )
    every = (
        checks.endpoint_config(config, [config]),
        *checks.quality(found, wanted, excused=False),
        *checks.latency(measured, wanted, asked=True, excused=False),
        checks.errors([], 600, wanted, excused=False),
        checks.alarms(alarms, ()),
    )
    return found.model_copy(update={"checks": every})


def a_release(number: int, golden: Golden, former: Golden | None, p50: float) -> Release:
    image = f"sha256:{_hash('image')}"
    config = f"ServingEndpointConfig-{_hash(str(number))[:12]}"
    return plain_release(f"qa-{number:06}").model_copy(
        update={
            "account": "222222222222",
            "recorded": datetime(2026, 3, 12, 9, 32, tzinfo=UTC) - timedelta(days=30 - number),
            "source": Source(commit=_hash(f"commit {number}")[:40], clean=True),
            "images": (
                Image(
                    registry="222222222222",
                    region="eu-central-1",
                    repository="cdk-hnb659fds-container-assets-222222222222-eu-central-1",
                    tag=_hash("asset"),
                    digest=image,
                ),
            ),
            "models": (
                Model(
                    logical_id="ModelsModelAB5E1B64",
                    image=image,
                    data="s3://cdk-hnb659fds-assets-222222222222-eu-central-1/model.tar.gz",
                    manifest_sha256=_hash(f"model {number}"),
                    archive=Content(
                        version=None,
                        sha256=_hash(f"archive {number}"),
                        parts_sha256=_hash(f"parts of archive {number}"),
                        size=417_612_304 + number,
                    ),
                ),
            ),
            "settings": {**SETTINGS, "scaling": {"min_capacity": 1 if number < 30 else 2}},
            "templates": {"berth-qa-serving": _hash(f"template {number}")},
            "endpoint_config": config,
            "lineage": Lineage(stage="dev", release=f"dev-{number + 17:06}"),
            "evidence": (verification(golden, former, p50, config),),
        }
    )


def moved(release: Release) -> tuple[Movement, ...]:
    (model,), (image,) = release.models, release.images
    assert model.archive
    return (
        Movement(
            name=f"{model.archive.sha256}.gz",
            kind="file",
            digest=model.archive.sha256,
            moved=Moved(model.archive.size, copied=model.archive.size),
            seconds=6.2,
        ),
        Movement(
            name=f"{image.repository}:{image.tag}",
            kind="image",
            digest=image.digest,
            moved=Moved(3_912_447_018, sent=214_772_101),
            seconds=4.9,
        ),
        Movement(
            name=f"{_hash('lambda')}.zip",
            kind="file",
            digest=_hash("lambda"),
            moved=Moved(4_112),
            seconds=0.1,
        ),
    )


def promoted() -> ReportData:
    """All went well: what stands in docs/promotion-report.png."""
    former = a_release(29, BEFORE, None, 39.4)
    release = a_release(30, NOW, BEFORE, 36.8)
    return ReportData(
        release,
        former,
        moved(release),
        Ending("promoted", "from dev to qa; dev-000047 had passed, and so did this"),
    )
