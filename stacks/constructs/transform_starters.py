"""What starts the batch state machine by itself."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from stacks.policies import allow, own_service


class TransformStarters(Construct):
    """A schedule and a rule for objects that arrive, each with a role that starts this alone."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        machine_arn: str,
        bucket_name: str,
        schedule: str | None,
        on_arrival: bool,
    ) -> None:
        super().__init__(scope, id)
        self._machine_arn = machine_arn
        if schedule:
            self._by_schedule(schedule)
        if on_arrival:
            self._on_arrival(bucket_name)

    def _by_schedule(self, schedule: str) -> None:
        scheduler.CfnSchedule(
            self,
            "Schedule",
            description="Starts a transform job over everything under batch/input/.",
            schedule_expression=schedule,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self._machine_arn,
                role_arn=self._role("ScheduleRole", "scheduler.amazonaws.com").role_arn,
                input="{}",
            ),
        )

    def _on_arrival(self, bucket_name: str) -> None:
        """The event is the input as it stands: the state machine reads the object's key in it."""
        events.CfnRule(
            self,
            "Arrival",
            description="Starts a transform job for each object that arrives under batch/input/.",
            event_pattern={
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [bucket_name]},
                    "object": {
                        "key": [{"prefix": "batch/input/"}],
                        # The console makes a folder by putting an empty object.
                        "size": [{"numeric": [">", 0]}],
                    },
                },
            },
            targets=[
                events.CfnRule.TargetProperty(
                    id="Machine",
                    arn=self._machine_arn,
                    role_arn=self._role("ArrivalRole", "events.amazonaws.com").role_arn,
                )
            ],
        )

    def _role(self, id: str, service: str) -> iam.Role:
        start = allow("states:StartExecution", on=[self._machine_arn])
        return iam.Role(
            self,
            id,
            assumed_by=own_service(cdk.Stack.of(self), service),
            inline_policies={"start": iam.PolicyDocument(statements=[start])},
        )
