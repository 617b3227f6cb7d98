"""What outlives a deployment: the stage's key, its buckets, its topics and its logs."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.policies import own_service
from stacks.signed_releases import sign_releases
from stacks.stage_plan import StagePlan


class StorageStack(cdk.Stack):
    """The stateful half of a stage.

    Everything in it is kept when the stack is deleted, unless two keys of stages.toml say not to.
    """

    def __init__(self, scope: Construct, id: str, *, plan: StagePlan) -> None:
        settings = plan.settings
        super().__init__(
            scope,
            id,
            stack_name=plan.names.storage_stack,
            termination_protection=settings.termination_protection,
            description="Berth: key, buckets, topics and log groups of a stage.",
        )
        destroyed = settings.data.may_be_deleted
        self._removal = cdk.RemovalPolicy.DESTROY if destroyed else cdk.RemovalPolicy.RETAIN
        self.key = self._stage_key(plan.names.storage_stack)
        self.bucket = self._data_bucket(plan, self._access_logs_bucket(plan))
        if settings.releases.signers:
            sign_releases(
                self,
                self.bucket,
                names=plan.names,
                signers=settings.releases.signers,
                removal=self._removal,
            )
        alarms = settings.alarms
        self.critical = self._topic("Alarms", alarms.critical_subscribers, of_alarms=True)
        self.warning = self._topic("Warnings", alarms.warning_subscribers, of_alarms=True)
        if plan.mode.has_queue:
            self.successes = self._topic("Successes", settings.asynchronous.success_subscribers)
            self.errors = self._topic("Errors", settings.asynchronous.error_subscribers)
        for logical_id, name in plan.log_groups.items():
            self._log_group(logical_id, name, settings.log_retention_days)
        for construct in self.node.find_all():
            # What is kept stays closed: without their policies, buckets would take plain HTTP.
            if isinstance(construct, s3.CfnBucketPolicy | sns.CfnTopicPolicy):
                construct.apply_removal_policy(self._removal)
        cdk.CfnOutput(self, "DataBucketName", value=self.bucket.bucket_name)

    def _stage_key(self, stack_name: str) -> kms.Key:
        """A rotating key. IAM says who of the account may use it; services are let in by name."""
        key = kms.Key(
            self,
            "Key",
            enable_key_rotation=True,
            removal_policy=self._removal,
            description=f"Encrypts what {stack_name} stores and what its alarms say.",
        )
        # CloudWatch drops an alarm's message without a word where the topic's key does not let it
        # in. https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        cloudwatch = own_service(self, "cloudwatch.amazonaws.com")
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
        groups = f"arn:{self.partition}:logs:{self.region}:{self.account}:log-group:*"
        cloudwatch_logs = iam.ServicePrincipal(
            f"logs.{self.region}.amazonaws.com",
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        )
        encrypt = ("kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
        for principal, actions in (
            (cloudwatch, ["kms:Decrypt", "kms:GenerateDataKey"]),
            (cloudwatch_logs, ["kms:Decrypt", *encrypt]),
        ):
            # In a key's own policy `*` is that key.
            key.add_to_resource_policy(
                iam.PolicyStatement(actions=actions, principals=[principal], resources=["*"])
            )
        return key

    def _access_logs_bucket(self, plan: StagePlan) -> s3.Bucket:
        """The bucket that access logs of the data bucket go to."""
        return s3.Bucket(
            self,
            "AccessLogs",
            # S3 delivers its access logs to buckets with keys of its own only.
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=cdk.Duration.days(plan.settings.data.access_log_days),
                    noncurrent_version_expiration=cdk.Duration.days(30),
                )
            ],
            removal_policy=self._removal,
        )

    def _data_bucket(self, plan: StagePlan, access_logs: s3.IBucket) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Data",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix="data/",
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                    noncurrent_version_expiration=cdk.Duration.days(
                        plan.settings.data.noncurrent_days
                    ),
                ),
                *(
                    s3.LifecycleRule(
                        prefix=prefix,
                        expiration=cdk.Duration.days(days),
                        # Else what has expired would live on as a former version.
                        noncurrent_version_expiration=cdk.Duration.days(1),
                    )
                    for prefix, days in _days_by_prefix(plan).items()
                ),
            ],
            removal_policy=self._removal,
        )
        if plan.mode.has_transform_jobs and plan.settings.batch.on_arrival:
            # By the property: CDK's own switch would bring a Lambda function to set it.
            resource = bucket.node.default_child
            assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - narrows CDK's type
            resource.add_property_override(
                "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", value=True
            )
        return bucket

    def _topic(
        self, id: str, subscribers: tuple[str, ...], *, of_alarms: bool = False
    ) -> sns.Topic:
        """An encrypted topic.

        CloudWatch publishes to a topic of alarms; others publish by a role of theirs.
        """
        topic = sns.Topic(Construct(self, id), "Topic", master_key=self.key, enforce_ssl=True)
        topic.apply_removal_policy(self._removal)
        if of_alarms:
            publisher = own_service(self, "cloudwatch.amazonaws.com")
            topic.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sns:Publish"], principals=[publisher], resources=[topic.topic_arn]
                )
            )
        for address in subscribers:
            topic.add_subscription(subscriptions.EmailSubscription(address))
        return topic

    def _log_group(self, logical_id: str, name: str, days: int) -> None:
        group = logs.CfnLogGroup(
            self,
            logical_id,
            log_group_name=name,
            retention_in_days=days,
            kms_key_id=self.key.key_arn,
        )
        kept = self._removal == cdk.RemovalPolicy.RETAIN
        # Names are fixed: an empty group that stayed when its own creation failed would be in the
        # way of the next try.
        group.apply_removal_policy(
            cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if kept else self._removal
        )


def _days_by_prefix(plan: StagePlan) -> dict[str, int]:
    """After how many days what lies under a prefix is deleted."""
    settings, days = plan.settings, {}
    # Where capture is off again, what it has written has to expire all the same.
    if settings.capture.percent or "days" in settings.capture.model_fields_set:
        days["capture/"] = settings.capture.days
    if plan.mode.has_queue:
        days["async/"] = settings.asynchronous.result_days
        if (requests := settings.asynchronous.input_days) is not None:
            days["async/input/"] = requests
    if plan.mode.has_transform_jobs:
        days["batch/output/"] = settings.batch.result_days
        if (inputs := settings.batch.input_days) is not None:
            days["batch/input/"] = inputs
    if (golden := settings.releases.golden_days) is not None:
        days["releases/golden/"] = golden
    return days
