"""How days, spans and weeks of hours are put into words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from knowledge.hours.calendar import Day
from knowledge.hours.content import HoursPhrases, PartOfDay
from knowledge.hours.records import DoorHours

_WEEK = 7


class Wording:
    """Words as of ``today``."""

    def __init__(self, phrases: HoursPhrases, today: date) -> None:
        self._phrases = phrases
        self._today = today

    def clock(self, minute: int) -> str:
        return f"{minute // 60}:{minute % 60:02d}"

    def spans(self, spans: Iterable[tuple[int, int]]) -> str:
        """8:30 到 12:00、14:30 到 18:00."""
        said = self._phrases.span
        return "、".join(said.format(start=self.clock(start), end=self.clock(end)) for start, end in spans)

    def week(self, hours: DoorHours) -> str:
        """周一到周五 8:30 到 12:00、…；周六 …；法定节假日休息."""
        by_spans: dict[tuple[tuple[int, int], ...], list[int]] = {}
        for weekday in range(_WEEK):
            if spans := hours.on(weekday):
                by_spans.setdefault(spans, []).append(weekday)
        said = [f"{self._weekdays(days)} {self.spans(spans)}" for spans, days in by_spans.items()]
        closed = hours.holidays == "closed"
        said.append(self._phrases.closed_on_holidays if closed else self._phrases.open_on_holidays)
        return "；".join(said)

    def _weekdays(self, days: Sequence[int]) -> str:
        names = self._phrases.weekdays
        if len(days) == _WEEK:
            return self._phrases.every_day
        runs: list[list[int]] = []
        for day in days:
            if runs and day == runs[-1][-1] + 1:
                runs[-1].append(day)
            else:
                runs.append([day])
        return "、".join(
            self._phrases.to.format(first=names[run[0]], last=names[run[-1]])
            if len(run) > 2
            else "、".join(names[day] for day in run)
            for run in runs
        )

    def day(self, day: Day) -> str:
        """今天（周三）, 明天（周四）, 12月25日（周五）; 那天（周五） in a year of which nothing is known, so nothing is cited."""
        ahead = (day.day - self._today).days
        weekday = self._phrases.weekdays[day.day.weekday()]
        later = self.dated(day.day) if day.known else self._phrases.that_day
        name = {0: self._phrases.today, 1: self._phrases.tomorrow}.get(ahead, later)
        return f"{name}（{weekday}）"

    def dated(self, day: date) -> str:
        return self._phrases.dated.format(month=day.month, day=day.day)

    def run(self, run: Sequence[Day], say: str) -> str:
        """国庆节（10月1日到10月7日）."""
        first, last = self.dated(run[0].day), self.dated(run[-1].day)
        if len(run) == 1:
            return self._phrases.one_day.format(say=say, first=first)
        return self._phrases.range.format(say=say, first=first, last=last)

    def part(self, part: PartOfDay, spans: Iterable[tuple[int, int]]) -> str:
        """Is a part of the day among the hours of the days asked about?"""
        start, end = _minute(part.start), _minute(part.end)
        inside = any(first <= start and end <= last for first, last in spans)
        return (self._phrases.part_open if inside else self._phrases.part_closed).format(part=part.name)

    def quoted(self, days: Sequence[Day]) -> str:
        """The days of a calendar with their dates, for a citation."""
        return "、".join(dict.fromkeys(self.dated(day.day) for day in days))


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
