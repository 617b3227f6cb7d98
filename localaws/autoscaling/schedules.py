"""When a scheduled action is due: at(...), rate(...) and cron(...) of Application Auto Scaling.

After the user guide's page on scheduling scaling actions by cron expressions.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Due = Callable[[float, float], bool]
"""Whether a schedule falls into (after, until], both in epoch seconds."""

_SCHEDULE = re.compile(r"(?P<kind>at|rate|cron)\((?P<inside>[^()]+)\)")
_RATE = re.compile(r"(?P<value>[1-9]\d*) (?P<unit>minute|hour|day)s?")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))


def parse(schedule: str, timezone: str, begun: float) -> Due:
    """The schedule as a function; a rate counts from `begun`, in epoch seconds.

    Raises ValueError for what is no schedule, and for L, W and # in cron.
    """
    found = _SCHEDULE.fullmatch(schedule)
    if found is None:
        raise ValueError(f"Schedule {schedule!r} is none of at(...), rate(...) and cron(...).")
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"Timezone {timezone!r} is not known.") from None
    read = {"at": _at, "rate": _rate, "cron": _cron}[found["kind"]]
    try:
        return read(found["inside"], zone, begun)
    except ValueError as error:
        raise ValueError(f"Schedule {schedule!r} is not valid: {error}.") from None


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
    fields = inside.upper().split()
    if len(fields) != len(_FIELDS):
        raise ValueError("a cron expression has six fields")
    if (fields[2] == "?") == (fields[4] == "?"):
        raise ValueError("exactly one of day of month and day of week is ?")
    named = [*fields[:3], _numbered(fields[3], _MONTHS), _numbered(fields[4], _DAYS), fields[5]]
    allowed = [_values(field, *limits) for field, limits in zip(named, _FIELDS, strict=True)]

    def due(after: float, until: float) -> bool:
        minutes = range(int(after // 60) + 1, int(until // 60) + 1)
        moments = (datetime.fromtimestamp(60 * minute, UTC).astimezone(zone) for minute in minutes)
        return any(_holds(allowed, moment) for moment in moments)

    return due


def _holds(allowed: list[set[int]], at: datetime) -> bool:
    weekday = at.isoweekday() % 7 + 1
    actual = (at.minute, at.hour, at.day, at.month, weekday, at.year)
    return all(value in values for value, values in zip(actual, allowed, strict=True))


def _numbered(field: str, names: list[str]) -> str:
    for number, name in enumerate(names, start=1):
        field = field.replace(name, str(number))
    return field


def _values(field: str, least: int, most: int) -> set[int]:
    return {value for part in field.split(",") for value in _part(part, least, most)}


def _part(part: str, least: int, most: int) -> Iterator[int]:
    found = re.fullmatch(
        r"(?:(?P<all>[*?])|(?P<from>\d+)(?:-(?P<to>\d+))?)(?:/(?P<step>\d+))?", part
    )
    if found is None:
        raise ValueError(f"localaws does not read {part!r} (nor L, W and #)")
    first = least if found["all"] else int(found["from"])
    single = found["from"] and not found["to"] and not found["step"]
    last = first if single else int(found["to"] or most)
    if not least <= first <= last <= most:
        raise ValueError(f"{part!r} is not within {least}-{most}")
    return iter(range(first, last + 1, int(found["step"] or 1)))
