"""MiniStack's reading of the cron expressions of EventBridge, which other services share."""

from datetime import datetime

from ministack.services import eventbridge


class Cron:
    """`cron(minutes hours day-of-month month day-of-week year)`; ValueError for anything else."""

    def __init__(self, expression: str) -> None:
        self._fields = eventbridge._parse_cron_fields(expression)
        if self._fields is None:
            raise ValueError("a cron expression has six fields, of which one day field is ?")
        minutes, hours, days, months, *_, day, weekday = self._fields
        limits = ((minutes, 0, 59), (hours, 0, 23), (days["days"], 1, 31), (months, 1, 12))
        beyond = [one for some, least, most in limits for one in some if not least <= one <= most]
        if beyond or day == weekday:
            raise ValueError("a field is beyond its limits, or both day fields are ?")

    def next_after(self, moment: datetime) -> datetime | None:
        """The first whole minute after a moment that it names, in the moment's time zone."""
        found: datetime | None = eventbridge._cron_next_fire(self._fields, moment)
        return found
