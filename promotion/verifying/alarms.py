"""A stage's alarms through the bake time."""

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

    names: of those that are watched; gone: alarms of the stacks that are no more.

    Raises AwsError where AWS refuses a call.
    """

    def __init__(self, stage: Stage, stacks: Iterable[str]) -> None:
        self._cloudwatch = stage.client("cloudwatch")
        names = {
            name  # of both types that is the physical id
            for stack in stacks
            for name in cloudformation.resources(stage.cloudformation, stack, _RESOURCES).values()
        }
        alarms = self._described(names)
        # An alarm that has capacity added is no fault; it goes off as often as it is needed.
        self.names = {each["AlarmName"] for each in alarms if not _scales(each)}
        self.gone = tuple(sorted(names - {each["AlarmName"] for each in alarms}))
        self._went_off: set[str] = set()

    @property
    def went_off(self) -> tuple[str, ...]:
        """Those that were in ALARM when it was looked."""
        return tuple(sorted(self._went_off))

    @contextmanager
    def looking(self, stopped: Event) -> Iterator[None]:
        """Look every few seconds beside the block, at its begin and at its end.

        Sets `stopped` when the block ends.
        """
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

    def ringing(self) -> set[str]:
        """Those that are in ALARM now."""
        alarms = self._described(self.names)
        return {each["AlarmName"] for each in alarms if each["StateValue"] == "ALARM"}

    def _look(self) -> None:
        self._went_off |= self.ringing()

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
