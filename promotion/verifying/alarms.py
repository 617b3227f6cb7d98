"""A stage's alarms during the bake time."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

from aws import cloudformation
from aws.errors import in_one_line
from aws.stage import Stage

# A standard alarm is judged once a minute, one of high resolution every ten seconds at most.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
_LOOK_SECONDS = 5
_MOST_NAMES = 100  # of a DescribeAlarms request
_TYPES = ["MetricAlarm", "CompositeAlarm"]
_RESOURCES = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")


class Watch:
    """The alarms of stacks, and which of them have been in ALARM since it began.

    Raises AwsError where AWS refuses a call.

    Attributes:
        names: of the alarms that are watched.
        gone: names of the stacks' alarms that do not exist any more.
    """

    def __init__(self, stage: Stage, stacks: Iterable[str]) -> None:
        self._cloudwatch = stage.client("cloudwatch")
        names = {
            name  # of both types that is the physical id
            for stack in stacks
            for name in cloudformation.resources(stage.cloudformation, stack, _RESOURCES).values()
        }
        alarms = self._described(names)
        # An alarm of a scaling policy is no fault: it is in ALARM whenever capacity is added.
        self.names = {each["AlarmName"] for each in alarms if not _scales(each)}
        self.gone = tuple(sorted(names - {each["AlarmName"] for each in alarms}))
        self._went_off: set[str] = set()

    @property
    def went_off(self) -> tuple[str, ...]:
        """The names of those that were in ALARM at any look."""
        return tuple(sorted(self._went_off))

    @contextmanager
    def looking(self, stopped: Event) -> Iterator[None]:
        """Look at the block's start, every few seconds and at its end, which sets `stopped`."""
        with ThreadPoolExecutor(1) as pool:
            beside = pool.submit(self._look_until, stopped)
            try:
                yield
            finally:
                stopped.set()
            beside.result()

    def _look_until(self, stopped: Event) -> None:
        self._look()
        while not stopped.wait(_LOOK_SECONDS):
            self._look()
        self._look()

    def in_alarm(self) -> set[str]:
        """The names of those that are in ALARM now."""
        alarms = self._described(self.names)
        return {each["AlarmName"] for each in alarms if each["StateValue"] == "ALARM"}

    def _look(self) -> None:
        self._went_off |= self.in_alarm()

    def _described(self, names: Iterable[str]) -> list[dict[str, Any]]:
        wanted, found = sorted(names), []
        for first in range(0, len(wanted), _MOST_NAMES):
            with in_one_line():
                page = self._cloudwatch.describe_alarms(
                    AlarmNames=wanted[first : first + _MOST_NAMES],
                    AlarmTypes=_TYPES,
                    MaxRecords=_MOST_NAMES,
                )
            found += page["MetricAlarms"] + page["CompositeAlarms"]
        return found


def _scales(alarm: dict[str, Any]) -> bool:
    actions = alarm["AlarmActions"]
    return bool(actions) and all(":autoscaling:" in action for action in actions)
