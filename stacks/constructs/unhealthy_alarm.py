"""One alarm over all that say that answers break."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.stage_plan import StageNames


class UnhealthyAlarm(Construct):
    """`<endpoint>-unhealthy`: in alarm while one of the critical alarms is.

    It sends no message: each of those has sent its own. It is the one state that a dashboard, a
    deployment or a status page asks for. CloudWatch takes it only when those are there.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        names: StageNames,
        rollback_alarm_names: Sequence[str],
        critical: Sequence[cloudwatch.CfnAlarm],
    ) -> None:
        """`rollback_alarm_names`: of a stack that is deployed before."""
        super().__init__(scope, id)
        watched = [*rollback_alarm_names, *(str(alarm.alarm_name) for alarm in critical)]
        self.name = names.alarm("unhealthy")
        composite = cloudwatch.CfnCompositeAlarm(
            self,
            "Alarm",
            alarm_name=self.name,
            alarm_rule=" OR ".join(f'ALARM("{name}")' for name in watched),
            alarm_description=f"Answers of {names.endpoint} fail, are late or do not come: the "
            "alarm that set this off says which and what to do.",
        )
        for alarm in critical:
            composite.add_resource_dependency(alarm)
