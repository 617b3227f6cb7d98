"""What an instance type is: cores, memory, GPUs, disks."""

import re

import pytest

from stacks.aws_data import instance_types
from stacks.instance_types import (
    GPUS,
    UnknownInstanceTypeError,
    family_of,
    gpu_count,
    has_local_storage,
    is_arm,
    memory_gib,
    nearest_instance_type,
    vcpu_count,
)


@pytest.mark.parametrize(
    ("instance_type", "vcpus", "gib", "gpus"),
    [
        ("ml.t2.medium", 2, 4, 0),
        ("ml.t2.2xlarge", 8, 32, 0),
        ("ml.m5.large", 2, 8, 0),
        ("ml.m4.10xlarge", 40, 160, 0),
        ("ml.c4.large", 2, 3.75, 0),
        ("ml.c4.8xlarge", 36, 60, 0),
        ("ml.c5.9xlarge", 36, 72, 0),
        ("ml.c5.18xlarge", 72, 144, 0),
        ("ml.c8g.medium", 1, 2, 0),
        ("ml.r7i.48xlarge", 192, 1536, 0),
        ("ml.g4dn.xlarge", 4, 16, 1),
        ("ml.g4dn.12xlarge", 48, 192, 4),
        ("ml.g4dn.16xlarge", 64, 256, 1),
        ("ml.g5.xlarge", 4, 16, 1),
        ("ml.g5.16xlarge", 64, 256, 1),
        ("ml.g5.48xlarge", 192, 768, 8),
        ("ml.g6e.48xlarge", 192, 1536, 8),
        ("ml.g7.12xlarge", 48, 192, 2),
        ("ml.g7e.2xlarge", 8, 64, 1),
        ("ml.g7e.12xlarge", 48, 512, 2),
        ("ml.p2.xlarge", 4, 61, 1),
        ("ml.p3.2xlarge", 8, 61, 1),
        ("ml.p3.8xlarge", 32, 244, 4),
        ("ml.p4d.24xlarge", 96, 1152, 8),
        ("ml.p5.4xlarge", 16, 256, 1),
        ("ml.p5.48xlarge", 192, 2048, 8),
        ("ml.inf2.24xlarge", 96, 384, 0),
        ("ml.trn1.2xlarge", 8, 32, 0),
        ("ml.dl1.24xlarge", 96, 768, 0),
    ],
)
def test_cores_memory_and_gpus_are_those_of_the_ec2_guide(
    instance_type: str, vcpus: int, gib: float, gpus: int
) -> None:
    assert vcpu_count(instance_type) == vcpus
    assert memory_gib(instance_type) == gib
    assert gpu_count(instance_type) == gpus


def test_every_type_that_sagemaker_takes_has_cores_and_memory() -> None:
    for name in instance_types("hosting") | instance_types("transform"):
        assert vcpu_count(name) >= 1
        assert memory_gib(name) >= 2


def test_a_family_of_another_day_is_refused_in_one_line() -> None:
    with pytest.raises(UnknownInstanceTypeError, match=r"^ml.x9.large: its memory is not known"):
        memory_gib("ml.x9.large")


def test_every_gpu_family_that_sagemaker_hosts_on_is_known() -> None:
    offered = {family_of(name) for name in instance_types("hosting")}
    assert {family for family in offered if family[0] == "g" or family[0] == "p"} == set(GPUS)


def test_local_disks_are_those_of_the_ec2_guide() -> None:
    families = {family_of(name) for name in instance_types("hosting") if has_local_storage(name)}
    assert families == {
        *("m5d", "c5d", "r5d", "m6gd", "c6gd", "r6gd", "r7gd"),
        *("g4dn", "g5", "g6", "g6e", "g7", "g7e", "p4d", "p4de", "p5", "p5e", "p5en"),
        *("p6-b200", "p6-b300", "p6e-gb200", "trn1", "trn1n", "trn2", "dl1"),
    }


def test_arm_families_are_those_of_graviton_and_grace() -> None:
    families = {family_of(name) for name in instance_types("hosting") if is_arm(name)}
    graviton = re.compile(r"[cmr][678]g[dn]?")
    assert families == {f for f in families if graviton.fullmatch(f)} | {"p6e-gb200"}
    assert {"c6g", "c6gn", "m8g", "r7gd"} <= families


@pytest.mark.parametrize(
    ("wanted", "among", "nearest"),
    [
        ("ml.c7g.large", {"ml.c5.large", "ml.c5.4xlarge", "ml.g5.xlarge"}, "ml.c5.large"),
        ("ml.p5.48xlarge", {"ml.g5.xlarge", "ml.p4de.24xlarge", "ml.m5.large"}, "ml.p4de.24xlarge"),
        ("ml.g5.2xlarge", {"ml.g6.2xlarge", "ml.g6.xlarge"}, "ml.g6.2xlarge"),
        ("ml.g5.2xlarge", {"ml.m5.large", "ml.inf2.xlarge"}, None),
    ],
)
def test_the_nearest_type_has_a_like_gpu_then_like_memory(
    wanted: str, among: set[str], nearest: str | None
) -> None:
    assert nearest_instance_type(wanted, among) == nearest
