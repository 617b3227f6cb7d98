"""State machines that run transform jobs."""

import json
from itertools import count
from typing import Any

import pytest

from tests.localaws.sagemaker.conftest import ROLE, eventually
from tests.localaws.sagemaker.transform.conftest import DATA, Transforms

pytestmark = pytest.mark.slow

SYNC = "arn:aws:states:::sagemaker:createTransformJob.sync"
SDK = "arn:aws:states:::aws-sdk:sagemaker"

_numbers = count(1)


def machine(transforms: Transforms, first: str, **states: dict[str, Any]) -> str:
    """The ARN of a new state machine."""
    definition = json.dumps({"StartAt": first, "States": states})
    made = transforms.account.client("stepfunctions").create_state_machine(
        name=f"machine-{next(_numbers)}", definition=definition, roleArn=ROLE
    )
    return str(made["stateMachineArn"])


def execute(transforms: Transforms, first: str, **states: dict[str, Any]) -> dict[str, Any]:
    """DescribeExecution's answer of an execution that has ended."""
    steps = transforms.account.client("stepfunctions")
    arn = steps.start_execution(stateMachineArn=machine(transforms, first, **states))[
        "executionArn"
    ]
    return ended(transforms, arn)


def ended(transforms: Transforms, arn: str) -> dict[str, Any]:
    steps = transforms.account.client("stepfunctions")

    def look() -> dict[str, Any] | None:
        seen: dict[str, Any] = steps.describe_execution(executionArn=arn)
        return None if seen["status"] == "RUNNING" else seen

    return eventually(look)


def task(resource: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    end = {} if "Next" in more else {"End": True}
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, **end, **more}


def test_a_state_runs_a_job_to_its_end(transforms: Transforms) -> None:
    request = transforms.request(transforms.put({"x": "1"}), transforms.model())
    execution = execute(transforms, "Run", Run=task(SYNC, request))
    assert execution["status"] == "SUCCEEDED", execution
    output = json.loads(execution["output"])
    assert output["TransformJobStatus"] == "Completed"
    assert output["TransformEndTime"] > 10**12  # milliseconds
    job = transforms.describe(request["TransformJobName"])
    assert set(transforms.outputs(job)) == {"x.out"}


def test_a_job_that_fails_fails_the_execution_with_the_reason(transforms: Transforms) -> None:
    request = transforms.request("nothing-here", transforms.model())
    execution = execute(transforms, "Run", Run=task(SYNC, request))
    assert execution["status"] == "FAILED"
    assert execution["error"] == "States.TaskFailed"
    assert "No S3 objects found" in json.loads(execution["cause"])["FailureReason"]


def test_a_job_that_was_stopped_fails_the_execution(transforms: Transforms) -> None:
    name, execution = begin(transforms)
    transforms.sagemaker.stop_transform_job(TransformJobName=name)
    cause = json.loads(ended(transforms, execution)["cause"])
    assert cause["TransformJobStatus"] == "Stopped"


def test_a_job_is_stopped_with_its_execution(transforms: Transforms) -> None:
    name, execution = begin(transforms)
    transforms.account.client("stepfunctions").stop_execution(executionArn=execution)
    assert transforms.ended(name)["TransformJobStatus"] == "Stopped"
    assert ended(transforms, execution)["status"] == "ABORTED"


def test_a_job_is_stopped_when_its_states_time_is_over(transforms: Transforms) -> None:
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "Rest"}]
    name, execution = begin(transforms, TimeoutSeconds=2, Catch=catch)
    assert transforms.ended(name)["TransformJobStatus"] == "Stopped"
    steps = transforms.account.client("stepfunctions")
    assert steps.describe_execution(executionArn=execution)["status"] == "RUNNING"
    steps.stop_execution(executionArn=execution)


def begin(transforms: Transforms, **state: Any) -> tuple[str, str]:
    """A job that would take ten minutes, and the ARN of the execution that runs it."""
    request = transforms.request(transforms.put({"slow": '{"sleep": 600}'}), transforms.model())
    rest = {"Type": "Wait", "Seconds": 600, "End": True}
    arn = machine(transforms, "Run", Run=task(SYNC, request, **state), Rest=rest)
    begun = transforms.account.client("stepfunctions").start_execution(stateMachineArn=arn)
    name = request["TransformJobName"]
    eventually(lambda: exists(transforms, name))
    return name, begun["executionArn"]


def test_executions_are_counted_by_their_end(transforms: Transforms) -> None:
    request = transforms.request("nothing-here", transforms.model())
    arn = execute(transforms, "Run", Run=task(SYNC, request))["stateMachineArn"]

    def counted() -> set[str]:
        found = transforms.account.client("cloudwatch").list_metrics(
            Namespace="AWS/States", Dimensions=[{"Name": "StateMachineArn", "Value": arn}]
        )
        return {one["MetricName"] for one in found["Metrics"]}

    eventually(lambda: counted() == {"ExecutionsStarted", "ExecutionsFailed"})


def exists(transforms: Transforms, name: str) -> bool:
    listed = transforms.sagemaker.list_transform_jobs(NameContains=name, MaxResults=100)
    return name in [one["TransformJobName"] for one in listed["TransformJobSummaries"]]


