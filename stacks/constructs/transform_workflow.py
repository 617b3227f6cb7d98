"""Batch transform: a state machine that runs a transform job to its end."""

import json

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from stacks.constructs.transform_starters import TransformStarters
from stacks.policies import allow, allow_grants, log_group_arn, own_service
from stacks.settings.mode_settings import BatchSettings
from stacks.stage_plan import StageNames, VariantPlan
from stacks.transform_definition import definition

_LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)


class TransformWorkflow(Construct):
    """Objects under `batch/input/` of the bucket become results under `batch/output/`.

    An execution is started by hand, by the schedule, or by an object's arrival. The composer has to
    make the log group, let the model's role read and write the two prefixes, and, for
    `on_arrival`, have the bucket tell EventBridge of its objects.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        names: StageNames,
        model_name: str,
        settings: BatchSettings,
        variant: VariantPlan,
        bucket: s3.IBucket,
        key: kms.IKey,
        alarm_topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, id)
        self._name = names.state_machine
        jobs = cdk.Stack.of(self).format_arn(
            service="sagemaker", resource="transform-job", resource_name=f"{names.transform_jobs}*"
        )
        self.wildcards = [jobs]
        role = _role(
            self, "Role", jobs=jobs, volume_key_arn=key.key_arn if variant.has_volumes else None
        )
        what_to_do = definition(
            partition=cdk.Stack.of(self).partition,
            jobs=names.transform_jobs,
            settings=settings,
            variant=variant,
        )
        self.machine = stepfunctions.CfnStateMachine(
            self,
            "Machine",
            state_machine_name=self._name,
            role_arn=role.role_arn,
            definition_string=json.dumps(what_to_do),
            definition_substitutions={
                "Model": model_name,
                "Bucket": bucket.bucket_name,
                "Key": key.key_arn,
            },
            logging_configuration=_log_everything_to(
                log_group_arn(cdk.Stack.of(self), names.state_machine_logs)
            ),
        )
        self._alarm(alarm_topic)
        TransformStarters(
            self,
            "Starters",
            machine_arn=self.machine.attr_arn,
            bucket_name=bucket.bucket_name,
            schedule=settings.schedule,
            on_arrival=settings.on_arrival,
        )

    def _alarm(self, topic: sns.ITopic) -> None:
        ends = {
            "failed": "ExecutionsFailed",
            "late": "ExecutionsTimedOut",
            "aborted": "ExecutionsAborted",
        }
        alarm = cloudwatch.Alarm(
            self,
            "Failures",
            metric=cloudwatch.MathExpression(
                # A sum is missing where one of its parts is, and these are not always published.
                expression=" + ".join(f"FILL({end}, 0)" for end in ends),
                label="Executions that did not succeed",
                using_metrics={end: self._executions(metric) for end, metric in ends.items()},
                period=cdk.Duration.minutes(1),
            ),
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=1,
            # No execution, no data points: that is no fault.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description="A batch job ended without all of its results: open the last "
            f"executions of the state machine {self._name}, whose cause names the input and the "
            "reason; mend that, and start an execution anew with the same input.",
        )
        alarm.add_alarm_action(actions.SnsAction(topic))

    def _executions(self, metric_name: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/States",
            metric_name=metric_name,
            dimensions_map={"StateMachineArn": self.machine.attr_arn},
            statistic="Sum",
            period=cdk.Duration.minutes(1),
        )


def _log_everything_to(
    group_arn: str,
) -> stepfunctions.CfnStateMachine.LoggingConfigurationProperty:
    """An execution's data says where objects lie, never what is in them."""
    destination = stepfunctions.CfnStateMachine.CloudWatchLogsLogGroupProperty(
        log_group_arn=group_arn
    )
    return stepfunctions.CfnStateMachine.LoggingConfigurationProperty(
        level="ALL",
        include_execution_data=True,
        destinations=[
            stepfunctions.CfnStateMachine.LogDestinationProperty(
                cloud_watch_logs_log_group=destination
            )
        ],
    )


def _role(scope: Construct, id: str, *, jobs: str, volume_key_arn: str | None) -> iam.Role:
    """What `.sync` needs for `jobs`, and what any state machine needs that writes a log.

    https://docs.aws.amazon.com/step-functions/latest/dg/sagemaker-iam.html
    https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    """
    stack = cdk.Stack.of(scope)
    # Step Functions manages this rule, by which it is notified that a job has ended.
    rule = stack.format_arn(
        service="events",
        resource="rule",
        resource_name="StepFunctionsGetEventsForSageMakerTransformJobsRule",
    )
    statements = [
        # AddTags: Step Functions marks the jobs that it starts. No iam:PassRole:
        # CreateTransformJob names no role, the job runs with its model's.
        allow(
            "sagemaker:AddTags",
            "sagemaker:CreateTransformJob",
            "sagemaker:DescribeTransformJob",
            "sagemaker:ListTags",
            "sagemaker:StopTransformJob",
            on=[jobs],
        ),
        allow("events:DescribeRule", "events:PutRule", "events:PutTargets", on=[rule]),
        allow(*_LOG_DELIVERY, on=["*"]),  # these know no resources
    ]
    if volume_key_arn:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
        statements.append(allow_grants(volume_key_arn))
    return iam.Role(
        scope,
        id,
        assumed_by=own_service(stack, "states.amazonaws.com"),
        inline_policies={"batch": iam.PolicyDocument(statements=statements)},
    )
