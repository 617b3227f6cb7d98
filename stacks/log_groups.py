"""The log groups of a stage, by their names.

The storage stack makes them, so that neither a failed deployment's rollback nor `cdk destroy`
deletes what says why it failed. Whatever writes to one names it as text, which needs no output of
that stack.
"""

import aws_cdk as cdk

from stacks.settings import StageSettings

_TRANSFORM_JOBS = "/aws/sagemaker/TransformJobs"


def log_groups(settings: StageSettings, name: str, *, archives: bool) -> dict[str, str]:
    """The names of the groups that a stage has, by their logical ids.

    `name`: the endpoint's; `archives`: whether deployments copy model archives.
    """
    groups = {}
    # All transform jobs of an account log to one group, which is not a stage's to make.
    if settings.mode == "batch":
        groups["StateMachineLogs"] = state_machine_logs(name)
    else:
        groups["ContainerLogs"] = container_logs(settings, name)
    if settings.network.new_vpc:
        groups["FlowLogs"] = flow_logs(name)
        groups["DefaultGroupLogs"] = default_group_logs(name)
    if archives:
        groups["ModelArchivesLogs"] = model_archives_logs(name)
    return groups


def container_logs(settings: StageSettings, name: str) -> str:
    """The group of a stage's containers, whose name SageMaker gives.

    https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
    """
    if settings.mode == "batch":
        return _TRANSFORM_JOBS
    kind = "InferenceComponents" if settings.mode == "inference-component" else "Endpoints"
    return f"/aws/sagemaker/{kind}/{name}"


def state_machine_logs(name: str) -> str:
    """The group of the state machine that runs transform jobs."""
    return f"/aws/vendedlogs/states/{name}-batch"


def flow_logs(name: str) -> str:
    """The group of a new VPC's flow log."""
    return f"/aws/vpc/{name}"


def default_group_logs(name: str) -> str:
    """The group of the function that closes a new VPC's default security group."""
    return f"/aws/lambda/{name}-default-group"


def model_archives_logs(name: str) -> str:
    """The group of the function that copies model archives."""
    return f"/aws/lambda/{name}-model-archives"


def log_group_arn(stack: cdk.Stack, group: str) -> str:
    """The ARN of a group of the stack's account, with the `:*` that policies ask for."""
    return f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:{group}:*"