def test_a_failed_job_is_tried_again_and_then_caught(transforms: Transforms) -> None:
    request = transforms.request("nothing-here", transforms.model())
    name = request.pop("TransformJobName")
    parameters = {
        "TransformJobName.$": f"States.Format('{name}-{{}}', $$.State.RetryCount)",
        **request,
    }
    retry = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Tell"}]
    execution = execute(
        transforms,
        "Run",
        Run=task(SYNC, parameters, Retry=retry, Catch=catch),
        Tell={"Type": "Pass", "End": True},
    )
    assert execution["status"] == "SUCCEEDED", execution
    caught = json.loads(execution["output"])
    assert caught["Error"] == "States.TaskFailed"
    assert json.loads(caught["Cause"])["TransformJobName"] == f"{name}-1"
    assert transforms.ended(f"{name}-0")["TransformJobStatus"] == "Failed"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"ModelName": "nobody"}, "SageMaker.AmazonSageMakerException"),
        ({"TransformJobName": "-"}, "SageMaker.AmazonSageMakerException"),
    ],
    ids=["unknown model", "wrong name"],
)
def test_a_refused_request_is_the_services_exception(
    transforms: Transforms, changes: dict[str, Any], error: str
) -> None:
    request = {**transforms.request("x", transforms.model()), **changes}
    assert execute(transforms, "Run", Run=task(SYNC, request))["error"] == error


def test_without_sync_the_state_does_not_wait(transforms: Transforms) -> None:
    prefix = transforms.put({"slow": '{"sleep": 600}'})
    request = transforms.request(prefix, transforms.model())
    execution = execute(transforms, "Run", Run=task(SYNC.removesuffix(".sync"), request))
    job = transforms.describe(request["TransformJobName"])
    assert json.loads(execution["output"]) == {"TransformJobArn": job["TransformJobArn"]}
    assert job["TransformJobStatus"] == "InProgress"
    transforms.sagemaker.stop_transform_job(TransformJobName=request["TransformJobName"])
    transforms.ended(request["TransformJobName"])


def test_the_sdk_integrations_begin_and_describe_a_job(transforms: Transforms) -> None:
    request = transforms.request(transforms.put({"x": "1"}), transforms.model(), MaxPayloadInMB=1)
    named = {"TransformJobName": request["TransformJobName"]}
    execution = execute(
        transforms,
        "Begin",
        Begin=task(f"{SDK}:createTransformJob", request, Next="Look"),
        Look=task(f"{SDK}:describeTransformJob", named, Next="Done"),
        Done={
            "Type": "Choice",
            "Choices": [
                {
                    "Variable": "$.TransformJobStatus",
                    "StringEquals": "InProgress",
                    "Next": "Wait",
                }
            ],
            "Default": "End",
        },
        Wait={"Type": "Wait", "Seconds": 1, "Next": "Look"},
        End={"Type": "Succeed"},
    )
    assert execution["status"] == "SUCCEEDED", execution
    assert json.loads(execution["output"])["TransformJobStatus"] == "Completed"


def test_the_sdk_integrations_errors_have_the_java_sdks_names(transforms: Transforms) -> None:
    request = transforms.request(transforms.put({"x": "1"}), transforms.model())
    create = f"{SDK}:createTransformJob"
    states = {"Once": task(create, request, Next="Again"), "Again": task(create, request)}
    execution = execute(transforms, "Once", **states)
    assert execution["error"] == "SageMaker.ResourceInUseException"
    unknown = task(f"{SDK}:describeTransformJob", {"TransformJobName": "nobody"})
    assert execute(transforms, "Run", Run=unknown)["error"] == "SageMaker.SageMakerException"
    transforms.ended(request["TransformJobName"])


def test_an_object_that_arrives_starts_an_execution(transforms: Transforms) -> None:
    s3, events = transforms.s3, transforms.account.client("events")
    s3.put_bucket_notification_configuration(
        Bucket=DATA, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    request = transforms.request("", transforms.model())
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    del source["S3Uri"]
    source["S3Uri.$"] = f"States.Format('s3://{DATA}/{{}}', $.detail.object.key)"
    arn = machine(transforms, "Run", Run=task(SYNC, request))
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [DATA]}, "object": {"key": [{"prefix": "arriving/"}]}},
    }
    events.put_rule(Name="arrivals", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="arrivals", Targets=[{"Id": "1", "Arn": arn, "RoleArn": ROLE}])
    s3.put_object(Bucket=DATA, Key="elsewhere/x", Body=b"1")
    s3.put_object(Bucket=DATA, Key="arriving/x", Body=b"2")
    steps = transforms.account.client("stepfunctions")
    (execution,) = eventually(lambda: steps.list_executions(stateMachineArn=arn)["executions"])
    assert ended(transforms, execution["executionArn"])["status"] == "SUCCEEDED"
    outputs = transforms.outputs(transforms.describe(request["TransformJobName"]))
    assert json.loads(outputs["x.out"])["body"] == "2"
    events.remove_targets(Rule="arrivals", Ids=["1"])
