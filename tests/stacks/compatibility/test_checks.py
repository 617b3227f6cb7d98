"""All checks together."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from stacks.aws_data import instance_types, sagemaker_regions
from stacks.compatibility import Finding, IncompatibleError, check, checks, findings
from stacks.compatibility.checks import CHECKS
from stacks.settings import Settings, load
from tests import STAGES_FILE
from tests.stacks.compatibility.asking import MODEL, settings_that_ask

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    "file",
    [
        STAGES_FILE,
        *sorted((HERE.parents[2] / "examples").glob("*/stages.toml")),
    ],
    ids=lambda file: file.parent.name,
)
def test_the_projects_own_files_are_not_refused(file: Path) -> None:
    own = load(file)
    check(own, dict.fromkeys(own.model_paths, MODEL))


def test_every_check_of_every_module_is_in_the_list() -> None:
    modules = [module for _, module in inspect.getmembers(checks, inspect.ismodule)]
    written = {
        function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if inspect.signature(function).return_annotation == Iterator[Finding] and name[0] != "_"
    }
    assert len(modules) > 5
    assert written == set(CHECKS)
    assert len(CHECKS) == len(written)


@pytest.mark.parametrize("one", CHECKS, ids=lambda one: one.__name__)
def test_every_check_says_what_it_holds_and_where_that_is_from(
    one: Callable[..., object],
) -> None:
    said = inspect.getdoc(one) or ""
    assert "\n\n" in said
    assert "Source: " in " ".join(said.split())


def test_warnings_are_told_and_do_not_stop_anything() -> None:
    asked = settings_that_ask("drift.enabled = true\nscaling.invocations_per_instance = 600")
    assert check(asked, {"model": MODEL}) == [
        "stages.toml: dev.drift.labels = []: no label's rate is watched; name some, as "
        '["PER", "ORG"]'
    ]


def test_every_refusal_is_told_at_once_and_no_warning_among_them() -> None:
    asked = settings_that_ask(
        'endpoint.instance_type = "ml.c7g.large"\nupdate.strategy = "canary"\ndrift.enabled = true'
    )
    with pytest.raises(IncompatibleError) as caught:
        check(asked, {"model": MODEL})
    assert [line.split(" = ")[0] for line in str(caught.value).split("\n")] == [
        "stages.toml: dev.endpoint.instance_type",
        "stages.toml: dev.update.strategy",
    ]


def test_a_models_fault_is_told_once_for_all_stages() -> None:
    faulty = replace(MODEL, versions={**MODEL.versions, "conda.yaml": {"torch": "1.13.1"}})
    one = settings_that_ask("")
    both = one.model_copy(update={"stages": {"dev": one.stages["dev"], "qa": one.stages["dev"]}})
    with pytest.raises(IncompatibleError) as caught:
        check(both, {"model": faulty})
    assert str(caught.value).count("model/conda.yaml") == 1


KEYS: dict[str, st.SearchStrategy[Any]] = {
    "mode": st.sampled_from(
        ["real-time", "serverless", "async", "batch", "multi-model", "inference-component"]
    ),
    "region": st.sampled_from(sorted(sagemaker_regions())),
    "production": st.booleans(),
    "single_instance_in_production": st.booleans(),
    "shipping.form": st.sampled_from(["archive", "files", "s3"]),
    "endpoint.instance_type": st.sampled_from(sorted(instance_types("hosting"))),
    "endpoint.fallback_instance_types": st.lists(
        st.sampled_from(sorted(instance_types("hosting"))), max_size=4
    ),
    "endpoint.volume_size_gb": st.integers(1, 512),
    "endpoint.download_timeout_seconds": st.integers(60, 3600),
    "serverless.memory_mb": st.sampled_from([1024, 6144]),
    "serverless.max_concurrency": st.integers(1, 200),
    "serverless.provisioned_concurrency": st.integers(0, 200),
    "batch.instance_count": st.integers(1, 100),
    "multi_model.archives": st.text(max_size=20),
    "inference_component.accelerators": st.integers(0, 20),
    "inference_component.memory_mb": st.integers(128, 10**7),
    "variants": st.dictionaries(
        st.from_regex(r"[A-Za-z0-9](-?[A-Za-z0-9]){0,8}", fullmatch=True),
        st.fixed_dictionaries(
            {"weight": st.floats(0.1, 10)},
            optional={
                "model": st.sampled_from(["model", "candidate"]),
                "instance_type": st.sampled_from(sorted(instance_types("hosting"))),
            },
        ),
        max_size=10,
    ),
    "shadow": st.fixed_dictionaries(
        {"model": st.just("candidate")},
        optional={"instance_type": st.sampled_from(sorted(instance_types("hosting")))},
    ),
    "scaling.enabled": st.booleans(),
    "scaling.min_capacity": st.integers(0, 3),
    "scaling.max_capacity": st.integers(3, 10_000),
    "scaling.invocations_per_instance": st.floats(1, 1000),
    "scaling.backlog_per_instance": st.floats(1, 1000),
    "scaling.provisioned_concurrency_percent": st.floats(1, 100),
    "scaling.steps": st.lists(
        st.fixed_dictionaries({"above_percent": st.floats(101, 300), "add": st.integers(1, 9)})
    ),
    "scaling.schedule": st.lists(
        st.fixed_dictionaries(
            {
                "at": st.just("rate(1 day)"),
                "min_capacity": st.integers(0, 2),
                "max_capacity": st.integers(2, 9),
            }
        )
    ),
    "update.strategy": st.sampled_from(["all-at-once", "canary", "linear", "rolling"]),
    "update.step_percent": st.integers(10, 50),
    "update.wait_seconds": st.integers(0, 3600),
    "update.rollback_alarms": st.lists(st.text(max_size=300), max_size=12),
    "capture.percent": st.integers(0, 100),
    "drift.enabled": st.booleans(),
    "network.isolation": st.booleans(),
    "network.vpc_id": st.just("vpc-01234567"),
    "network.subnet_ids": st.lists(st.just("subnet-01234567"), max_size=3),
    "network.new_vpc": st.booleans(),
    "network.cidr": st.text(max_size=20) | st.ip_addresses(v=4, network="10.0.0.0/8").map(str),
    "data.removal_policy": st.sampled_from(["retain", "destroy"]),
    "data.delete_data": st.booleans(),
}


def settings_of(keys: dict[str, Any], cuda: str) -> Settings:
    stage: dict[str, Any] = {"account": "111111111111", "region": "us-east-1"}
    if keys.get("mode") != "serverless":
        stage["endpoint"] = {"instance_type": "ml.m5.xlarge"}
    for key, value in keys.items():
        table = stage
        *path, last = key.split(".")
        for part in path:
            table = table.setdefault(part, {})
        table[last] = value
    return Settings.model_validate(
        {
            "project": "berth",
            "model": {"path": "model"},
            "container": {"cuda": cuda},
            "stages": {"dev": stage},
            "file": Path("stages.toml"),
        }
    )


@settings(max_examples=2 * settings().max_examples)
@given(
    keys=st.sets(st.sampled_from(sorted(KEYS)), max_size=8).flatmap(
        lambda names: st.fixed_dictionaries({name: KEYS[name] for name in sorted(names)})
    ),
    cuda=st.sampled_from(["12.6", "13.0", "none"]),
    size=st.integers(0, 10**12),
)
def test_whatever_settings_ask_for_they_pass_or_get_readable_lines(
    keys: dict[str, Any], cuda: str, size: int
) -> None:
    try:
        asked = settings_of(keys, cuda)
    except ValidationError:
        assume(False)
    model = replace(MODEL, size=size, weights=size)
    by_check = findings(asked, {"model": model, "candidate": model})
    found = [finding for several in by_check.values() for finding in several]
    for finding in found:
        where, text = finding.where, finding.text
        assert where.startswith("stages.toml: dev.")
        assert len(str(finding).splitlines()) == 1
        assert str(finding).isprintable()
        assert "None" not in where + text
        assert 15 < len(text) < 250
    if any(finding.severity == "refusal" for finding in found):
        with pytest.raises(IncompatibleError):
            check(asked, {"model": model, "candidate": model})
