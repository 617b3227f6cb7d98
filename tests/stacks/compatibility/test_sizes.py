"""The model's bytes, against disks, memories and timeouts."""

from dataclasses import replace
from typing import NamedTuple

import pytest

from stacks.compatibility import sizes
from stacks.compatibility.checks import Check
from tests.stacks.compatibility.asking import MODEL, Case, found, hold, stage_that_asks

GB, GIB, MIB = 10**9, 2**30, 2**20
SERVERLESS = 'mode = "serverless"\n'
COMPONENT = 'mode = "inference-component"\n'
G5 = 'endpoint.instance_type = "ml.g5.xlarge"\n'  # 24 GB of GPU, 16 GiB of memory
M5 = 'endpoint.instance_type = "ml.m5.large"\n'  # 8 GiB


def volume(size: int) -> str:
    return f"endpoint.volume_size_gb = {size}\n"


class Sized(NamedTuple):
    """A model of so many bytes, and what is said of it: nothing, a warning or a refusal."""

    check: Check
    text: str
    size: float
    severity: str | None
    says: str = ""

    def __str__(self) -> str:
        return f"{self.check.__name__}-{self.size:.2g}-{self.severity}"


CASES = [
    Sized(
        sizes.model_fits_the_disk,
        volume(10),
        11 * GB,
        "refusal",
        "dev.endpoint.volume_size_gb = 10: model takes 11.0 GB of 10 GB of disk; ask for 24",
    ),
    Sized(sizes.model_fits_the_disk, volume(10), 6 * GB, "warning", "model and its archive may"),
    Sized(sizes.model_fits_the_disk, volume(10), 5 * GB, None),
    Sized(sizes.model_fits_the_disk, volume(10) + 'shipping.form = "files"', 9 * GB, None),
    Sized(sizes.model_fits_the_disk, "", 900 * GB, None),  # SageMaker's choice is not known
    Sized(sizes.model_fits_the_disk, volume(512), 300 * GB, "warning", "ask for 512"),
    Sized(sizes.model_fits_the_disk, volume(512), 513 * GB, "refusal", "disks of its own"),
    Sized(
        sizes.large_model_names_its_volume,
        "",
        31 * GB,
        "warning",
        "dev.endpoint.volume_size_gb: unset, and model takes 31.0 GB of disk; ask for 64",
    ),
    Sized(sizes.large_model_names_its_volume, "", 513 * GB, "refusal", "use an instance type with"),
    Sized(sizes.large_model_names_its_volume, "", 30 * GB, None),
    Sized(sizes.large_model_names_its_volume, volume(512), 31 * GB, None),
    Sized(sizes.large_model_names_its_volume, G5, 600 * GB, None),
    Sized(sizes.large_model_names_its_volume, SERVERLESS, 31 * GB, None),
    Sized(sizes.large_model_names_its_volume, 'mode = "batch"', 31 * GB, None),
    Sized(sizes.model_fits_the_disk, SERVERLESS, 6 * GB, "refusal", "6.0 GB of 5 GB of disk"),
    Sized(sizes.model_fits_the_disk, SERVERLESS, 2 * GB, None),
    Sized(
        sizes.model_fits_the_gpu,
        G5,
        25 * GB,
        "refusal",
        'dev.endpoint.instance_type = "ml.g5.xlarge": the weights of model take 25.0 of 24 GB of '
        "its A10G",
    ),
    Sized(sizes.model_fits_the_gpu, G5, 20 * GB, "warning", "20.0 of 24 GB"),
    Sized(sizes.model_fits_the_gpu, G5, 19 * GB, None),
    Sized(sizes.model_fits_the_gpu, M5, 99 * GB, None),
    Sized(sizes.model_fits_the_memory, M5, 9 * GIB, "refusal", "9.0 of 8 GiB of its memory"),
    Sized(sizes.model_fits_the_memory, M5, 7 * GIB, "warning", "7.0 of 8 GiB"),
    Sized(sizes.model_fits_the_memory, M5, 6 * GIB, None),
    Sized(sizes.model_fits_the_memory, G5, 20 * GIB, "warning", "20.0 of 16 GiB"),
    Sized(
        sizes.model_fits_serverless,
        SERVERLESS,
        4097 * MIB,
        "refusal",
        "dev.serverless.memory_mb = 4096: the weights of model take 4097.0 of 4096 MB; ask for",
    ),
    Sized(sizes.model_fits_serverless, SERVERLESS, 3500 * MIB, "warning", "3500.0 of 4096 MB"),
    Sized(sizes.model_fits_serverless, SERVERLESS, 3000 * MIB, None),
    Sized(
        sizes.copies_fit_the_instance,
        COMPONENT + "inference_component = { accelerators = 0, memory_mb = 1024 }",
        1025 * MIB,
        "refusal",
        "dev.inference_component.memory_mb = 1024: the weights of model take 1025 MB",
    ),
    Sized(
        sizes.copies_fit_the_instance,
        COMPONENT + "inference_component = { accelerators = 0, memory_mb = 1024 }",
        1024 * MIB,
        None,
    ),
    Sized(
        sizes.model_arrives_in_time,
        "endpoint.download_timeout_seconds = 60",
        7 * GB,
        "warning",
        "model takes about 70 s at an assumed 100 MB/s; allow 140",
    ),
    Sized(sizes.model_arrives_in_time, "endpoint.download_timeout_seconds = 60", 6 * GB, None),
    Sized(sizes.model_arrives_in_time, 'mode = "batch"', 900 * GB, None),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_model_is_as_large_as_its_place_allows(case: Sized) -> None:
    model = replace(MODEL, size=int(case.size), weights=int(case.size))
    findings = found(case.check, stage_that_asks(case.text, models={"model": model}))
    assert [one.severity for one in findings] == ([case.severity] if case.severity else [])
    assert all(case.says in str(one) for one in findings)


@pytest.mark.parametrize("text", ['mode = "multi-model"', 'shipping.form = "s3"'])
def test_a_folder_that_is_not_shipped_may_have_any_size(text: str) -> None:
    model = replace(MODEL, size=900 * GB, weights=900 * GB)
    stage = stage_that_asks(text, models={"model": model})
    assert [*found(sizes.model_fits_the_memory, stage)] == []


def test_a_variants_own_model_is_held_to_its_own_machine() -> None:
    candidate = replace(MODEL, name="candidate", weights=20 * GIB)
    stage = stage_that_asks(
        "variants.old.weight = 1\n"
        'variants.new = { weight = 1, model = "candidate", instance_type = "ml.m5.large" }',
        models={"candidate": candidate},
    )
    (finding,) = found(sizes.model_fits_the_memory, stage)
    assert 'dev.variants.new.instance_type = "ml.m5.large": the weights of candidate' in str(
        finding
    )


@pytest.mark.parametrize(
    "case",
    [
        Case(
            sizes.volume_can_be_sized,
            G5 + volume(30),
            "dev.endpoint.volume_size_gb = 30: disks of its own hold the model on ml.g5.xlarge",
            M5 + volume(30),
        ),
        Case(
            sizes.copies_fit_the_instance,
            COMPONENT + G5 + "inference_component.accelerators = 2",
            "dev.inference_component.accelerators = 2: ml.g5.xlarge has 1; ask for that at most",
            COMPONENT + G5,
        ),
        Case(
            sizes.copies_fit_the_instance,
            COMPONENT + G5 + "inference_component.memory_mb = 16385",
            "ml.g5.xlarge has 16384",
            COMPONENT + G5 + "inference_component.memory_mb = 16384",
        ),
        Case(
            sizes.copies_fit_the_instance,
            COMPONENT + G5 + "inference_component.cpu_cores = 5",
            "ml.g5.xlarge has 4",
            COMPONENT + G5 + "inference_component.cpu_cores = 4",
        ),
    ],
    ids=str,
)
def test_what_clashes_gets_a_line_and_its_neighbour_passes(case: Case) -> None:
    hold(case)
