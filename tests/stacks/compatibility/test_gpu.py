"""GPU, driver, CUDA, PyTorch."""

import re
from dataclasses import replace

import pytest

from stacks.ami_versions import (
    GPU_3_1,
    GPU_4_1,
    TRANSFORM_AMI,
    InferenceAmi,
    inference_ami,
    transform_ami,
)
from stacks.compatibility import gpu
from stacks.compatibility.model_folder import ModelRecord
from tests.stacks.compatibility.asking import MODEL, Case, found, hold, stage_that_asks


def on(instance_type: str) -> str:
    return f'endpoint.instance_type = "{instance_type}"\n'


def or_on(instance_type: str) -> str:
    return f'endpoint.fallback_instance_types = ["{instance_type}"]\n'


BATCH = 'mode = "batch"\n'

CASES = [
    Case(
        gpu.gpu_runs_the_images_cuda,
        on("ml.p3.2xlarge"),
        'dev.endpoint.instance_type = "ml.p3.2xlarge": its V100 (compute capability 7.0) is older '
        'than the 7.5 that CUDA 13 asks for; set container.cuda = "12.6"',
        on("ml.p3.2xlarge"),
        good_cuda="12.6",
    ),
    Case(
        gpu.gpu_runs_the_images_cuda,
        on("ml.p2.xlarge"),
        "no PyTorch build runs on its K80",
        on("ml.g4dn.xlarge"),
    ),
    Case(
        gpu.gpu_runs_the_images_cuda,
        on("ml.p6-b200.48xlarge"),
        "needs CUDA 12.8 or newer",
        on("ml.p6-b200.48xlarge"),
        cuda="12.6",
        good_cuda="13.0",
    ),
    Case(
        gpu.gpu_runs_the_images_cuda,
        on("ml.g5.xlarge"),
        'its A10G would stand idle with container.cuda = "none"',
        on("ml.c7i.large"),
        cuda="none",
    ),
    Case(
        gpu.gpu_runs_the_images_cuda,
        on("ml.g5.xlarge") + or_on("ml.p3.2xlarge"),
        'dev.endpoint.fallback_instance_types[0] = "ml.p3.2xlarge": its V100',
        on("ml.g5.xlarge") + or_on("ml.g7e.2xlarge"),
    ),
    Case(
        gpu.gpu_runs_the_images_cuda,
        on("ml.g5.xlarge")
        + 'variants.a.weight = 1\nvariants.b = { weight = 1, instance_type = "ml.p3.2xlarge" }',
        'dev.variants.b.instance_type = "ml.p3.2xlarge": its V100',
        "variants.a.weight = 1",  # one image for a CPU stage and a GPU stage
    ),
    Case(
        gpu.gpu_runs_the_images_cuda,
        'shadow = { model = "candidate", instance_type = "ml.p3.2xlarge" }',
        'dev.shadow.instance_type = "ml.p3.2xlarge": its V100',
        'shadow = { model = "candidate", instance_type = "ml.g5.xlarge" }',
    ),
    Case(
        gpu.one_ami_serves_all_instance_types,
        on("ml.g5.xlarge") + or_on("ml.m5.xlarge"),
        "one host image serves it and ml.g5.xlarge, which has a GPU; name types that have a GPU",
        on("ml.g5.xlarge") + or_on("ml.g4dn.xlarge"),
    ),
    Case(
        gpu.batch_driver_runs_the_images_cuda,
        BATCH + on("ml.g5.xlarge"),
        "batch jobs have NVIDIA driver 535 at most and CUDA 13.0 needs 580",
        BATCH + on("ml.g5.xlarge"),
        good_cuda="12.6",
    ),
    Case(
        gpu.serverless_image_needs_no_cuda,
        'mode = "serverless"',
        "the image carries CUDA 13.0 that serverless cannot use",
        'mode = "serverless"',
        good_cuda="none",
        warns=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_clashes_gets_a_line_and_its_neighbour_passes(case: Case) -> None:
    hold(case)


@pytest.mark.parametrize(
    ("torch", "cuda", "says"),
    [
        ("2.8.0", "13.0", "torch==2.8.0: PyTorch has builds for CUDA 13.0 from 2.9 on"),
        ("2.8.0+cpu", "13.0", 'or set container.cuda = "12.6"'),
        ("2.5.1", "12.6", "PyTorch has builds for CUDA 12.6 from 2.6 on"),
        ("2.9.0", "13.0", None),
        ("2.8.0", "12.6", None),
        ("1.13.1", "none", None),
    ],
)
def test_torch_is_one_that_is_built_for_the_cuda(torch: str, cuda: str, says: str | None) -> None:
    model = replace(MODEL, record=ModelRecord("3.11.7", f"torch=={torch}\n"))
    stage = stage_that_asks("", cuda=cuda, models={"model": model})
    lines = [str(one) for one in found(gpu.torch_is_built_for_the_images_cuda, stage)]
    assert len(lines) == (says is not None)
    assert all(line.startswith("model/requirements.txt: ") for line in lines)
    assert all((says or "") in line for line in lines)


@pytest.mark.parametrize(
    ("instance_type", "cuda", "ami"),
    [
        ("ml.g4dn.xlarge", "12.6", GPU_3_1),
        ("ml.g4dn.xlarge", "13.0", GPU_4_1),
        ("ml.g5.12xlarge", "12.6", GPU_3_1),
        ("ml.p5.48xlarge", "13.0", GPU_4_1),
        ("ml.p6-b200.48xlarge", "13.0", GPU_4_1),
    ],
)
def test_the_ami_brings_a_driver_for_the_cuda(
    instance_type: str, cuda: str, ami: InferenceAmi
) -> None:
    assert inference_ami(instance_type, cuda) == ami.version


def test_an_instance_without_a_gpu_gets_no_gpu_ami() -> None:
    assert inference_ami("ml.c7i.large", "13.0") is None
    assert transform_ami("ml.c7i.large") is None


def test_one_ami_serves_an_instance_type_and_its_fallbacks() -> None:
    # Blackwell's driver is asked for by the fallback alone.
    assert inference_ami("ml.g5.xlarge", "12.6", ["ml.g7e.2xlarge"]) == GPU_4_1.version
    assert inference_ami("ml.g5.xlarge", "12.6", ["ml.g6.xlarge"]) == GPU_3_1.version


def documented(shape: str, member: str) -> str:
    from botocore.loaders import Loader

    shapes = Loader().load_service_model("sagemaker", "service-2")["shapes"]
    return re.sub(r"<[^>]+>", " ", shapes[shape]["members"][member]["documentation"])


def test_drivers_and_cuda_of_the_amis_are_as_sagemakers_service_model_documents_them() -> None:
    words = documented("ProductionVariant", "InferenceAmiVersion")
    for ami in (GPU_3_1, GPU_4_1):
        entry = words.split(ami.version)[1][:200]
        assert f"NVIDIA driver version: {ami.driver}" in entry
        assert "CUDA version: {}.{}".format(*ami.cuda) in entry
        assert "disabled CUDA-compat mounting" in entry


def test_batch_jobs_have_no_newer_driver_than_the_service_model_documents() -> None:
    words = documented("TransformResources", "TransformAmiVersion")
    assert set(re.findall(r"NVIDIA driver version: (\d+)", words)) == {"470", "535"}
    assert transform_ami("ml.g5.xlarge") == TRANSFORM_AMI
    assert TRANSFORM_AMI in words
