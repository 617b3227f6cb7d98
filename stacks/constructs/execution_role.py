"""The role that SageMaker takes on to run a model."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.model_source import ModelSource

# What SageMaker publishes for an endpoint goes to these.
METRIC_NAMESPACES = ["AWS/SageMaker", "/aws/sagemaker/Endpoints"]


@dataclass(frozen=True)
class RolePermissions:
    """What a mode needs beside image, model, logs and metrics; empty for nothing.

    bucket_arn: the stage's bucket, in which `reads` and `writes` are keys, `*` at their ends.
    encrypts_volumes: the stage's key encrypts the instances' storage.
    creates_log_group: no stack makes the log group of the containers.
    """

    bucket_arn: str
    reads: Sequence[str] = ()
    writes: Sequence[str] = ()
    publishes_to: Sequence[str] = ()
    key_arn: str | None = None
    encrypts_volumes: bool = False
    describes_alarms: bool = False
    creates_log_group: bool = False
    subnet_ids: Sequence[str] = ()
    security_group_ids: Sequence[str] = ()


class ExecutionRole(Construct):
    """Exactly what hosting a stage's models needs.

    The actions are those of AWS's page for CreateModel, each held to its resource. The policy is
    inline, so that whoever waits for the role waits for the policy too.
    https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repositories: Sequence[str],
        sources: Sequence[ModelSource],
        log_group_arn: str,
        permissions: RolePermissions,
    ) -> None:
        super().__init__(scope, id)
        stack = cdk.Stack.of(self)
        statements = [
            *_reading(stack.partition, sources),
            _allow("ecr:GetAuthorizationToken", on=["*"]),  # knows no resources
            _allow(
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
                on=repositories,
            ),
            # The ARN ends with `:*`, as IAM asks for with these actions, CreateLogGroup among them.
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
            _allow(
                # A group of the stage's own has its retention and key: SageMaker makes no other.
                *(["logs:CreateLogGroup"] if permissions.creates_log_group else []),
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
                on=[log_group_arn],
            ),
            # PutMetricData knows no resources: the namespace is what it can be held to.
            _allow(
                "cloudwatch:PutMetricData",
                on=["*"],
                when={"cloudwatch:namespace": METRIC_NAMESPACES},
            ),
            *_optional(permissions),
            *(_network(stack, permissions) if permissions.subnet_ids else ()),
        ]
        self.wildcards = _wildcards(stack, sources, log_group_arn, permissions)
        self.role = iam.Role(
            self,
            "Role",
            # The condition keeps SageMaker in other accounts from using it (confused deputy).
            assumed_by=iam.ServicePrincipal(
                "sagemaker.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
            ),
            inline_policies={"hosting": iam.PolicyDocument(statements=statements)},
        )


def _wildcards(
    stack: cdk.Stack,
    sources: Sequence[ModelSource],
    log_group_arn: str,
    permissions: RolePermissions,
) -> list[str]:
    """The resources that are all below a prefix."""
    models = [f"arn:{stack.partition}:s3:::{one.bucket}/{one.key}" for one in sources]
    interfaces = [_interfaces(stack)] if permissions.subnet_ids else []
    return [
        resource
        for resource in dict.fromkeys(
            [
                *models,
                log_group_arn,
                *_objects(permissions, permissions.reads),
                *_objects(permissions, permissions.writes),
                *interfaces,
            ]
        )
        if resource.endswith("*")
    ]


def _objects(permissions: RolePermissions, keys: Sequence[str]) -> list[str]:
    return [f"{permissions.bucket_arn}/{key}" for key in keys]


def _interfaces(stack: cdk.Stack) -> str:
    return f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}:network-interface/*"


def _reading(partition: str, sources: Sequence[ModelSource]) -> list[iam.PolicyStatement]:
    statements = []
    for source in sources:
        bucket = f"arn:{partition}:s3:::{source.bucket}"
        statements += [
            _allow("s3:GetObject", on=[f"{bucket}/{source.key}"]),
            _allow("s3:ListBucket", on=[bucket], when={"s3:prefix": source.key}, like=True),
        ]
    return statements


def _optional(permissions: RolePermissions) -> list[iam.PolicyStatement]:
    statements = []
    if permissions.reads:
        # A transform job lists the objects of its S3Prefix with this role. For asynchronous
        # inference AWS's page asks for s3:ListBucket, too.
        # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformS3DataSource.html
        # https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-create-endpoint-prerequisites.html
        listed: dict[str, str | list[str]] = {"s3:prefix": list(permissions.reads)}
        statements += [
            _allow("s3:GetObject", on=_objects(permissions, permissions.reads)),
            _allow("s3:ListBucket", on=[permissions.bucket_arn], when=listed, like=True),
        ]
    if permissions.writes:
        statements.append(
            _allow(
                "s3:AbortMultipartUpload",
                "s3:PutObject",
                on=_objects(permissions, permissions.writes),
            )
        )
    if permissions.publishes_to:
        statements.append(_allow("sns:Publish", on=permissions.publishes_to))
    if permissions.key_arn:
        statements.append(_allow("kms:Decrypt", "kms:GenerateDataKey", on=[permissions.key_arn]))
    if permissions.key_arn and permissions.encrypts_volumes:
        statements.append(_allow("kms:DescribeKey", on=[permissions.key_arn]))
        grant = _allow("kms:CreateGrant", on=[permissions.key_arn])
        grant.add_condition("Bool", {"kms:GrantIsForAWSResource": "true"})
        statements.append(grant)
    if permissions.describes_alarms:
        # Of rollback alarms; DescribeAlarms knows no resources below all alarms of the account.
        statements.append(_allow("cloudwatch:DescribeAlarms", on=["*"]))
    return statements


def _network(stack: cdk.Stack, permissions: RolePermissions) -> list[iam.PolicyStatement]:
    """Network interfaces in the given subnets and security groups alone.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html (CreateModel, with VPC)
    """
    ec2 = f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}"
    interfaces = _interfaces(stack)
    places = [
        *(f"{ec2}:subnet/{subnet}" for subnet in permissions.subnet_ids),
        *(f"{ec2}:security-group/{group}" for group in permissions.security_group_ids),
    ]
    return [
        _allow("ec2:CreateNetworkInterface", on=[interfaces, *places]),
        _allow(
            "ec2:CreateNetworkInterfacePermission",
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteNetworkInterfacePermission",
            on=[interfaces],
        ),
        _allow(  # know no resources
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            on=["*"],
        ),
    ]


def _allow(
    *actions: str,
    on: Sequence[str],
    when: dict[str, str | list[str]] | None = None,
    like: bool = False,
) -> iam.PolicyStatement:
    operator = "StringLike" if like else "StringEquals"
    return iam.PolicyStatement(
        actions=list(actions),
        resources=list(on),
        conditions={operator: when} if when else None,
    )
