"""Transform jobs as an unchanged boto3 client sees them, run by the container's real program."""

import gzip
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.sagemaker.conftest import eventually
from tests.localaws.sagemaker.test_endpoint_life import alive
from tests.localaws.sagemaker.transform.conftest import DATA, Transforms, told

pytestmark = pytest.mark.slow

LINES = b"one\ntwo\nthree\n"
BY_LINE = {"SplitType": "Line", "AssembleWith": "Line"}


def test_every_object_has_its_output_at_the_same_place(transforms: Transforms) -> None:
    outputs = transforms.run({"a.csv": "1", "deep/b.csv": "2", "deep/er/c": "3", "empty/": ""})
    assert set(outputs) == {"a.csv.out", "deep/b.csv.out", "deep/er/c.out"}
    assert json.loads(outputs["deep/b.csv.out"])["body"] == "2"


def test_a_prefix_may_be_a_part_of_a_name(transforms: Transforms) -> None:
    prefix = transforms.put({"data-1": "1", "data-2": "2", "other": "3"})
    job = transforms.ended(transforms.begin(prefix, S3Uri=f"s3://{DATA}/{prefix}/data"))
    assert set(transforms.outputs(job)) == {"data-1.out", "data-2.out"}


def test_a_manifest_names_the_objects(transforms: Transforms) -> None:
    prefix = transforms.put({"a/1": "1", "a/2": "2", "b/3": "3"})
    manifest = json.dumps([{"prefix": f"s3://{DATA}/{prefix}/"}, "a/1", "b/3"])
    transforms.s3.put_object(Bucket=DATA, Key="manifest.json", Body=manifest)
    job = transforms.ended(
        transforms.begin("", S3DataType="ManifestFile", S3Uri=f"s3://{DATA}/manifest.json")
    )
    assert set(transforms.outputs(job)) == {"a/1.out", "b/3.out"}


def test_records_are_sent_one_by_one_and_their_answers_kept_in_order(
    transforms: Transforms,
) -> None:
    outputs = transforms.run({"x": LINES}, BatchStrategy="SingleRecord", **BY_LINE)
    assert [one["body"] for one in told(outputs["x.out"])] == ["one\n", "two\n", "three\n"]


def test_records_are_sent_together_up_to_the_payloads_limit(transforms: Transforms) -> None:
    line = b"x" * 299_999 + b"\n"
    outputs = transforms.run({"x": line * 8}, MaxPayloadInMB=1, **BY_LINE)
    assert [one["bytes"] for one in told(outputs["x.out"])] == [900_000, 900_000, 600_000]


def test_compressed_objects_are_unpacked(transforms: Transforms) -> None:
    outputs = transforms.run({"x.gz": gzip.compress(LINES)}, CompressionType="Gzip")
    assert json.loads(outputs["x.gz.out"])["body"].encode() == LINES


def test_the_container_is_told_what_the_job_was_given(transforms: Transforms) -> None:
    model = transforms.model(container={"Environment": {"A": "model", "B": "model"}})
    outputs = transforms.run(
        {"x": "1"},
        model=model,
        ContentType="text/csv",
        Accept="application/json",
        Environment={"B": "job"},
        BatchStrategy="SingleRecord",
        MaxPayloadInMB=2,
        MaxConcurrentTransforms=3,
    )
    asked = json.loads(outputs["x.out"])
    expected = {
        "A": "model",
        "B": "job",
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "2",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "3",
    }
    assert expected.items() <= asked["environment"].items()
    assert asked["headers"]["content-type"] == "text/csv"
    assert asked["headers"]["accept"] == "application/json"


def test_what_the_job_leaves_open_is_not_in_the_environment(transforms: Transforms) -> None:
    environment = json.loads(transforms.run({"x": "1"})["x.out"])["environment"]
    assert environment["SAGEMAKER_BATCH"] == "true"
    assert not [name for name in environment if name.startswith("SAGEMAKER_MAX_")]
    assert "SAGEMAKER_BATCH_STRATEGY" not in environment


def test_the_containers_execution_parameters_hold_where_the_job_leaves_them_open(
    transforms: Transforms,
) -> None:
    parameters = {"BatchStrategy": "SINGLE_RECORD", "MaxConcurrentTransforms": 3}
    model = transforms.model(parameters=parameters, together=3)
    outputs = transforms.run({"x": LINES}, model=model, **BY_LINE)
    assert len(told(outputs["x.out"])) == 3
    model = transforms.model(parameters=parameters)
    outputs = transforms.run({"x": LINES}, model=model, BatchStrategy="MultiRecord", **BY_LINE)
    assert len(told(outputs["x.out"])) == 1


