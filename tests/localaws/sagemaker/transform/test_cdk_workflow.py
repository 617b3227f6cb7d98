"""What CDK's own constructs make of a batch workflow, in a stack."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2, aws_events, aws_events_targets, aws_s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

from stacks.settings.mode_settings import BatchSettings
from stacks.transform_definition import definition
from tests.localaws.sagemaker.conftest import ACCOUNT, REGION, ROLE, eventually
from tests.localaws.sagemaker.transform.conftest import DATA, Transforms
from tests.localaws.sagemaker.transform.test_workflows import ended
from tests.stacks.compatibility.asking import plan_of

pytestmark = pytest.mark.slow


def template(model: str) -> dict[str, Any]:
    """A state machine that transforms each object as it arrives under `in/`."""
    stack = cdk.Stack(
        cdk.App(analytics_reporting=False),
        "Batch",
        env=cdk.Environment(account=ACCOUNT, region=REGION),
        synthesizer=cdk.LegacyStackSynthesizer(),
    )
    arrivals = aws_s3.Bucket(stack, "Arrivals", bucket_name="arrivals", event_bridge_enabled=True)
    run = tasks.SageMakerCreateTransformJob(
        stack,
        "Run",
        transform_job_name=sfn.JsonPath.format(
            "cdk-{}", sfn.JsonPath.array_get_item(_parts("$$.Execution.Name"), 0)
        ),
        model_name=model,
        integration_pattern=sfn.IntegrationPattern.RUN_JOB,
        batch_strategy=tasks.BatchStrategy.SINGLE_RECORD,
        max_payload=cdk.Size.mebibytes(1),
        max_concurrent_transforms=2,
        model_client_options=tasks.ModelClientOptions(
            invocations_max_retries=1, invocations_timeout=cdk.Duration.minutes(1)
        ),
        transform_input=tasks.TransformInput(
            transform_data_source=tasks.TransformDataSource(
                s3_data_source=tasks.TransformS3DataSource(
                    s3_uri=sfn.JsonPath.format(
                        "s3://arrivals/{}", sfn.JsonPath.string_at("$.detail.object.key")
                    )
                )
            ),
            split_type=tasks.SplitType.LINE,
        ),
        transform_output=tasks.TransformOutput(
            s3_output_path=f"s3://{DATA}/cdk", assemble_with=tasks.AssembleWith.LINE
        ),
        transform_resources=tasks.TransformResources(
            instance_count=1, instance_type=aws_ec2.InstanceType("m5.large")
        ),
    )
    run.add_retry(errors=["SageMaker.AmazonSageMakerException"], max_attempts=1)
    machine = sfn.StateMachine(
        stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(run)
    )
    pattern = aws_events.EventPattern(
        source=["aws.s3"],
        detail_type=["Object Created"],
        detail={
            "bucket": {"name": [arrivals.bucket_name]},
            "object": {"key": aws_events.Match.prefix("in/")},
        },
    )
    aws_events.Rule(
        stack,
        "Rule",
        event_pattern=pattern,
        targets=[aws_events_targets.SfnStateMachine(machine)],
    )
    cdk.CfnOutput(stack, "Arn", value=machine.state_machine_arn)
    return dict(cdk.assertions.Template.from_stack(stack).to_json())


def _parts(path: str) -> str:
    return sfn.JsonPath.string_split(sfn.JsonPath.string_at(path), "_")


def test_an_object_that_arrives_is_transformed(transforms: Transforms) -> None:
    stacks = transforms.account.client("cloudformation")
    stacks.create_stack(StackName="Batch", TemplateBody=json.dumps(template(transforms.model())))

    def made() -> Any:
        (stack,) = stacks.describe_stacks(StackName="Batch")["Stacks"]
        assert "FAILED" not in stack["StackStatus"], stack
        assert "ROLLBACK" not in stack["StackStatus"], stacks.describe_stack_events(
            StackName="Batch"
        )
        return stack if stack["StackStatus"] == "CREATE_COMPLETE" else None

    arn = eventually(made)["Outputs"][0]["OutputValue"]
    transforms.s3.put_object(Bucket="arrivals", Key="in/x.jsonl", Body=b"1\n2\n")
    steps = transforms.account.client("stepfunctions")
    (execution,) = eventually(lambda: steps.list_executions(stateMachineArn=arn)["executions"])
    told = ended(transforms, execution["executionArn"])
    assert told["status"] == "SUCCEEDED", told
    stored = transforms.s3.get_object(Bucket=DATA, Key="cdk/x.jsonl.out")["Body"].read()
    bodies = [json.loads(line)["body"] for line in stored.splitlines()]
    assert bodies == ["1\n", "2\n"]


def test_the_projects_own_state_machine_transforms_what_arrives(transforms: Transforms) -> None:
    settings = BatchSettings(split="Line", join="Line", strategy="SingleRecord")
    (variant,) = plan_of('mode = "batch"').variants
    own = definition(partition="aws", jobs="berth-dev-", settings=settings, variant=variant)
    text = json.dumps(own)
    substitutions = {"Model": transforms.model(), "Bucket": DATA, "Key": "alias/none"}
    for name, value in substitutions.items():
        text = text.replace(f"${{{name}}}", value)
    steps = transforms.account.client("stepfunctions")
    arn = steps.create_state_machine(name="own", definition=text, roleArn=ROLE)["stateMachineArn"]
    transforms.s3.put_object(Bucket=DATA, Key="batch/input/x.jsonl", Body=b"1\n2\n")
    event = json.dumps({"detail": {"object": {"key": "batch/input/x.jsonl"}}})
    begun = steps.start_execution(stateMachineArn=arn, input=event, name="first")
    told = ended(transforms, begun["executionArn"])
    assert told["status"] == "SUCCEEDED", told
    output = json.loads(told["output"])
    assert output["output"] == f"s3://{DATA}/batch/output/first/"
    key = "batch/output/first/x.jsonl.out"
    stored = transforms.s3.get_object(Bucket=DATA, Key=key)["Body"].read()
    assert [json.loads(line)["body"] for line in stored.splitlines()] == ["1\n", "2\n"]
