"""Pushing a model to a stage, against localaws's STS, CloudFormation and S3."""

import base64
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from localaws import lifecycle
from model.packing import pack
from stacks.settings import load
from tests import STAGES_FILE
from tests.berth_cli import status_of

pytestmark = pytest.mark.slow

ACCOUNT = "555555555555"
REGION = "eu-west-1"
STAGES = f"""
project = "ner"
[model]
path = "my-model"
[container]
cuda = "none"
[pipeline]
repository = "octo-org/ner"
[defaults]
region = "{REGION}"
mode = "multi-model"
endpoint = {{ instance_type = "ml.c5.xlarge" }}
[dev]
account = "{ACCOUNT}"
[new]
account = "{ACCOUNT}"
[old]
account = "{ACCOUNT}"
[far]
account = "666666666666"
"""
MLMODEL = "flavors:\n  python_function:\n    loader_module: x\n"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lifecycle.Emulator]:
    settings = load(STAGES_FILE)
    with lifecycle.running(tmp_path_factory.mktemp("localaws"), settings) as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: lifecycle.Emulator) -> Callable[[str], Any]:
    return lambda service: boto3.Session().client(
        service,  # type: ignore[call-overload]
        region_name=REGION,
        endpoint_url=emulator.url,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key=emulator.secret,
    )


@pytest.fixture(scope="module")
def bucket(client: Callable[[str], Any]) -> str:
    """The bucket of [dev], named by the output of its stack; [old]'s stack has no such output."""
    resources = {"Data": {"Type": "AWS::S3::Bucket"}}
    outputs = {"DataBucketName": {"Value": {"Ref": "Data"}}}
    cloudformation = client("cloudformation")
    for stage, more in (("dev", {"Outputs": outputs}), ("old", {})):
        name = f"ner-{stage}-storage"
        body = json.dumps({"Resources": resources, **more})
        cloudformation.create_stack(StackName=name, TemplateBody=body)
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
    (stack,) = cloudformation.describe_stacks(StackName="ner-dev-storage")["Stacks"]
    return str(stack["Outputs"][0]["OutputValue"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tmp_path / "my-model"
    model.mkdir()
    (model / "MLmodel").write_text(MLMODEL)
    (model / "weights").write_bytes(os.urandom(20_000_000))  # more than one part
    return model


@pytest.fixture
def run(
    emulator: lifecycle.Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """`berth push`, in a folder that has a stages.toml."""
    (tmp_path / "stages.toml").write_text(STAGES)
    monkeypatch.chdir(tmp_path)
    for variable, value in {
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": emulator.secret,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(variable, value)

    def call(*arguments: str) -> tuple[int, str, str]:
        status = status_of("push", *arguments)
        written = capsys.readouterr()
        return status, written.out, written.err

    return call


def test_the_archive_arrives_as_packing_makes_it(
    run: Run, client: Callable[[str], Any], bucket: str, folder: Path, tmp_path: Path
) -> None:
    status, out, _ = run("first", "--stage", "dev")
    assert status == 0
    assert f"s3://{bucket}/models/first.tar.gz" in out
    assert "TargetModel=first.tar.gz" in out
    expected = pack(folder, tmp_path / "expected.tar.gz").path.read_bytes()
    stored = client("s3").get_object(Bucket=bucket, Key="models/first.tar.gz")
    assert stored["Body"].read() == expected
    assert stored["Metadata"] == {"sha256": hashlib.sha256(expected).hexdigest()}


def test_s3_has_checked_each_part_by_its_sha256(
    run: Run, client: Callable[[str], Any], bucket: str, folder: Path, tmp_path: Path
) -> None:
    run("checked", "--stage", "dev")
    head = client("s3").head_object(
        Bucket=bucket, Key="models/checked.tar.gz", ChecksumMode="ENABLED"
    )
    sent = pack(folder, tmp_path / "expected.tar.gz").path.read_bytes()
    parts = [sent[start : start + 2**23] for start in range(0, len(sent), 2**23)]
    assert len(parts) == 3
    of_parts = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()
    assert head["ChecksumSHA256"] == f"{base64.b64encode(of_parts).decode()}-3"


def test_another_folder_can_be_named(run: Run, bucket: str, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    folder.rename(other)
    assert run("named", "--stage", "dev", "--folder", str(other))[0] == 0


def test_the_same_model_is_not_sent_twice(
    run: Run, client: Callable[[str], Any], bucket: str, folder: Path
) -> None:
    assert "sent" in run("twice", "--stage", "dev")[1]
    key = {"Bucket": bucket, "Key": "models/twice.tar.gz"}
    metadata = client("s3").head_object(**key)["Metadata"]
    client("s3").put_object(**key, Body=b"untouched", Metadata=metadata)
    assert "there already" in run("twice", "--stage", "dev")[1]
    assert client("s3").get_object(**key)["Body"].read() == b"untouched"


def test_a_name_that_another_model_has_is_refused(
    run: Run, client: Callable[[str], Any], bucket: str, folder: Path
) -> None:
    run("taken", "--stage", "dev")
    before = client("s3").head_object(Bucket=bucket, Key="models/taken.tar.gz")["Metadata"]
    (folder / "weights").write_bytes(b"others")
    assert refused(run("taken", "--stage", "dev")).startswith("taken: another model has this name")
    after = client("s3").head_object(Bucket=bucket, Key="models/taken.tar.gz")["Metadata"]
    assert after == before


def test_models_are_listed_and_removed(
    run: Run, client: Callable[[str], Any], bucket: str, folder: Path
) -> None:
    client("s3").put_object(Bucket=bucket, Key="models/read.me", Body=b"no model")
    run("gone", "--stage", "dev")
    listed = run("--list", "--stage", "dev")[1]
    assert "gone  " in listed
    assert "read.me" not in listed
    assert run("--remove", "gone", "--stage", "dev")[0] == 0
    assert "gone  " not in run("--list", "--stage", "dev")[1]
    assert refused(run("--remove", "gone", "--stage", "dev")).startswith("gone: no such model")


def refused(result: tuple[int, str, str]) -> str:
    """The one line that a refused call has to say."""
    status, out, err = result
    assert (status, out) == (2, "")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err.strip()


@pytest.mark.parametrize(
    ("stage", "line"),
    [
        ("far", "far: the credentials are for account 555555555555, the stage's is 666666666666; "),
        ("new", "ner-new-storage: no such stack in 555555555555, eu-west-1; deploy the stage"),
        ("old", "ner-old-storage: no output DataBucketName; deploy the stage first"),
        ("pipeline", "stages.toml: no stage 'pipeline'; there are dev, new, old, far"),
        ("none", "stages.toml: no stage 'none'; there are dev, new, old, far"),
    ],
)
def test_a_stage_that_cannot_be_pushed_to_gets_one_line(
    run: Run, bucket: str, folder: Path, stage: str, line: str
) -> None:
    assert refused(run("name", "--stage", stage)).startswith(line)


@pytest.mark.parametrize("name", ["a/b", "", "-a", "model.tar.gz", "ä", "x" * 201])
def test_a_name_that_cannot_be_called_gets_one_line(
    run: Run, bucket: str, folder: Path, name: str
) -> None:
    assert "no name for a model" in refused(run("--stage", "dev", "--", name))


def test_a_folder_that_is_no_model_gets_one_line(run: Run, bucket: str) -> None:
    assert refused(run("name", "--stage", "dev")).startswith("my-model: no such folder")


def test_missing_credentials_get_one_line(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for variable in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(variable, str(tmp_path / "none"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    assert refused(run("name", "--stage", "dev")) == "AWS: Unable to locate credentials"
