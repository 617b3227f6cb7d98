"""Batch transform: the state machine, what it may do, what starts it, who hears of a failure."""

import json
import re
from typing import Any

import aws_cdk as cdk
import jsonata
import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from stacks.constructs.transform_workflow import TransformWorkflow
from stacks.settings.mode_settings import BatchSettings
from stacks.stage_plan import StageNames, VariantPlan
from tests.stacks.compatibility.asking import plan_of
from tests.stacks.constructs.conftest import (
    ACCOUNT,
    KEY_ARN,
    REGION,
    Synthesize,
    Synthesized,
    Template,
    key_of,
)

pytestmark = pytest.mark.slow

NAMES, NAME = StageNames("berth", "dev"), "berth-dev"
LONGEST = StageNames("p" * 32, "s" * 16)
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
MACHINE = "AWS::StepFunctions::StateMachine"


def on(instance_type: str) -> VariantPlan:
    (variant,) = plan_of(
        f'mode = "batch"\nendpoint.instance_type = "{instance_type}"', cuda="12.6"
    ).variants
    return variant


def workflow(synthesize: Synthesize, **changes: Any) -> Synthesized:
    settings = changes.pop("settings", {})

    def fill(stack: cdk.Stack) -> None:
        arguments: dict[str, Any] = {
            "names": NAMES,
            "model_name": "the-model",
            "settings": BatchSettings(**settings),
            "variant": on("ml.m5.xlarge"),
            "bucket": s3.Bucket.from_bucket_name(stack, "Bucket", "the-bucket"),
            "key": key_of(stack),
            "alarm_topic": sns.Topic.from_topic_arn(stack, "Topic", TOPIC),
        }
        TransformWorkflow(stack, "Batch", **(arguments | changes))

    return synthesize(fill)


def states(template: Synthesized) -> Template:
    machine = template.only(MACHINE)
    text: str = machine["DefinitionString"]
    for name, value in machine["DefinitionSubstitutions"].items():
        text = text.replace(f"${{{name}}}", value)
    assert "${" not in text
    found: Template = json.loads(text)["States"]
    return found


def evaluate(expression: str, states: Any = None, **variables: Any) -> Any:
    """What Step Functions would make of `{% expression %}`."""
    inside = re.fullmatch(r"\{% (.*) %\}", expression, re.DOTALL)
    assert inside
    parsed = jsonata.Jsonata.jsonata(inside[1])
    parsed.register_lambda("uuid", lambda: "01234567-89ab-4def-8123-456789abcdef")
    parsed.register_lambda("parse", json.loads)
    return parsed.evaluate(None, {"states": states, **variables})


@pytest.fixture(scope="module")
def plain(synthesize: Synthesize) -> Synthesized:
    return workflow(synthesize)


@pytest.fixture(scope="module")
def started(synthesize: Synthesize) -> Synthesized:
    return workflow(
        synthesize,
        settings={"schedule": "cron(0 7 ? * MON-FRI *)", "on_arrival": True},
        variant=on("ml.g4dn.xlarge"),
    )


def test_the_job_is_as_the_settings_say(plain: Synthesized) -> None:
    job = states(plain)["Transform"]["Arguments"]
    assert job["ModelName"] == "the-model"
    assert job["BatchStrategy"] == "MultiRecord"
    assert job["MaxPayloadInMB"] == 6
    assert job["MaxConcurrentTransforms"] == 4
    assert job["TransformInput"]["ContentType"] == "application/jsonlines"
    assert job["TransformInput"]["SplitType"] == "Line"
    assert job["TransformOutput"]["Accept"] == "application/jsonlines"
    assert job["TransformOutput"]["AssembleWith"] == "Line"
    assert job["TransformOutput"]["KmsKeyId"] == KEY_ARN
    assert job["TransformResources"] == {
        "InstanceType": "ml.m5.xlarge",
        "InstanceCount": 1,
        "VolumeKmsKeyId": KEY_ARN,
    }


def test_objects_that_are_not_split_have_no_batch_strategy(synthesize: Synthesize) -> None:
    job = states(workflow(synthesize, settings={"split": "None"}))["Transform"]["Arguments"]
    assert job["TransformInput"]["SplitType"] == "None"
    assert "BatchStrategy" not in job


def test_the_ami_is_named_where_there_is_one(started: Synthesized) -> None:
    resources = states(started)["Transform"]["Arguments"]["TransformResources"]
    assert resources["TransformAmiVersion"] == "al2-ami-sagemaker-batch-gpu-535"


