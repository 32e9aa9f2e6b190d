"""Tables that administrators import: hours of doors, and holidays of years that the calendar package does not know."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from knowledge.schema import Dated, Row, Text

# Minutes after midnight; 24:00 is the end of the day.
Minute = Annotated[int, Field(ge=0, le=24 * 60)]
Weekday = Annotated[int, Field(ge=0, le=6)]


class OpenTime(Row):
    """A door is open from ``start`` to ``end`` on ``weekdays`` (0 is Monday)."""

    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1)]
    start: Minute
    end: Minute

    @model_validator(mode="after")
    def _start_before_end(self) -> OpenTime:
        if self.start >= self.end:
            raise ValueError("start must be before end")
        return self


class DoorHours(Dated):
    """The hours of one door (id of its channel card). ``holidays``: closed on public holidays, or open as ever. Outside their
    dates nobody is told these hours."""

    door: Text
    times: Annotated[tuple[OpenTime, ...], Field(min_length=1)]
    holidays: Literal["closed", "open"]
    source: Text
    confirmed: date

    def on(self, weekday: int) -> tuple[tuple[int, int], ...]:
        """Spans of a weekday in their order, empty when closed."""
        return tuple(sorted((row.start, row.end) for row in self.times if weekday in row.weekdays))


class HoursTable(Dated):
    """All hours that were entered; importing again replaces the table. ``confirmed`` is the day the table was last known to be
    right, None when only its rows say so."""

    kind: Literal["hours"] = "hours"
    confirmed: date | None = None
    doors: Annotated[tuple[DoorHours, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _no_doubles(self) -> HoursTable:
        if doubles := [door for door, count in Counter(row.door for row in self.doors).items() if count > 1]:
            raise ValueError(f"{doubles[0]} occurs more than once")
        return self

    @property
    def file(self) -> str:
        return "hours.json"


class CalendarDay(Row):
    """A day off (``off``), or a workday that makes up for one; ``name`` is the holiday's usual name (春节)."""

    day: date
    off: bool
    name: Text


class HolidayTable(Row):
    """Arrangements of years that the calendar package does not know; a year with rows here is taken from them alone."""

    kind: Literal["holidays"] = "holidays"
    days: Annotated[tuple[CalendarDay, ...], Field(min_length=1)]
    source: Text

    @model_validator(mode="after")
    def _no_doubles(self) -> HolidayTable:
        if doubles := [day for day, count in Counter(row.day for row in self.days).items() if count > 1]:
            raise ValueError(f"{doubles[0]} occurs more than once")
        return self

    @property
    def file(self) -> str:
        return "holidays.json"
