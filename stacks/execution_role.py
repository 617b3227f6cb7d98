"""The role that SageMaker assumes to run a stage's models."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.model_source import ModelSource
from stacks.constructs.private_network import PrivateNetwork
from stacks.policies import allow, allow_grants, log_group_arn, of_own_account, own_service
from stacks.stage_plan import StagePlan
from stacks.storage import StorageStack

# What SageMaker publishes for an endpoint goes to these.
METRIC_NAMESPACES = ["AWS/SageMaker", "/aws/sagemaker/Endpoints"]


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
        plan: StagePlan,
        storage: StorageStack,
        network: PrivateNetwork,
        repositories: Sequence[str],
        sources: Sequence[ModelSource],
    ) -> None:
        super().__init__(scope, id)
        stack = cdk.Stack.of(self)
        statements = [
            *_reading_models(stack, sources),
            allow("ecr:GetAuthorizationToken", on=["*"]),  # knows no resources
            allow(
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
                on=repositories,
            ),
            # The ARN ends with `:*`, as IAM asks for with these actions, CreateLogGroup among them.
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
            allow(
                # All transform jobs of an account log to one group, which is not a stage's to make.
                # A group of the stage's own has its retention and key: SageMaker makes no other.
                *(["logs:CreateLogGroup"] if plan.mode.has_transform_jobs else []),
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
                on=[log_group_arn(stack, plan.container_logs)],
            ),
            # PutMetricData knows no resources: the namespace is what it can be held to.
            allow(
                "cloudwatch:PutMetricData",
                on=["*"],
                when={"cloudwatch:namespace": METRIC_NAMESPACES},
            ),
            *_using_storage(plan, storage),
            *_using_network(stack, network),
            *_reading_secrets(stack, plan),
        ]
        if plan.mode.has_guardrails:
            # Of rollback alarms; DescribeAlarms knows no resources below all alarms of the account.
            statements.append(allow("cloudwatch:DescribeAlarms", on=["*"]))
        resources = dict.fromkeys(one for statement in statements for one in statement.resources)
        self.wildcards = [one for one in resources if one.endswith("*") and one != "*"]
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=own_service(stack, "sagemaker.amazonaws.com"),
            inline_policies={"hosting": iam.PolicyDocument(statements=statements)},
        )


def _reading_models(stack: cdk.Stack, sources: Sequence[ModelSource]) -> list[iam.PolicyStatement]:
    statements = []
    for source in sources:
        bucket = f"arn:{stack.partition}:s3:::{source.bucket}"
        reading = [
            allow("s3:GetObject", on=[f"{bucket}/{source.key}"]),
            allow("s3:ListBucket", on=[bucket], when={"s3:prefix": source.key}, like=True),
        ]
        # An archive that is in S3 already may be in another account.
        statements += [of_own_account(stack, one) if source.is_asset else one for one in reading]
    return statements


def _using_storage(plan: StagePlan, storage: StorageStack) -> list[iam.PolicyStatement]:
    """What the mode needs of the stage's bucket, topics and key."""
    mode, settings = plan.mode, plan.settings
    bucket = f"arn:{storage.partition}:s3:::{storage.bucket.bucket_name}"
    reads, writes = [], []
    if mode.has_transform_jobs:
        reads, writes = ["batch/input/*"], ["batch/output/*"]
    if mode.has_queue:
        reads, writes = ["async/input/*"], ["async/*"]
    if settings.capture.percent:
        writes.append("capture/*")
    if settings.endpoint.core_dumps:
        writes.append("core-dumps/*")
    statements = []
    if reads:
        # A transform job lists the objects of its S3Prefix with this role. For asynchronous
        # inference AWS's page asks for s3:ListBucket, too.
        # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformS3DataSource.html
        # https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-create-endpoint-prerequisites.html
        statements += [
            allow("s3:GetObject", on=[f"{bucket}/{key}" for key in reads]),
            allow("s3:ListBucket", on=[bucket], when={"s3:prefix": reads}, like=True),
        ]
    if writes:
        objects = [f"{bucket}/{key}" for key in writes]
        statements.append(allow("s3:AbortMultipartUpload", "s3:PutObject", on=objects))
    if mode.has_queue:
        topics = [storage.successes.topic_arn, storage.errors.topic_arn]
        statements.append(allow("sns:Publish", on=topics))
    key = [storage.key.key_arn]
    if reads or writes or plan.encrypts_volumes or mode.has_archives:
        statements.append(allow("kms:Decrypt", "kms:GenerateDataKey", on=key))
    if plan.encrypts_volumes:
        statements.append(allow("kms:DescribeKey", on=key))
        statements.append(allow_grants(storage.key.key_arn))
    return statements


def _using_network(stack: cdk.Stack, network: PrivateNetwork) -> list[iam.PolicyStatement]:
    """Network interfaces in the given subnets and security groups alone.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html (CreateModel, with VPC)
    """
    if not network.subnet_ids:
        return []
    ec2 = f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}"
    interfaces = f"{ec2}:network-interface/*"
    places = [
        *(f"{ec2}:subnet/{subnet}" for subnet in network.subnet_ids),
        *(f"{ec2}:security-group/{group}" for group in network.security_group_ids),
    ]
    return [
        allow("ec2:CreateNetworkInterface", on=[interfaces, *places]),
        allow(
            "ec2:CreateNetworkInterfacePermission",
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteNetworkInterfacePermission",
            on=[interfaces],
        ),
        allow(  # know no resources
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            on=["*"],
        ),
    ]


def _reading_secrets(stack: cdk.Stack, plan: StagePlan) -> list[iam.PolicyStatement]:
    """What the container's own code reads by the ARNs in its environment, each by its own service.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html (kms:ViaService)
    """
    container = plan.settings.container
    arns = sorted(set(container.secrets.values()))
    statements = []
    for service, action in (
        ("secretsmanager", "secretsmanager:GetSecretValue"),
        ("ssm", "ssm:GetParameter"),
    ):
        if own := [arn for arn in arns if arn.split(":")[2] == service]:
            statements.append(allow(action, on=own))
            if keys := sorted(container.secret_keys):
                via = {"kms:ViaService": f"{service}.{stack.region}.amazonaws.com"}
                statements.append(allow("kms:Decrypt", on=keys, when=via))
    return statements
