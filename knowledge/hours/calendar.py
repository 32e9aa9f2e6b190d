"""Public holidays and the workdays that make up for them, of the years that are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import version

import chinese_calendar

from knowledge.hours.content import HolidayName
from knowledge.hours.records import CalendarDay, HolidayTable

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """What a day is. ``off`` and ``makeup`` are about public holidays only, ``holiday`` names the one they belong to.

    ``known`` is False for a year of which nothing is known; ``imported`` tells an administrator's table from the package.
    """

    day: date
    known: bool
    off: bool = False
    makeup: bool = False
    holiday: str | None = None
    imported: bool = False


class Calendar:
    """Days by the package, except for years that an imported table arranges: those are taken from it alone."""

    def __init__(self, tables: Iterable[HolidayTable], names: Sequence[HolidayName]) -> None:
        self._rows: dict[date, CalendarDay] = {row.day: row for table in tables for row in table.days}
        self._years = {day.year for day in self._rows}
        self._says = {name.name: name.say for name in names}
        self._packaged = {day.year for day in chinese_calendar.holidays}

    def knows(self, year: int) -> bool:
        return year in self._years or year in self._packaged

    def day(self, day: date) -> Day:
        """What ``day`` is."""
        row = self._rows.get(day)
        if row is not None:
            return Day(day, True, row.off, not row.off, row.name, True)
        if day.year in self._years or day.year not in self._packaged:
            return Day(day, day.year in self._years, imported=day.year in self._years)
        off, makeup = chinese_calendar.holidays.get(day), chinese_calendar.workdays.get(day)
        name = off or makeup
        return Day(day, True, off is not None, makeup is not None, self._says.get(name, name) if name else None)

    def next_run(self, holiday: HolidayName, today: date) -> list[Day]:
        """The days off of the next ``holiday``, today's included; empty when its arrangement is not known (yet)."""
        days = [
            found
            for year in (today.year, today.year + 1)
            for found in self._year(year)
            if found.off and found.holiday and (holiday.say in found.holiday or holiday.words[0] in found.holiday)
        ]
        runs: list[list[Day]] = []
        for found in days:
            if runs and found.day - runs[-1][-1].day == _ONE_DAY:
                runs[-1].append(found)
            else:
                runs.append([found])
        return next((run for run in runs if run[-1].day >= today), [])

    def _year(self, year: int) -> Iterable[Day]:
        first = date(year, 1, 1)
        return (self.day(first + offset * _ONE_DAY) for offset in range((date(year + 1, 1, 1) - first).days))


def package_version() -> str:
    """Version of the calendar package, for citations."""
    return version("chinesecalendar")