def test_several_payloads_are_asked_for_at_once(transforms: Transforms) -> None:
    outputs = transforms.run(
        {"x": LINES * 2, "y": LINES},
        model=transforms.model(together=3),
        BatchStrategy="SingleRecord",
        MaxConcurrentTransforms=3,
        **BY_LINE,
    )
    assert len(told(outputs["x.out"]) + told(outputs["y.out"])) == 9


def test_instances_share_the_objects(transforms: Transforms) -> None:
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2}
    outputs = transforms.run({"x": "1", "y": "2", "z": "3"}, TransformResources=resources)
    assert len({json.loads(body)["pid"] for body in outputs.values()}) == 2


@pytest.mark.parametrize(("status", "blame"), [(400, "ClientError"), (500, "AlgorithmError")])
def test_a_record_that_fails_fails_the_job_and_costs_its_object_alone(
    transforms: Transforms, status: int, blame: str
) -> None:
    bad = f"bad{status}"
    name = transforms.begin(
        transforms.put({"good": LINES, "wrong": f"one\n{bad}\n"}),
        transforms.model(refuse=bad),
        BatchStrategy="SingleRecord",
        ModelClientConfig={"InvocationsMaxRetries": 0},
        **BY_LINE,
    )
    job = transforms.ended(name)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == f"{blame}: See job logs for more information"
    assert set(transforms.outputs(job)) == {"good.out"}
    assert f"Bad HTTP status received from algorithm: {status}" in data_log(transforms, name)
    assert "/wrong: cannot read this" in data_log(transforms, name)


def data_log(transforms: Transforms, name: str) -> str:
    events = transforms.account.client("logs").get_log_events(
        logGroupName="/aws/sagemaker/TransformJobs", logStreamName=f"{name}/data-log"
    )["events"]
    return "\n".join(event["message"] for event in events)


def test_a_server_error_is_asked_again_as_often_as_the_job_says(transforms: Transforms) -> None:
    prefix = transforms.put({"x": "bad500"})
    model = transforms.model(refuse="bad500")
    name = transforms.begin(prefix, model, ModelClientConfig={"InvocationsMaxRetries": 2})
    transforms.ended(name)
    eventually(lambda: served(transforms, name) == 3)


def served(transforms: Transforms, name: str) -> int:
    """How many invocations the container's own log speaks of."""
    found = transforms.account.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/TransformJobs"
    )["events"]
    messages = [one["message"] for one in found if one["logStreamName"].startswith(f"{name}/i-")]
    return sum("POST /invocations" in message for message in messages)


def test_a_record_over_the_limit_fails_the_job(transforms: Transforms) -> None:
    prefix = transforms.put({"x": b"x" * (2**20 + 1)})
    name = transforms.begin(prefix, MaxPayloadInMB=1)
    assert transforms.ended(name)["FailureReason"].startswith("ClientError")
    assert "is over MaxPayloadInMB" in data_log(transforms, name)


def test_a_container_that_dies_fails_the_job(transforms: Transforms) -> None:
    prefix = transforms.put({"x": '{"die": true}'})
    job = transforms.ended(transforms.begin(prefix))
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"


def test_a_container_that_does_not_start_fails_the_job_with_its_last_words(
    transforms: Transforms,
) -> None:
    prefix = transforms.put({"x": "1"})
    job = transforms.ended(transforms.begin(prefix, transforms.model(fail="no such tokenizer")))
    assert job["FailureReason"].startswith("AlgorithmError: Model container failed to respond")
    assert "no such tokenizer" in job["FailureReason"]


def test_a_job_without_objects_fails(transforms: Transforms) -> None:
    job = transforms.ended(transforms.begin("nothing-here"))
    assert job["FailureReason"].startswith("ClientError: No S3 objects found under S3 URL")


def test_a_job_stops_when_told_and_stores_nothing(transforms: Transforms) -> None:
    prefix = transforms.put({"quick": "1", "slow": '{"sleep": 600}'})
    name = transforms.begin(prefix)
    eventually(lambda: "TransformStartTime" in transforms.describe(name))
    transforms.sagemaker.stop_transform_job(TransformJobName=name)
    job = transforms.ended(name)
    assert job["TransformJobStatus"] == "Stopped"
    assert transforms.outputs(job) == {}
    with pytest.raises(ClientError, match="the transform job is in status Stopped"):
        transforms.sagemaker.stop_transform_job(TransformJobName=name)


