"""The role that SageMaker takes on to run an endpoint."""

import aws_cdk as cdk
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

# What SageMaker publishes for an endpoint goes to these.
METRIC_NAMESPACES = ["AWS/SageMaker", "/aws/sagemaker/Endpoints"]


class ExecutionRole(Construct):
    """Exactly what hosting one model needs: its archive, its image, its logs, its metrics.

    The actions are those of AWS's page "SageMaker AI roles" for CreateModel, each held to its
    resource. The policy is inline, so that whoever waits for the role waits for the policy too.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        image: ecr_assets.DockerImageAsset,
        model: s3_assets.Asset,
        log_group_arn: str,
    ) -> None:
        super().__init__(scope, id)
        stack = cdk.Stack.of(self)
        bucket = f"arn:{stack.partition}:s3:::{model.s3_bucket_name}"
        statements = [
            _allow("s3:GetObject", on=f"{bucket}/{model.s3_object_key}"),
            _allow("s3:ListBucket", on=bucket, when={"s3:prefix": model.s3_object_key}),
            _allow("ecr:GetAuthorizationToken", on="*"),  # knows no resources
            _allow(
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
                on=image.repository.repository_arn,
            ),
            # The group is the stack's own, with its retention: CreateLogGroup is not given.
            _allow(
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
                on=log_group_arn,
            ),
            # PutMetricData knows no resources: the namespace is what it can be held to.
            _allow(
                "cloudwatch:PutMetricData", on="*", when={"cloudwatch:namespace": METRIC_NAMESPACES}
            ),
        ]
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


def _allow(
    *actions: str, on: str, when: dict[str, str | list[str]] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=list(actions),
        resources=[on],
        conditions={"StringEquals": when} if when else None,
    )
