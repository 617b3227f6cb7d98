"""Settings files as hypothesis writes them: every mode, every table, most of them possible.

Each is a base that its mode can run on, with some asks on top. An ask that does not go with the
mode or with another ask stays: then the file has to be refused.
"""

import json
from typing import Any

from hypothesis import strategies as st

Keys = dict[str, Any]
_CPU = ["ml.m5.xlarge", "ml.m5d.xlarge", "ml.c6i.2xlarge", "ml.r5.large", "ml.t2.medium"]
_GPU = ["ml.g4dn.xlarge", "ml.g5.xlarge", "ml.g5.12xlarge", "ml.g6.xlarge", "ml.p3.2xlarge"]
_FAR_GPU = ["ml.p4d.24xlarge", "ml.p5.48xlarge", "ml.g7e.2xlarge", "ml.g6e.xlarge"]
_ARM = ["ml.c7g.xlarge", "ml.m6gd.large"]
_INSTANCE_TYPES = [*_CPU, *_CPU, *_GPU, *_GPU, *_FAR_GPU, *_ARM]
_CUDA = {**dict.fromkeys([*_CPU, *_ARM], "none"), "ml.p3.2xlarge": "12.6"}
_REGIONS = ["us-east-1", "eu-central-1", "us-east-1", "us-gov-west-1", "cn-north-1", "af-south-1"]
_EMAILS = st.just(["on-call@example.com"])


def _asks(**keys: Any) -> st.SearchStrategy[Keys]:
    """Keys that are asked for together; `__` stands for the dot."""
    known = {
        name.replace("__", "."): value if isinstance(value, st.SearchStrategy) else st.just(value)
        for name, value in keys.items()
    }
    return st.fixed_dictionaries(known)