def test_the_volume_has_our_key_only_where_the_instance_type_allows_it(
    plain: Synthesized, started: Synthesized
) -> None:
    resources = [
        states(each)["Transform"]["Arguments"]["TransformResources"] for each in (plain, started)
    ]
    assert [each.get("VolumeKmsKeyId") for each in resources] == [KEY_ARN, None]
    assert "kms:CreateGrant" not in allowed(started)  # g4dn has disks of its own
    assert allowed(plain)["kms:CreateGrant"]["Resource"] == KEY_ARN
    assert allowed(plain)["kms:CreateGrant"]["Condition"] == {
        "Bool": {"kms:GrantIsForAWSResource": "true"}
    }


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ({}, "s3://the-bucket/batch/input/"),
        ({"input": "s3://the-bucket/elsewhere/"}, "s3://the-bucket/elsewhere/"),
        ({"input": "batch/input/monday/"}, "s3://the-bucket/batch/input/monday/"),
        (
            {"detail": {"object": {"key": 'batch/input/a "b".jsonl', "size": 7}}},
            's3://the-bucket/batch/input/a "b".jsonl',
        ),
    ],
)
def test_the_input_is_what_arrived_or_what_the_caller_says_or_everything(
    plain: Synthesized, given: dict[str, Any], source: str
) -> None:
    assign = states(plain)["Locate"]["Assign"]
    assert evaluate(assign["source"], {"input": given}) == source
    data_source = states(plain)["Transform"]["Arguments"]["TransformInput"]["DataSource"]
    assert data_source == {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "{% $source %}"}}


def test_each_execution_has_a_place_for_its_results(plain: Synthesized) -> None:
    path = states(plain)["Transform"]["Arguments"]["TransformOutput"]["S3OutputPath"]
    running = {"context": {"Execution": {"Name": "monday"}}}
    assert evaluate(path, running) == "s3://the-bucket/batch/output/monday/"


@pytest.mark.parametrize("names", [NAMES, LONGEST], ids=lambda names: names.endpoint)
def test_job_names_are_unique_and_within_sagemakers_limit(
    synthesize: Synthesize, names: StageNames
) -> None:
    template, name = workflow(synthesize, names=names), names.endpoint
    job_name = evaluate(states(template)["Transform"]["Arguments"]["TransformJobName"])
    assert job_name == f"{name}-01234567-89ab"
    assert len(job_name) <= 63
    assert allowed(template)["sagemaker:CreateTransformJob"]["Resource"].endswith(f"/{name}-*")


def test_a_failed_job_is_tried_as_often_as_the_settings_say(synthesize: Synthesize) -> None:
    template = workflow(synthesize, settings={"attempts": 4, "timeout_hours": 2})
    transform = states(template)["Transform"]
    tries = {retry["ErrorEquals"][0]: retry["MaxAttempts"] for retry in transform["Retry"]}
    assert tries["States.TaskFailed"] == 3
    assert transform["TimeoutSeconds"] == 2 * 3600


def test_throttling_and_quota_have_retries_of_their_own_before_the_jobs(plain: Synthesized) -> None:
    retries = states(plain)["Transform"]["Retry"]
    assert [retry["ErrorEquals"] for retry in retries] == [
        ["SageMaker.AmazonSageMakerException"],
        ["SageMaker.ResourceLimitExceededException"],
        ["States.TaskFailed"],
    ]
    assert all(retry["BackoffRate"] == 2 for retry in retries)


@pytest.mark.parametrize("attempts", [1, 3, 10])
def test_the_execution_lasts_long_enough_for_every_attempt_and_wait(
    synthesize: Synthesize, attempts: int
) -> None:
    template = workflow(synthesize, settings={"attempts": attempts})
    transform = states(template)["Transform"]
    waits = sum(
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** count, retry["MaxDelaySeconds"])
        for retry in transform["Retry"]
        for count in range(retry["MaxAttempts"])
    )
    longest = json.loads(template.only(MACHINE)["DefinitionString"])["TimeoutSeconds"]
    assert longest >= attempts * transform["TimeoutSeconds"] + waits


@pytest.mark.parametrize(
    ("error_output", "reason"),
    [
        (
            {"Error": "States.TaskFailed", "Cause": '{"FailureReason": "CapacityError: none"}'},
            "CapacityError: none",
        ),
        (
            {"Error": "SageMaker.AmazonSageMakerException", "Cause": "Rate exceeded"},
            "Rate exceeded",
        ),
        ({"Error": "States.Timeout"}, "no reason given"),
    ],
)
def test_a_failed_execution_names_its_input_and_the_reason(
    plain: Synthesized, error_output: dict[str, str], reason: str
) -> None:
    (catch,) = states(plain)["Transform"]["Catch"]
    assert catch["ErrorEquals"] == ["States.ALL"]
    caught = {
        key: evaluate(value, {"errorOutput": error_output})
        for key, value in catch["Output"].items()
    }
    failed = states(plain)[catch["Next"]]
    assert failed["Type"] == "Fail"
    said = {"input": caught}
    assert evaluate(failed["Error"], said) == error_output["Error"]
    assert evaluate(failed["Cause"], said, source="s3://b/x") == f"s3://b/x: {reason}"


