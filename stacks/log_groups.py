"""Where the containers of a stage log to."""

import aws_cdk as cdk
from aws_cdk import aws_logs as logs

from stacks.stage_plan import StagePlan


def log_group(
    stack: cdk.Stack, id: str, *, plan: StagePlan, key_arn: str
) -> logs.CfnLogGroup | None:
    """The group of an endpoint: SageMaker would make it itself, and keep its logs for ever.

    None without an endpoint: all transform jobs of an account log to one group, which is not a
    stage's.
    """
    if not plan.mode.has_endpoint:
        return None
    return logs.CfnLogGroup(
        stack,
        id,
        log_group_name=plan.container_logs,
        retention_in_days=plan.settings.log_retention_days,
        kms_key_id=key_arn,
    )


def log_group_arn(stack: cdk.Stack, group: logs.CfnLogGroup | None) -> str:
    """The ARN of a group and its streams, as policies have it; of None the transform jobs'."""
    if group:
        return group.attr_arn
    jobs = "/aws/sagemaker/TransformJobs"
    return f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:{jobs}:*"