_BASES = {
    "real-time": _asks(scaling__invocations_per_instance=600),
    "serverless": _asks(network__isolation=False),
    "async": _asks(scaling__backlog_per_instance=st.integers(1, 50)),
    "batch": _asks(batch__instance_count=st.integers(1, 3)),
    "multi-model": _asks(scaling__concurrent_requests_per_model=4),
    "inference-component": _asks(
        scaling__invocations_per_instance=60, inference_component__accelerators=0
    ),
}
_MODEL = st.sampled_from(["model", "candidate"])
_TYPE = st.sampled_from(_INSTANCE_TYPES)
_VARIANTS = st.dictionaries(
    st.sampled_from(["Current", "Candidate", "A-1", "A1", "7", "N" * 32]),
    st.fixed_dictionaries({"weight": st.integers(1, 9)}, optional={"model": _MODEL}),
    min_size=1,
)
_SCHEDULE = st.fixed_dictionaries(
    {
        "at": st.sampled_from(["cron(0 7 ? * MON-FRI *)", "rate(1 day)"]),
        "min_capacity": st.sampled_from([1, 1, 2, 0]),
        "max_capacity": st.integers(2, 4),
    },
    optional={"timezone": st.sampled_from(["Europe/Berlin", "America/New_York", "CET"])},
)
_OWN_VPC: Keys = {
    "network__vpc_id": "vpc-0123456789abcdef0",
    "network__subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
}
_ASKS = [
    _asks(
        production=True,
        scaling__min_capacity=2,
        scaling__max_capacity=4,
        update__strategy=st.sampled_from(["canary", "linear", "rolling"]),
        update__step_percent=st.integers(25, 50),
    ),
    _asks(production=True, single_instance_in_production=True),
    _asks(termination_protection=True, log_retention_days=st.sampled_from([1, 365, 3653])),
    _asks(shipping__form="files"),
    _asks(
        shipping__form="s3",
        shipping__s3_uri="s3://training-results/jobs/7/model.tar.gz",
        shipping__manifest_sha256="0" * 64,
    ),
    _asks(endpoint__core_dumps=True, endpoint__ssm_access=True),
    _asks(endpoint__volume_size_gb=st.integers(30, 512)),
    _asks(endpoint__fallback_instance_types=st.lists(_TYPE, min_size=1, max_size=4)),
    _asks(
        endpoint__startup_timeout_seconds=st.integers(60, 3600),
        endpoint__download_timeout_seconds=st.integers(60, 3600),
        endpoint__provision_timeout_seconds=st.integers(300, 3600),
        endpoint__routing=st.sampled_from(["LEAST_OUTSTANDING_REQUESTS", "RANDOM"]),
    ),
    _asks(
        endpoint__metrics__enhanced=st.booleans(),
        endpoint__metrics__frequency_seconds=st.sampled_from([10, 30, 60, 120, 180, 240, 300]),
        endpoint__metrics__detailed_observability=st.booleans(),
    ),
    _asks(
        serverless__memory_mb=st.sampled_from([1024, 6144]),
        serverless__max_concurrency=st.integers(5, 200),
        serverless__provisioned_concurrency=st.integers(0, 5),
        scaling__provisioned_concurrency_percent=70,
    ),
    _asks(
        async__max_concurrent_invocations_per_instance=st.integers(1, 1000),
        async__result_days=st.integers(1, 100),
        async__input_days=st.integers(1, 100),
        async__success_subscribers=_EMAILS,
        async__error_subscribers=_EMAILS,
    ),
    _asks(
        batch__on_arrival=st.booleans(),
        batch__schedule=st.sampled_from(["cron(0 3 * * ? *)", "rate(6 hours)"]),
        batch__content_type=st.sampled_from(["text/csv", 'application/json; q="1"', "image/png"]),
        batch__split=st.sampled_from(["Line", "None"]),
        batch__join=st.sampled_from(["Line", "None"]),
        batch__strategy=st.sampled_from(["MultiRecord", "SingleRecord"]),
        batch__attempts=st.integers(1, 10),
        batch__input_days=st.integers(1, 100),
        batch__timeout_hours=st.integers(1, 120),
        batch__max_concurrent_transforms=st.integers(1, 16),
    ),
    _asks(multi_model__cache=st.booleans(), multi_model__archives="archives"),
    _asks(
        inference_component__cpu_cores=st.sampled_from([0.25, 1, 2.5]),
        inference_component__memory_mb=st.integers(128, 4096),
    ),
    _asks(inference_component__accelerators=1),
    _asks(variants=_VARIANTS),
    _asks(
        shadow=st.fixed_dictionaries(
            {"model": _MODEL, "percent": st.sampled_from([0.5, 10, 100])},
            optional={"instance_type": _TYPE, "instance_count": st.integers(1, 2)},
        )
    ),
    _asks(scaling__min_capacity=0, scaling__max_capacity=st.integers(1, 3)),
    _asks(scaling__enabled=False, scaling__initial_capacity=2),
    _asks(scaling__min_capacity=2, scaling__max_capacity=2),
    _asks(scaling__schedule=st.lists(_SCHEDULE, min_size=1, max_size=2)),
    _asks(
        scaling__steps=st.lists(
            st.fixed_dictionaries(
                {"above_percent": st.integers(101, 300), "add": st.integers(1, 3)}
            ),
            min_size=1,
            max_size=3,
        ),
        scaling__disable_scale_in=st.booleans(),
        scaling__scale_in_cooldown_seconds=st.integers(0, 3600),
        scaling__scale_out_cooldown_seconds=st.integers(0, 3600),
    ),
    _asks(
        scaling__min_capacity=2,
        update__strategy=st.sampled_from(["all-at-once", "canary", "linear", "rolling"]),
        update__wait_seconds=st.integers(0, 3600),
        update__bake_seconds=st.integers(0, 3600),
        update__timeout_seconds=st.integers(600, 28800),
        update__rollback_alarms=st.lists(st.text(max_size=20), max_size=9),
    ),
    _asks(
        alarms__no_traffic_minutes=st.integers(0, 1440),
        alarms__at_maximum_minutes=st.integers(1, 1440),
        alarms__model_latency_p99_ms=st.floats(0.1, 60_000),
        alarms__invocation_5xx_percent=st.floats(0.1, 100),
        alarms__gpu_memory_percent=st.floats(1, 100),
        alarms__critical_subscribers=_EMAILS,
        alarms__warning_subscribers=_EMAILS,
    ),
    _asks(
        data__noncurrent_days=st.integers(1, 400),
        data__access_log_days=st.integers(1, 400),
        releases__golden_days=st.integers(1, 400),
    ),
    _asks(capture__percent=st.integers(0, 100), capture__days=st.integers(1, 365)),
    _asks(
        drift__enabled=True,
        drift__band_width=st.floats(0.5, 10),
        drift__task=st.sampled_from(["entities", "classes", "numbers", "vectors"]),
        drift__labels=st.lists(st.sampled_from(["PER", "ORG"]) | st.text(), max_size=3),
    ),
    _asks(network__isolation=False),
    _asks(**_OWN_VPC),
    _asks(**_OWN_VPC, network__security_group_ids=["sg-0123456789abcdef0"]),
    _asks(network__new_vpc=True),
    _asks(network__new_vpc=True, network__cidr=st.sampled_from(["10.0.0.0/16", "10.1.2.0/27"])),
    _asks(data__removal_policy="destroy", data__delete_data=st.booleans()),
]


@st.composite
def settings_files(draw: st.DrawFn) -> str:
    """The text of a stages.toml with one stage."""
    mode = draw(st.sampled_from(sorted(_BASES)))
    keys: Keys = {
        "account": "111111111111",
        "region": draw(st.sampled_from(_REGIONS)),
        "mode": mode,
    }
    cuda = "none"
    if mode != "serverless":
        keys["endpoint.instance_type"] = draw(_TYPE)
        cuda = _CUDA.get(keys["endpoint.instance_type"], "13.0")
    keys |= draw(_BASES[mode])
    for index in draw(st.lists(st.integers(0, len(_ASKS) - 1), max_size=6, unique=True)):
        keys |= draw(_ASKS[index])
    project = draw(st.sampled_from(["berth", "b", "b" * 32]))
    cuda = draw(st.sampled_from([cuda, cuda, cuda, "none", "12.6", "13.0"]))
    shared = f'project = "{project}"\nmodel.path = "model"\ncontainer.cuda = "{cuda}"\n'
    return "\n".join([shared, "[dev]", *(f"{key} = {_toml(keys[key])}" for key in keys), ""])


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # TOML's strings hold every character that JSON escapes, and none of its surrogates.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