def allowed(template: Synthesized) -> dict[str, Template]:
    """The statement of each action that the state machine's role may take."""
    roles = template.all("AWS::IAM::Role").values()
    (role,) = (role for role in roles if trusted(role) == "states.amazonaws.com")
    found: dict[str, Template] = {}
    for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
        actions = statement["Action"]
        found |= dict.fromkeys([actions] if isinstance(actions, str) else actions, statement)
    return found


def trusted(role: Template) -> str:
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    service: str = statement["Principal"]["Service"]
    return service


def test_the_state_machine_may_run_its_own_jobs_and_no_others(plain: Synthesized) -> None:
    jobs = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:transform-job/{NAME}-*"
    on_sagemaker = {
        action: statement["Resource"]
        for action, statement in allowed(plain).items()
        if action.startswith("sagemaker:")
    }
    assert on_sagemaker == {
        "sagemaker:AddTags": jobs,
        "sagemaker:CreateTransformJob": jobs,
        "sagemaker:DescribeTransformJob": jobs,
        "sagemaker:ListTags": jobs,
        "sagemaker:StopTransformJob": jobs,
    }
    assert "iam:PassRole" not in allowed(plain)


def test_only_log_delivery_knows_no_resources(plain: Synthesized) -> None:
    everywhere = [
        action for action, statement in allowed(plain).items() if statement["Resource"] == "*"
    ]
    assert everywhere
    assert all(action.startswith("logs:") for action in everywhere)


def test_everything_is_logged_to_the_stages_group(plain: Synthesized) -> None:
    assert not plain.all("AWS::Logs::LogGroup")
    logging = plain.only(MACHINE)["LoggingConfiguration"]
    (destination,) = logging["Destinations"]
    assert destination["CloudWatchLogsLogGroup"]["LogGroupArn"] == (
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/vendedlogs/states/{NAME}-batch:*"
    )
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ALL", True)


def test_nothing_starts_it_by_itself_unless_the_settings_say_so(plain: Synthesized) -> None:
    assert not plain.all("AWS::Scheduler::Schedule")
    assert not plain.all("AWS::Events::Rule")
    assert len(plain.all("AWS::IAM::Role")) == 1


def test_the_schedule_starts_it_at_the_minute(started: Synthesized) -> None:
    schedule = started.only("AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "cron(0 7 ? * MON-FRI *)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule["Target"]["Arn"] == machine_arn(started)
    assert schedule["Target"]["Input"] == "{}"


def test_objects_that_arrive_start_it_and_empty_ones_do_not(started: Synthesized) -> None:
    rule = started.only("AWS::Events::Rule")
    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": ["the-bucket"]},
            "object": {
                "key": [{"prefix": "batch/input/"}],
                "size": [{"numeric": [">", 0]}],
            },
        },
    }
    (target,) = rule["Targets"]
    assert target["Arn"] == machine_arn(started)
    assert not {"Input", "InputPath", "InputTransformer"} & set(target)


def test_what_starts_it_may_do_nothing_else(started: Synthesized) -> None:
    starters = {
        trusted(role): role["Policies"][0]["PolicyDocument"]["Statement"]
        for role in started.all("AWS::IAM::Role").values()
        if trusted(role) != "states.amazonaws.com"
    }
    start = {
        "Effect": "Allow",
        "Action": "states:StartExecution",
        "Resource": machine_arn(started),
    }
    assert starters == {"scheduler.amazonaws.com": [start], "events.amazonaws.com": [start]}


def machine_arn(template: Synthesized) -> Template:
    (logical_id,) = template.all(MACHINE)
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def test_the_alarm_hears_of_every_end_but_success(plain: Synthesized) -> None:
    alarm = plain.only("AWS::CloudWatch::Alarm")
    assert alarm["AlarmActions"] == [TOPIC]
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (1, 1)
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert "start an execution anew" in alarm["AlarmDescription"]
    (total, *parts) = alarm["Metrics"]
    assert total["Expression"] == "FILL(failed, 0) + FILL(late, 0) + FILL(aborted, 0)"
    metrics = {part["Id"]: part["MetricStat"]["Metric"] for part in parts}
    assert {id_: metric["MetricName"] for id_, metric in metrics.items()} == {
        "failed": "ExecutionsFailed",
        "late": "ExecutionsTimedOut",
        "aborted": "ExecutionsAborted",
    }
    for metric in metrics.values():
        assert metric["Namespace"] == "AWS/States"
        assert metric["Dimensions"] == [{"Name": "StateMachineArn", "Value": machine_arn(plain)}]


def test_cfn_lint_has_nothing_to_say(started: Synthesized, plain: Synthesized) -> None:
    assert started.lint() == []
    assert plain.lint() == []
