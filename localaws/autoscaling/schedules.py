"""When a scheduled action is due: at(...), rate(...) and cron(...) of Application Auto Scaling.

After the user guide's page on scheduling scaling actions by cron expressions.
"""

import re
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from localaws.json_api import AwsError
from localaws.ministack.schedules import Cron

Due = Callable[[float, float], bool]
"""Whether a schedule falls into (after, until], both in epoch seconds."""

_SCHEDULE = re.compile(r"(?P<kind>at|rate|cron)\((?P<inside>[^()]+)\)")
_RATE = re.compile(r"(?P<value>[1-9]\d*) (?P<unit>minute|hour|day)s?")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}


def parse(schedule: str, timezone: str, begun: float) -> Due:
    """The schedule as a function; a rate counts from `begun`, in epoch seconds.

    Raises AwsError (ValidationException) for what is no schedule.
    """
    found = _SCHEDULE.fullmatch(schedule)
    if found is None:
        raise AwsError.validation(
            f"Schedule {schedule!r} is none of at(...), rate(...) and cron(...)."
        )
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise AwsError.validation(f"Timezone {timezone!r} is not known.") from None
    read = {"at": _at, "rate": _rate, "cron": _cron}[found["kind"]]
    try:
        return read(found["inside"], zone, begun)
    except ValueError as error:
        raise AwsError.validation(f"Schedule {schedule!r} is not valid: {error}.") from None


def _at(inside: str, zone: ZoneInfo, begun: float) -> Due:
    del begun
    moment = datetime.strptime(inside, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone).timestamp()
    return lambda after, until: after < moment <= until


def _rate(inside: str, zone: ZoneInfo, begun: float) -> Due:
    del zone
    found = _RATE.fullmatch(inside)
    if found is None:
        raise ValueError("a rate is a positive whole number of minutes, hours or days")
    every = int(found["value"]) * _SECONDS[found["unit"]]
    return lambda after, until: (until - begun) // every > max(0, (after - begun) // every)


def _cron(inside: str, zone: ZoneInfo, begun: float) -> Due:
    del begun
    cron = Cron(f"cron({inside})")

    def due(after: float, until: float) -> bool:
        moment = cron.next_after(datetime.fromtimestamp(after, zone))
        return moment is not None and moment.timestamp() <= until

    return due
