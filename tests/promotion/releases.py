"""Releases made up, for tests of what is done with them."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from promotion.evidence import Bucket, Check, Golden, Latency, Spans, Verification, Wrong
from promotion.release import (
    Assembly,
    Asset,
    Content,
    Image,
    Lineage,
    Model,
    Release,
    Source,
)

# A busy machine takes its time over an example.
untimed = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=settings().max_examples // 2,
)

_HEX = "0123456789abcdef"
_text = st.text(max_size=20)
_times = st.datetimes(timezones=st.just(UTC))
_sha256 = st.text(_HEX, min_size=64, max_size=64)
_digests = _sha256.map(lambda digest: f"sha256:{digest}")
_accounts = st.text("0123456789", min_size=12, max_size=12)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
_documents = st.dictionaries(_text, _json, max_size=4)
_ids = st.builds("{}-{:06}".format, st.sampled_from(["dev", "qa"]), st.integers(1, 999_999))
_contents = st.builds(
    Content,
    version=st.none() | _text,
    sha256=_sha256,
    parts_sha256=_sha256,
    size=st.integers(0, 1 << 40),
)
_models = st.builds(
    Model,
    logical_id=_text,
    image=_digests,
    data=st.none() | _text,
    manifest_sha256=st.none() | _sha256,
    archive=st.none() | _contents,
)
_images = st.builds(
    Image,
    registry=_accounts,
    region=_text,
    repository=_text,
    tag=st.none() | _text,
    digest=_digests,
)

_counts = st.integers(0, 10**6)
_golden = st.builds(
    Golden,
    sha256=_sha256,
    cases=_counts,
    exact=_counts,
    labels=st.dictionaries(
        _text, st.builds(Spans, expected=_counts, found=_counts, right=_counts), max_size=3
    ),
    evaluator=st.sampled_from(["spans", "labels", "numbers", "vectors", "json"]) | _text,
    metrics=st.dictionaries(_text, st.none() | st.floats(-1, 1), max_size=2),
    confusion=st.dictionaries(_text, st.dictionaries(_text, _counts, max_size=3), max_size=3),
    wrong=st.lists(st.builds(Wrong, case=_counts, found=_json), max_size=3).map(tuple),
)
_milliseconds = st.floats(0, 1e6)
verifications = st.builds(
    Verification,
    gathered=_times,
    endpoint_config=_text,
    checks=st.lists(
        st.builds(
            Check,
            name=_text,
            wanted=_text,
            found=_text,
            passed=st.none() | st.booleans(),
            value=st.none() | st.floats(-1, 1),
            cases=st.none() | _counts,
            unjudged=st.none() | _text,
            excused=st.booleans(),
        ),
        max_size=3,
    ).map(tuple),
    golden=st.none() | _golden,
    former_golden=st.none() | _golden,
    latency=st.none()
    | st.builds(
        Latency,
        requests_per_second=_milliseconds,
        seconds=_milliseconds,
        requests=_counts,
        errors=_counts,
        p50_ms=_milliseconds,
        p95_ms=_milliseconds,
        p99_ms=_milliseconds,
        histogram=st.lists(
            st.builds(Bucket, below_ms=_milliseconds, answers=_counts), max_size=3
        ).map(tuple),
    ),
    alarms=st.none(),
    golden_on_former=st.none() | _golden,
    not_compared=st.none() | _text,
)

releases = st.builds(
    Release,
    id=_ids,
    project=_text,
    stage=_text,
    account=_accounts,
    region=_text,
    recorded=_times,
    source=st.builds(
        Source,
        commit=st.none() | st.text(_HEX, min_size=40, max_size=40),
        clean=st.booleans(),
    ),
    images=st.lists(_images, max_size=2).map(tuple),
    models=st.lists(_models, max_size=2).map(tuple),
    assets=st.lists(
        st.builds(Asset, id=_text, bucket=_text, key=_text, content=_contents), max_size=2
    ).map(tuple),
    settings=_documents,
    templates=st.dictionaries(_text, _sha256, max_size=3),
    assembly=st.builds(Assembly, key=_text, sha256=_sha256),
    endpoint_config=st.none() | _text,
    golden=st.none() | _sha256,
    example=st.none() | _sha256,
    lineage=st.none()
    | st.builds(
        Lineage,
        stage=_text,
        release=st.none() | _ids,
        model=st.none() | _text,
        forced=st.none() | _text,
    ),
    berth_version=st.none() | _text,
    evidence=st.lists(verifications, max_size=2).map(tuple),
)


_CONTENT = Content(version="1", sha256="b" * 64, parts_sha256="8" * 64, size=1_000_000)


def release(id: str = "dev-000001") -> Release:
    """A release without surprises."""
    digest = f"sha256:{'d' * 64}"
    return Release(
        id=id,
        project="berth",
        stage=id.partition("-")[0],
        account="1" * 12,
        region="eu-central-1",
        recorded=datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
        source=Source(commit="c" * 40, clean=True),
        images=(
            Image(
                registry="1" * 12,
                region="eu-central-1",
                repository="images",
                tag="f" * 64,
                digest=digest,
            ),
        ),
        models=(
            Model(
                logical_id="TheModel",
                image=digest,
                data="s3://bucket/key.gz",
                manifest_sha256="a" * 64,
                archive=_CONTENT,
            ),
        ),
        assets=(
            Asset(
                id="9" * 64,
                bucket="cdk-assets",
                key="key.gz",
                content=_CONTENT,
            ),
        ),
        settings={"alarms": {"model_latency_p99_ms": 500.0}, "production": False},
        templates={"berth-dev-serving": "7" * 64},
        assembly=Assembly(key=f"releases/assemblies/{'e' * 64}.zip", sha256="e" * 64),
        endpoint_config="config-1",
    )


def verification(*, passed: bool = True) -> Verification:
    """Evidence without surprises."""
    found = "0.950" if passed else "0.850"
    return Verification(
        gathered=datetime(2026, 3, 1, 13, 0, tzinfo=UTC),
        endpoint_config="config-1",
        checks=(Check(name="entity F1", wanted="at least 0.900", found=found, passed=passed),),
        golden=Golden(sha256="9" * 64, cases=200, exact=180, labels={}),
        former_golden=None,
        latency=None,
        alarms=None,
    )
