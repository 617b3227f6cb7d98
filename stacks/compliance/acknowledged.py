"""The findings that are acknowledged, each with its reason.

docs/security.md is generated from these tables.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple


class Acknowledged(NamedTuple):
    """One acknowledged finding: where (below the stage), which, and why."""

    path: str
    finding: str
    reason: str


_ROLE = "Serving/Models/ExecutionRole/Role/Resource"
_NIST = "NIST.800.53.R5-"

_WORKFLOW = "Serving/Workflow/Role/Resource"
_DEFAULT_GROUP = "Serving/Network/Vpc/DefaultGroup/Function"
# CDK makes one a stack, and its size is part of its name (stacks/constructs/model_archives.py).
_COPIER = (
    "Serving/Custom::CDKBucketDeployment8693BB64968944B69AAFB0CC9EB8756C2048MiB10240MiB/Resource"
)
_READS_ALONE = "knows no resources; reads alone"
_LOG_DELIVERY = "knows no resources; by it Step Functions sets up where a state machine logs to"

UNSCOPED_ACTIONS = {
    "ecr:GetAuthorizationToken": "knows no resources; what the login may pull is held to one "
    "repository by the statement beside it",
    "cloudwatch:PutMetricData": "knows no resources; held to SageMaker's own namespaces by a "
    "condition",
    "cloudwatch:DescribeAlarms": "reads the states of rollback alarms",
    "ec2:DescribeDhcpOptions": _READS_ALONE,
    "ec2:DescribeNetworkInterfaces": _READS_ALONE,
    "ec2:DescribeSecurityGroups": _READS_ALONE,
    "ec2:DescribeSubnets": _READS_ALONE,
    "ec2:DescribeVpcs": _READS_ALONE,
    "logs:CreateLogDelivery": _LOG_DELIVERY,
    "logs:DeleteLogDelivery": _LOG_DELIVERY,
    "logs:DescribeLogGroups": _LOG_DELIVERY,
    "logs:DescribeResourcePolicies": _LOG_DELIVERY,
    "logs:GetLogDelivery": _LOG_DELIVERY,
    "logs:ListLogDeliveries": _LOG_DELIVERY,
    "logs:PutResourcePolicy": _LOG_DELIVERY,
    "logs:UpdateLogDelivery": _LOG_DELIVERY,
}
"""Actions that may stand beside the resource `*`, and why."""

WILDCARDS = {
    r"/async/input/\*": "requests that callers have put there",
    r"/async/\*": "results and failures of asynchronous inference",
    r"/batch/input/\*": "what transform jobs read",
    r"/batch/output/\*": "what transform jobs write",
    r"/capture/\*": "captured requests and responses",
    r"/core-dumps/\*": "core dumps of the container",
    r"/models/\*": "the archives of a multi-model endpoint, now and later",
    r"/models/[0-9a-f]{64}/\*": "the files of one model, under their manifest's hash",
    r":network-interface/\*": "interfaces get their ids when they are made; the subnets and "
    "security groups beside them are exact",
    r":transform-job/[a-z0-9-]+-\*": "the stage's own jobs, which are named as they start",
    r":log-group:/aws/[A-Za-z0-9/-]+:\*": "one log group, whose ARN ends so in a policy",
}
"""How a resource may end that is a wildcard, and why."""

JOB_ROLE_WILDCARDS = {
    r"^\*": "beside actions that know no resources: ECR's login, and the states of alarms",
    r":stack/[a-z0-9*-]+/\*": "the stage's own stacks: the end is CloudFormation's id",
    r":model/\*": "described alone; CloudFormation names a Model without project and stage",
    r":model-package/\*": "described alone; a package's name is the training job's to choose",
    r":key/\*": "the stage's keys, which have no names: held to S3's use for the stage's bucket, "
    "and to the alias of the key that signs releases",
    r"-assets-[0-9]{12}-[a-z0-9-]+/(models/)?\*(\.gz|\.zip)?": "models, named by content, in the "
    "CDK's asset bucket; held to the account by aws:ResourceAccount",
    r"/berth/locks/\*": "the locks of promotions into the account",
    r":::[a-z0-9-]+\*": "the stage's bucket: the end of its name is CloudFormation's; held to "
    "the account by aws:ResourceAccount",
    r":::[a-z0-9-]+\*/releases/\*": "the stage's releases, in that bucket",
}
"""The same of the roles that GitHub's jobs assume."""


def reason_for_wildcard(resource: str, known: Mapping[str, str] = WILDCARDS) -> str | None:
    """Why a resource may be a wildcard; None where it may not."""
    kinds = (why for end, why in known.items() if re.search(f"{end}$", resource))
    return next(kinds, None)


FINDINGS = (
    *(
        Acknowledged(
            path,
            "AwsSolutions-IAM5[Resource::*]",
            "Each of the actions there is in the table of those that know no resources or only "
            "read.",
        )
        for path in (_ROLE, _WORKFLOW)
    ),
    *(
        Acknowledged(
            path,
            f"{_NIST}IAMNoInlinePolicy",
            "Nobody else may have this policy. It is inline so that whoever waits for the role "
            "waits for its policy too.",
        )
        for path in (
            _ROLE,
            _WORKFLOW,
            "Serving/Workflow/Starters/ScheduleRole/Resource",
            "Serving/Workflow/Starters/ArrivalRole/Resource",
            "Serving/Network/Vpc/DefaultGroup/Role/Resource",
            "Serving/Network/Vpc/FlowLogsRole/Resource",
            "Serving/Archives/Role/Resource",
        )
    ),
    Acknowledged(
        "Serving/Workflow/Machine",
        "AwsSolutions-SF2",
        "One state waits for one job, and all of it is in the log. X-Ray would show no more, and "
        "wants permissions that know no resources.",
    ),
    *(
        Acknowledged(
            _DEFAULT_GROUP,
            f"{_NIST}{rule}",
            "Runs for a second when the VPC is made, to close its default security group; "
            "CloudFormation waits for it and hears of a failure.",
        )
        for rule in ("LambdaConcurrency", "LambdaDLQ", "LambdaInsideVPC")
    ),
    Acknowledged(
        _COPIER,
        "AwsSolutions-L1",
        "CDK's own function, on the Python that CDK runs it with: a newer CDK brings a newer one.",
    ),
    *(
        Acknowledged(
            _COPIER,
            f"{_NIST}{rule}",
            "Runs while a deployment copies model archives; CloudFormation waits for it and hears "
            "of a failure. It reaches S3 alone, by its role the stage's archives alone.",
        )
        for rule in ("LambdaConcurrency", "LambdaDLQ", "LambdaInsideVPC")
    ),
    Acknowledged(
        "Storage/AccessLogs/Resource",
        f"{_NIST}S3DefaultEncryptionKMS",
        "S3 delivers access logs to buckets with its own keys alone.",
    ),
    Acknowledged(
        "Storage/AccessLogs/Resource",
        f"{_NIST}S3BucketReplicationEnabled",
        "Access logs of a stage's own bucket; versions are kept for a month.",
    ),
    Acknowledged(
        "Storage/Data/Resource",
        f"{_NIST}S3BucketReplicationEnabled",
        "Holds what can be made again: models are packed anew from their folders, results expire. "
        "Versions are kept for a year.",
    ),
    Acknowledged(
        "Serving/Serving/Config",
        f"{_NIST}SageMakerEndpointConfigurationKMSKeyConfigured",
        "The key is set wherever SageMaker takes one: not for instances with disks of their own, "
        "which encrypt these in hardware, nor for serverless endpoints. The endpoint pack holds "
        "the EndpointConfig to that.",
    ),
)
