"""What a batch state machine may do."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

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


def transform_role(scope: Construct, id: str, *, jobs: str, volume_key_arn: str | None) -> iam.Role:
    """What `.sync` needs for `jobs`, and what any state machine needs that writes a log.

    https://docs.aws.amazon.com/step-functions/latest/dg/sagemaker-iam.html
    https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    """
    stack = cdk.Stack.of(scope)
    # Step Functions keeps this rule itself, and hears through it that a job has ended.
    rule = stack.format_arn(
        service="events",
        resource="rule",
        resource_name="StepFunctionsGetEventsForSageMakerTransformJobsRule",
    )
    statements = [
        # AddTags: Step Functions marks the jobs that it starts. No iam:PassRole:
        # CreateTransformJob names no role, the job runs with its model's.
        _allow(
            "sagemaker:AddTags",
            "sagemaker:CreateTransformJob",
            "sagemaker:DescribeTransformJob",
            "sagemaker:ListTags",
            "sagemaker:StopTransformJob",
            on=jobs,
        ),
        _allow("events:DescribeRule", "events:PutRule", "events:PutTargets", on=rule),
        _allow(*_LOG_DELIVERY, on="*"),  # these know no resources
    ]
    if volume_key_arn:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
        grant = _allow("kms:CreateGrant", on=volume_key_arn)
        grant.add_condition("Bool", {"kms:GrantIsForAWSResource": "true"})
        statements.append(grant)
    return iam.Role(
        scope,
        id,
        assumed_by=iam.ServicePrincipal(
            "states.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
        ),
        inline_policies={"batch": iam.PolicyDocument(statements=statements)},
    )


def _allow(*actions: str, on: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=[on])
