"""What runs on what."""

from pathlib import Path
from types import MappingProxyType

import pytest

from stacks.aws_data import hosting_instance_types
from stacks.compatibility import (
    GPU_3_1,
    GPU_4_1,
    GPUS,
    IncompatibleError,
    check,
    family_of,
    gpu_count,
    inference_ami,
    read_model_record,
)
from stacks.settings import Settings
from stacks.settings.file import ContainerSettings


def asking_for(settings: Settings, instance_type: str, cuda: str) -> Settings:
    dev = settings.stages["dev"]
    endpoint = dev.endpoint.model_copy(update={"instance_type": instance_type})
    return settings.model_copy(
        update={
            "container": ContainerSettings.model_construct(cuda=cuda),
            "stages": {"dev": dev.model_copy(update={"endpoint": endpoint})},
        }
    )


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
def test_the_ami_brings_a_driver_for_the_cuda(instance_type: str, cuda: str, ami: object) -> None:
    assert inference_ami(instance_type, cuda) == getattr(ami, "version", None)


def test_an_instance_without_a_gpu_gets_no_gpu_ami() -> None:
    assert inference_ami("ml.c7i.large", "13.0") is None


def test_drivers_and_cuda_of_the_amis_are_as_sagemakers_service_model_documents_them() -> None:
    import re

    from botocore.loaders import Loader

    shapes = Loader().load_service_model("sagemaker", "service-2")["shapes"]
    page = shapes["ProductionVariant"]["members"]["InferenceAmiVersion"]["documentation"]
    words = re.sub(r"<[^>]+>", " ", page)
    for ami in (GPU_3_1, GPU_4_1):
        entry = words.split(ami.version)[1][:200]
        assert f"NVIDIA driver version: {ami.driver}" in entry
        assert "CUDA version: {}.{}".format(*ami.cuda) in entry
        assert "disabled CUDA-compat mounting" in entry
        assert ami.version in shapes["ProductionVariantInferenceAmiVersion"]["enum"]


@pytest.mark.parametrize(
    ("instance_type", "gpus"),
    MappingProxyType(
        {
            "ml.m5.large": 0,
            "ml.g4dn.xlarge": 1,
            "ml.g4dn.12xlarge": 4,
            "ml.g5.16xlarge": 1,
            "ml.g5.48xlarge": 8,
            "ml.p3.8xlarge": 4,
            "ml.p4d.24xlarge": 8,
            "ml.p5.4xlarge": 1,
            "ml.p5.48xlarge": 8,
            "ml.g7e.12xlarge": 2,
        }
    ).items(),
)
def test_gpus_are_counted(instance_type: str, gpus: int) -> None:
    assert gpu_count(instance_type) == gpus


def test_every_gpu_family_that_sagemaker_hosts_on_is_known() -> None:
    offered = {family_of(name) for name in hosting_instance_types()}
    assert {family for family in offered if family[0] == "g" or family[0] == "p"} == set(GPUS)


@pytest.mark.parametrize(
    ("instance_type", "cuda", "reason"),
    [
        ("ml.p3.2xlarge", "13.0", "older than the 7.5 that CUDA 13 asks for"),
        ("ml.p2.xlarge", "12.6", "no PyTorch build runs on its K80"),
        ("ml.p6-b200.48xlarge", "12.6", "needs CUDA 12.8 or newer"),
        ("ml.g5.xlarge", "none", "its A10G would stand idle"),
        ("ml.c7g.large", "none", "Arm machine and the image is linux/amd64"),
        ("ml.r7gd.large", "13.0", "Arm machine"),
        ("ml.inf2.xlarge", "13.0", "no driver for its accelerator"),
    ],
)
def test_what_cannot_run_is_refused_with_the_key_and_what_would_work(
    settings: Settings, instance_type: str, cuda: str, reason: str
) -> None:
    with pytest.raises(IncompatibleError) as caught:
        check(asking_for(settings, instance_type, cuda))
    line = str(caught.value)
    assert line.startswith(f'stages.toml: dev.endpoint.instance_type = "{instance_type}": ')
    assert reason in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("instance_type", "cuda"),
    [
        ("ml.p3.2xlarge", "12.6"),
        ("ml.g4dn.xlarge", "13.0"),
        ("ml.c7i.large", "none"),
        ("ml.m5.large", "13.0"),  # one image for a CPU dev stage and a GPU prod stage
        ("ml.g7e.2xlarge", "13.0"),
    ],
)
def test_what_can_run_passes(settings: Settings, instance_type: str, cuda: str) -> None:
    check(asking_for(settings, instance_type, cuda))


def test_the_projects_own_settings_pass(own_settings: Settings) -> None:
    check(own_settings)


def test_a_models_record_is_its_python_and_its_requirements(tmp_path: Path) -> None:
    (tmp_path / "python_env.yaml").write_text("python: 3.12.4\nbuild_dependencies: [pip]\n")
    (tmp_path / "requirements.txt").write_text("torch==2.13.0\n")
    record = read_model_record(tmp_path)
    assert record.python_version == "3.12.4"
    assert record.requirements == "torch==2.13.0\n"


@pytest.mark.parametrize(
    ("python_env", "reason"),
    [
        ("python: 3.8.10\n", "the server needs Python 3.11 or newer"),
        ("python: three\n", "must be a version such as 3.11.7"),
        ("[]\n", "must be a version such as 3.11.7"),
        ("python: [\n", "not a whole MLflow model folder"),
    ],
)
def test_a_record_that_no_image_can_be_built_for_is_refused(
    tmp_path: Path, python_env: str, reason: str
) -> None:
    (tmp_path / "python_env.yaml").write_text(python_env)
    (tmp_path / "requirements.txt").write_text("")
    with pytest.raises(IncompatibleError, match=reason):
        read_model_record(tmp_path)


def test_a_folder_without_a_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IncompatibleError, match="not a whole MLflow model folder"):
        read_model_record(tmp_path)
