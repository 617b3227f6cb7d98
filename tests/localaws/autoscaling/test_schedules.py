"""When schedules are due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from localaws.autoscaling.schedules import parse
from localaws.json_api import AwsError

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def times(schedule: str, hours: int, timezone: str = "UTC") -> list[str]:
    """When it is due within so many hours of a Monday, looked at every 5 s."""
    due = parse(schedule, timezone, MONDAY.timestamp())
    start = MONDAY.timestamp()
    return [
        (MONDAY + timedelta(seconds=second)).strftime("%a %H:%M:%S")
        for second in range(5, hours * 3600 + 5, 5)
        if due(start + second - 5, start + second)
    ]


@pytest.mark.parametrize(
    ("schedule", "hours", "expected"),
    [
        ("at(2026-03-02T01:00:05)", 2, ["Mon 01:00:05"]),
        ("at(2026-03-01T01:00:05)", 2, []),
        ("rate(1 hour)", 2, ["Mon 01:00:00", "Mon 02:00:00"]),
        ("rate(50 minutes)", 2, ["Mon 00:50:00", "Mon 01:40:00"]),
        ("cron(30 8 * * ? *)", 48, ["Mon 08:30:00", "Tue 08:30:00"]),
        ("cron(0 8 ? * TUE-WED *)", 72, ["Tue 08:00:00", "Wed 08:00:00"]),
        ("cron(0 8 ? * 2 *)", 72, ["Mon 08:00:00"]),
        ("cron(0/20 1 3 MAR,MAY ? 2026)", 72, ["Tue 01:00:00", "Tue 01:20:00", "Tue 01:40:00"]),
        ("cron(0 8 * APR ? *)", 48, []),
        ("cron(0 8 ? * 2#1 *)", 24, ["Mon 08:00:00"]),
        ("cron(0 8 L * ? *)", 48, []),
    ],
)
def test_each_kind_is_due_once_at_its_moments(
    schedule: str, hours: int, expected: list[str]
) -> None:
    assert times(schedule, hours) == expected


def test_a_timezone_moves_at_and_cron() -> None:
    assert times("cron(0 8 * * ? *)", 24, "Europe/Berlin") == ["Mon 07:00:00"]
    assert times("at(2026-03-02T08:00:00)", 24, "Asia/Tokyo") == []
    assert times("at(2026-03-02T18:00:00)", 24, "Asia/Tokyo") == ["Mon 09:00:00"]


def test_cron_follows_the_clocks_of_summer_time() -> None:
    due = parse("cron(0 8 * * ? *)", "Europe/Berlin", 0)
    before = datetime(2026, 3, 28, 8, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    after = datetime(2026, 3, 29, 8, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    assert after - before == 23 * 3600
    assert due(before - 5, before)
    assert due(after - 5, after)


@pytest.mark.parametrize(
    "wrong",
    [
        "every monday",
        "at(tomorrow)",
        "rate(0 minutes)",
        "rate(1.5 hours)",
        "cron(0 8 * * ?)",
        "cron(0 8 * * * *)",
        "cron(60 8 * * ? *)",
        "cron(0 8 ? * ? *)",
        "cron(0 8 0 * ? *)",
        "cron(0 8 ? * MOON *)",
    ],
)
def test_what_is_no_schedule_is_refused(wrong: str) -> None:
    with pytest.raises(AwsError, match="Schedule"):
        parse(wrong, "UTC", 0)


def test_an_unknown_timezone_is_refused() -> None:
    with pytest.raises(AwsError, match="Timezone 'Mars'"):
        parse("rate(1 day)", "Mars", 0)
