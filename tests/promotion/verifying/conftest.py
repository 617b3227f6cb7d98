"""Stages with an endpoint whose container answers what a request asks it to."""

import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aws.stage import Stage
from localaws.lifecycle import Emulator, running
from promotion.release import Release
from stacks.settings import load
from tests import STAGES_FILE
from tests.promotion.releases import release

STUB = Path(__file__).parent / "stub_container"

Document = dict[str, Any]


def alarm(name: str, actions: list[str]) -> Document:
    """An alarm that stays in the state that SetAlarmState gives it: it has no data."""
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": name,
            "Namespace": "Test",
            "MetricName": name,
            "Statistic": "Maximum",
            "Period": 86_400,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "ignore",
            "AlarmActions": actions,
        },
    }


STORAGE: Document = {
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Loud": alarm("loud", []),
        "Quiet": alarm("quiet", ["arn:aws:sns:eu-central-1:111111111111:topic"]),
        "Scaling": alarm("scaling", ["arn:aws:autoscaling:eu-central-1:111111111111:policy"]),
        "Both": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {"AlarmName": "both", "AlarmRule": 'ALARM("loud") AND ALARM("quiet")'},
            "DependsOn": ["Loud", "Quiet"],
        },
    },
    "Outputs": {"DataBucketName": {"Value": {"Ref": "Bucket"}}},
}


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """dev answers at once, qa asynchronously."""
    home = tmp_path_factory.mktemp("localaws")
    shutil.copytree(STUB, home / "images" / "stub")
    with running(home, load(STAGES_FILE)) as emulator:
        for stage in ("dev", "qa"):
            create_stack(emulator, stage)
            serve(emulator, stage)
        yield emulator


def create_stack(emulator: Emulator, stage: str) -> None:
    session: Any = emulator.session(stage)
    client, name = session.client("cloudformation"), f"berth-{stage}-storage"
    client.create_stack(StackName=name, TemplateBody=json.dumps(STORAGE))
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


def bucket_of(emulator: Emulator, stage: str) -> str:
    session: Any = emulator.session(stage)
    (name,) = (each["Name"] for each in session.client("s3").list_buckets()["Buckets"])
    return str(name)


def tarball(**files: bytes) -> bytes:
    """A .tar.gz of files whose names' last underscore stands for the dot."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(".".join(name.rsplit("_", 1)))
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return memory.getvalue()


def serve(emulator: Emulator, stage: str) -> None:
    """Have the stage's endpoint serve the EndpointConfig config-1."""
    session: Any = emulator.session(stage)
    bucket = bucket_of(emulator, stage)
    session.client("s3").put_object(Bucket=bucket, Key="model.tar.gz", Body=tarball(a_txt=b""))
    sagemaker = session.client("sagemaker")
    account = emulator.settings.stages[stage].account
    sagemaker.create_model(
        ModelName="stub",
        ExecutionRoleArn=f"arn:aws:iam::{account}:role/serving",
        PrimaryContainer={
            "Image": f"{account}.dkr.ecr.eu-central-1.amazonaws.com/assets:stub",
            "ModelDataUrl": f"s3://{bucket}/model.tar.gz",
        },
    )
    output = {
        "S3OutputPath": f"s3://{bucket}/async/output/",
        "S3FailurePath": f"s3://{bucket}/async/failure/",
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName="config-1",
        ProductionVariants=[
            {
                "VariantName": "AllTraffic",
                "ModelName": "stub",
                "InitialInstanceCount": 1,
                "InstanceType": "ml.g5.xlarge",
            }
        ],
        **({"AsyncInferenceConfig": {"OutputConfig": output}} if stage == "qa" else {}),
    )
    name = f"berth-{stage}"
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName="config-1")
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})


def connected(emulator: Emulator, stage: str, monkeypatch: pytest.MonkeyPatch) -> Stage:
    for name, value in emulator.environment(stage).items():
        monkeypatch.setenv(name, value)
    return Stage(emulator.settings, stage)


@pytest.fixture
def dev(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage that answers at once."""
    return connected(emulator, "dev", monkeypatch)


@pytest.fixture
def qa(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage that answers asynchronously."""
    return connected(emulator, "qa", monkeypatch)


@pytest.fixture
def alarms(dev: Stage) -> Iterator[Callable[[str, str], None]]:
    """Sets an alarm of dev to a state; afterwards all are OK."""
    cloudwatch = dev.client("cloudwatch")

    def put(name: str, state: str) -> None:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")

    for name in ("loud", "quiet", "scaling"):
        put(name, "OK")
    yield put
    for name in ("loud", "quiet", "scaling"):
        put(name, "OK")


def deployed(stage: Stage, *, mode: str = "real-time", **verify: object) -> Release:
    """The stage's release; `verify`: its thresholds, and how long it is measured."""
    quick = {"bake_seconds": 0, "requests_per_second": 20, "seconds": 1}
    patient = {"max_latency_p99_ms": 60_000, "min_cases": 1}  # a busy machine is no finding
    return release(f"{stage.name}-000001").model_copy(
        update={
            "templates": {f"berth-{stage.name}-storage": "7" * 64},
            "settings": {"mode": mode, "verify": {**quick, **patient, **verify}},
        }
    )
