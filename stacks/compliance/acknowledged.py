"""What stands although a rule is against it, each with its reason.

docs/security.md is generated from these tables.
"""

from typing import NamedTuple


class Acknowledged(NamedTuple):
    """One finding that stands: where (below the stage), which, and why."""

    path: str
    finding: str
    reason: str


_ROLE = "Serving/Models/ExecutionRole/Role/Resource"
_NIST = "NIST.800.53.R5-"

UNSCOPED_ACTIONS = {
    "ecr:GetAuthorizationToken": "knows no resources; what the login may pull is held to one "
    "repository by the statement beside it",
    "cloudwatch:PutMetricData": "knows no resources; held to SageMaker's own namespaces by a "
    "condition",
    "cloudwatch:DescribeAlarms": "reads the states of rollback alarms, whose names are made by "
    "CloudFormation after the role",
    "ec2:DescribeDhcpOptions": "knows no resources; reads alone",
    "ec2:DescribeNetworkInterfaces": "knows no resources; reads alone",
    "ec2:DescribeSecurityGroups": "knows no resources; reads alone",
    "ec2:DescribeSubnets": "knows no resources; reads alone",
    "ec2:DescribeVpcs": "knows no resources; reads alone",
}
"""Actions that may stand beside the resource `*`, and why."""

PREFIXES = {
    "/async/input/": "requests that callers have put there",
    "/async/": "results and failures of asynchronous inference, under one prefix",
    "/batch/input/": "what transform jobs read, under one prefix",
    "/batch/output/": "what transform jobs write, under one prefix",
    "/capture/": "captured requests and answers, under one prefix",
    "/core-dumps/": "core dumps of the container, under one prefix",
    "/models/": "the archives of a multi-model endpoint, now and later",
    "/": "the files of one model, under a prefix that is their manifest's hash",
    ":network-interface/": "interfaces get their ids when they are made; the subnets and security "
    "groups beside them are exact",
}
"""Wildcards that are all below one prefix of the execution role's, and why."""

FINDINGS = (
    Acknowledged(
        _ROLE,
        "AwsSolutions-IAM5[Resource::*]",
        "Of the actions there, each is in the table of those that know no resources or only read.",
    ),
    Acknowledged(
        _ROLE,
        f"{_NIST}IAMNoInlinePolicy",
        "Nobody else may have this policy. It is inline so that whoever waits for the role waits "
        "for its policy too: SageMaker tries the role while it makes the Model.",
    ),
    Acknowledged(
        "Storage/AccessLogs/Default/Resource",
        f"{_NIST}S3DefaultEncryptionKMS",
        "S3 delivers access logs to buckets with its own keys alone.",
    ),
    Acknowledged(
        "Storage/AccessLogs/Default/Resource",
        f"{_NIST}S3BucketReplicationEnabled",
        "Access logs of a stage's own bucket; versions are kept for a month.",
    ),
    Acknowledged(
        "Storage/Data/Default/Resource",
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
