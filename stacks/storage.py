"""What outlives a deployment: the stage's key, its buckets, its topics and its logs."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.constructs.access_logs_bucket import AccessLogsBucket
from stacks.constructs.data_bucket import DataBucket
from stacks.constructs.publishing_topic import PublishingTopic
from stacks.constructs.stage_key import StageKey
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
            description="Berth: key, buckets and topics of a stage.",
        )
        destroyed = settings.data.may_be_deleted
        self._removal = cdk.RemovalPolicy.DESTROY if destroyed else cdk.RemovalPolicy.RETAIN
        self.key: kms.IKey = StageKey(
            self,
            "Key",
            removal_policy=self._removal,
            description=f"Encrypts what {plan.names.storage_stack} stores and what its alarms say.",
        ).key
        self.bucket: s3.IBucket = DataBucket(
            self,
            "Data",
            key=self.key,
            access_logs=AccessLogsBucket(self, "AccessLogs", removal_policy=self._removal).bucket,
            removal_policy=self._removal,
            days_by_prefix=_days_by_prefix(plan),
            notifies_eventbridge=not plan.mode.has_endpoint and settings.batch.on_arrival,
        ).bucket
        alarms = settings.alarms
        cloudwatch = "cloudwatch.amazonaws.com"
        self.critical = self._topic("Alarms", alarms.critical_subscribers, cloudwatch)
        self.warning = self._topic("Warnings", alarms.warning_subscribers, cloudwatch)
        if plan.mode.has_queue:
            self.successes = self._topic("Successes", settings.asynchronous.success_subscribers)
            self.errors = self._topic("Errors", settings.asynchronous.error_subscribers)
        for logical_id, name in plan.log_groups.items():
            self._log_group(logical_id, name, settings.log_retention_days)
        cdk.CfnOutput(self, "DataBucketName", value=self.bucket.bucket_name)

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

    def _topic(
        self, id: str, subscribers: tuple[str, ...], publisher: str | None = None
    ) -> sns.ITopic:
        return PublishingTopic(
            self,
            id,
            key=self.key,
            subscribers=subscribers,
            publisher=publisher,
            removal_policy=self._removal,
        ).topic


def _days_by_prefix(plan: StagePlan) -> dict[str, int]:
    """After how many days what lies under a prefix is deleted."""
    settings, days = plan.settings, {}
    if settings.capture.percent:
        days["capture/"] = settings.capture.days
    if plan.mode.has_queue:
        days["async/"] = settings.asynchronous.result_days
    if not plan.mode.has_endpoint:
        days["batch/output/"] = settings.batch.result_days
    return days
