"""How a log group of a stage is named in policies.

The storage stack makes the groups of `StagePlan.log_groups`, so that neither a failed deployment's
rollback nor `cdk destroy` deletes what says why it failed. Whatever writes to one names it as text,
which needs no output of that stack.
"""

import aws_cdk as cdk


def log_group_arn(stack: cdk.Stack, group: str) -> str:
    """The ARN of a group of the stack's account, with the `:*` that policies ask for."""
    return f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:{group}:*"