def test_the_program_ends_with_its_job(transforms: Transforms) -> None:
    pid = json.loads(transforms.run({"x": "1"})["x.out"])["pid"]
    assert not alive(pid)


def test_the_containers_output_is_in_its_log_group(transforms: Transforms) -> None:
    name = transforms.begin(transforms.put({"x": "1"}))
    transforms.ended(name)
    eventually(lambda: served(transforms, name) == 1)


def test_describe_tells_what_was_asked_and_the_defaults(transforms: Transforms) -> None:
    prefix = transforms.put({"x": "1"})
    request = transforms.request(prefix, transforms.model(), Tags=[{"Key": "team", "Value": "a"}])
    transforms.sagemaker.create_transform_job(**request)
    job: dict[str, Any] = transforms.ended(request["TransformJobName"])
    assert job["ModelName"] == request["ModelName"]
    assert job["TransformResources"] == request["TransformResources"]
    assert job["TransformInput"]["SplitType"] == "None"
    assert job["TransformInput"]["CompressionType"] == "None"
    assert job["TransformOutput"]["AssembleWith"] == "None"
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]
    tags = transforms.sagemaker.list_tags(ResourceArn=job["TransformJobArn"])["Tags"]
    assert tags == request["Tags"]


def test_jobs_are_listed_by_name_and_status(transforms: Transforms) -> None:
    name = transforms.begin(transforms.put({"x": "1"}))
    transforms.ended(name)
    failed = transforms.begin("nothing-here")
    transforms.ended(failed)
    listed = transforms.sagemaker.list_transform_jobs(StatusEquals="Failed", MaxResults=100)
    names = [one["TransformJobName"] for one in listed["TransformJobSummaries"]]
    assert failed in names
    assert name not in names
    (summary,) = transforms.sagemaker.list_transform_jobs(NameContains=failed)[
        "TransformJobSummaries"
    ]
    assert summary["FailureReason"].startswith("ClientError")


def test_a_jobs_name_is_never_free_again(transforms: Transforms) -> None:
    request = transforms.request(transforms.put({"x": "1"}), transforms.model())
    transforms.sagemaker.create_transform_job(**request)
    transforms.ended(request["TransformJobName"])
    with pytest.raises(ClientError, match="a job with this name already exists") as caught:
        transforms.sagemaker.create_transform_job(**request)
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"ModelName": "nobody"}, "Could not find model"),
        ({"SplitType": "RecordIO"}, "SplitType RecordIO is not emulated"),
        ({"S3DataType": "AugmentedManifestFile"}, "not compatible with batch transform"),
        ({"S3OutputPath": "https://bucket/out"}, "S3OutputPath must begin with s3://"),
        ({"MaxPayloadInMB": 101}, "cannot exceed 100 MB"),
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "cannot exceed 100 MB"),
        ({"MaxPayloadInMB": 0}, "chunked"),
        ({"DataProcessing": {"JoinSource": "Input"}}, "DataProcessing other than its defaults"),
        ({"DataProcessing": {"OutputFilter": "$.a"}}, "DataProcessing other than its defaults"),
        ({"BatchStrategy": "Many"}, "enum value set"),
    ],
    ids=lambda wrong: next(iter(wrong)) if isinstance(wrong, dict) else "",
)
def test_a_job_that_cannot_run_is_refused(
    transforms: Transforms, wrong: dict[str, Any], reason: str
) -> None:
    request = transforms.request("x", transforms.model(), **wrong)
    with pytest.raises(ClientError, match=reason) as caught:
        transforms.sagemaker.create_transform_job(**request)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_model_with_uncompressed_data_is_refused(transforms: Transforms) -> None:
    source = {
        "S3Uri": f"s3://{DATA}/model/",
        "S3DataType": "S3Prefix",
        "CompressionType": "None",
    }
    model = transforms.model(container={"ModelDataSource": {"S3DataSource": source}})
    with pytest.raises(ClientError, match="ModelDataSource cannot be used with batch transform"):
        transforms.sagemaker.create_transform_job(**transforms.request("x", model))


def test_a_job_that_never_was_is_not_found(transforms: Transforms) -> None:
    with pytest.raises(ClientError, match="Could not find transform job"):
        transforms.describe("nobody")
