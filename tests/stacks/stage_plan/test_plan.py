"""What follows from a stage's settings."""

from pathlib import Path
from typing import get_args

import pytest

from stacks.modes import MODES, Mode, ModeName
from stacks.settings import StageSettings
from stacks.settings.mistakes import keys
from stacks.settings.scaling import ScalingSettings
from tests.stacks.compatibility.asking import plan_of

OWN_TYPES = """
endpoint = { instance_type = "ml.m5.xlarge", fallback_instance_types = ["ml.m5.2xlarge"] }
variants.shared = { weight = 3 }
variants.own = { weight = 1, instance_type = "ml.g5.xlarge", model = "candidate" }
"""


def test_every_mode_that_stages_toml_takes_is_an_object() -> None:
    assert tuple(MODES) == get_args(ModeName)


@pytest.mark.parametrize("mode", MODES.values(), ids=lambda mode: mode.name)
def test_a_mode_has_an_endpoint_or_transform_jobs(mode: Mode) -> None:
    assert mode.has_endpoint != mode.has_transform_jobs


@pytest.mark.parametrize("mode", MODES.values(), ids=lambda mode: mode.name)
def test_a_modes_table_and_targets_are_keys_of_stages_toml(mode: Mode) -> None:
    if mode.settings_table:
        assert mode.settings_table in keys(StageSettings)
    assert set(mode.scaling_targets) <= keys(ScalingSettings).keys()
    assert list(mode.scaling_targets) == sorted(mode.scaling_targets)


def test_a_mode_can_be_promoted_or_says_why_not() -> None:
    assert {mode.name for mode in MODES.values() if mode.unverifiable} == {"batch", "multi-model"}


def test_a_stage_without_variants_has_one_named_as_sagemaker_does() -> None:
    (variant,) = plan_of("scaling.initial_capacity = 2").variants
    assert (variant.name, variant.model, variant.weight, variant.count) == (
        "AllTraffic",
        "model",
        1,
        2,
    )
    assert variant.types_by_key == (("endpoint.instance_type", "ml.m5.xlarge"),)


def test_a_variant_has_its_own_instance_type_alone_or_the_endpoints_with_fallbacks() -> None:
    shared, own = plan_of(OWN_TYPES).variants
    assert shared.types_by_key == (
        ("endpoint.instance_type", "ml.m5.xlarge"),
        ("endpoint.fallback_instance_types[0]", "ml.m5.2xlarge"),
    )
    assert own.types_by_key == (("variants.own.instance_type", "ml.g5.xlarge"),)
    assert plan_of(OWN_TYPES).models == ("model", "candidate")


def test_a_variant_has_the_host_image_of_its_own_gpus() -> None:
    shared, own = plan_of(OWN_TYPES, cuda="12.6").variants
    assert shared.ami_version is None
    assert own.ami_version == "al2-ami-sagemaker-inference-gpu-3-1"


def test_a_transform_job_has_the_host_image_of_transform_jobs() -> None:
    (job,) = plan_of('mode = "batch"\nendpoint.instance_type = "ml.g5.xlarge"').variants
    assert job.ami_version == "al2-ami-sagemaker-batch-gpu-535"


def test_a_shadow_has_the_share_of_requests_as_its_weight() -> None:
    shadow = plan_of('shadow = { model = "candidate", percent = 25, instance_count = 3 }').shadow
    assert shadow
    assert (shadow.name, shadow.model, shadow.weight, shadow.count) == (
        "Shadow",
        "candidate",
        0.25,
        3,
    )
    assert shadow.instance_types == ("ml.m5.xlarge",)


@pytest.mark.parametrize(
    ("asked", "encrypts"),
    [
        ("", True),
        ('endpoint.instance_type = "ml.m5d.xlarge"', False),
        ('endpoint.fallback_instance_types = ["ml.m5d.xlarge"]', False),
        (OWN_TYPES, False),  # one EndpointConfig has one key, and ml.g5 has disks of its own
        ('shadow = { model = "candidate", instance_type = "ml.g5.xlarge" }', False),
        ('mode = "serverless"', False),
        ('mode = "serverless"\nvariants.only.weight = 1', False),
    ],
)
def test_volumes_have_the_stages_key_where_every_instance_type_has_volumes(
    asked: str, encrypts: bool
) -> None:
    assert plan_of(asked).encrypts_volumes is encrypts


def test_a_serverless_stage_has_no_instance_types_whatever_defaults_names() -> None:
    for asked in ("", "\nvariants.only.weight = 1"):
        (variant,) = plan_of('mode = "serverless"' + asked).variants
        assert (variant.instance_types, variant.ami_version) == ((), None)


def test_scaling_has_the_targets_alone_whose_metrics_the_mode_publishes() -> None:
    plan = plan_of(
        'mode = "async"\nscaling = { backlog_per_instance = 5, invocations_per_instance = 600 }'
    )
    assert plan.scaling.invocations_per_instance is None
    assert plan.effective_targets == ["backlog_per_instance"]
    assert plan.ineffective_targets == ["invocations_per_instance"]


@pytest.mark.parametrize(
    ("asked", "scales"),
    [
        ("", True),
        ("scaling.enabled = false", False),
        ("scaling = { min_capacity = 2, max_capacity = 2 }", False),
        ('mode = "batch"', False),
        ('mode = "serverless"', False),
        ('mode = "serverless"\nserverless.provisioned_concurrency = 1', True),
    ],
)
def test_application_auto_scaling_has_a_choice_where_capacity_has_room(
    asked: str, scales: bool
) -> None:
    assert plan_of(asked).scales is scales


def test_archives_lie_beside_stages_toml_in_the_mode_that_has_them() -> None:
    archives = 'multi_model.archives = "archives"\n'
    there = plan_of(archives + 'mode = "multi-model"', folder=Path("there")).archives
    assert there == Path("there/archives")
    assert plan_of(archives).archives is None


def test_an_inference_component_is_named_and_logs_as_one() -> None:
    plan = plan_of('mode = "inference-component"')
    assert plan.component == "berth-dev"
    assert plan.container_logs == "/aws/sagemaker/InferenceComponents/berth-dev"
    assert plan_of("").component is None
    assert plan_of("").container_logs == "/aws/sagemaker/Endpoints/berth-dev"


@pytest.mark.parametrize(
    ("asked", "groups"),
    [
        ("", {"ContainerLogs": "/aws/sagemaker/Endpoints/berth-dev"}),
        ('mode = "batch"', {"StateMachineLogs": "/aws/vendedlogs/states/berth-dev-batch"}),
        (
            'mode = "multi-model"\nmulti_model.archives = "archives"\nnetwork.new_vpc = true',
            {
                "ContainerLogs": "/aws/sagemaker/Endpoints/berth-dev",
                "FlowLogs": "/aws/vpc/berth-dev",
                "DefaultGroupLogs": "/aws/lambda/berth-dev-default-group",
                "ModelArchivesLogs": "/aws/lambda/berth-dev-model-archives",
            },
        ),
    ],
)
def test_a_stage_has_the_log_groups_of_what_it_deploys(asked: str, groups: dict[str, str]) -> None:
    assert plan_of(asked).log_groups == groups
