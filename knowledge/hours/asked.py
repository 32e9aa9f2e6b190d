"""Which day a question about hours means: 现在, 明天, 下周三, 周末, 国庆, 12月25号, or none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from knowledge.hours.content import HolidayName, HoursContent, PartOfDay
from knowledge.passages import searchable

_DATE = re.compile(r"(?:(\d{1,2})月)?(\d{1,2})[号日](?!线)")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked about: some ``days``, a ``holiday``, holidays at large, this moment, a part of the day; or nothing."""

    days: tuple[date, ...] = ()
    holiday: HolidayName | None = None
    holidays_at_large: bool = False
    now: bool = False
    part: PartOfDay | None = None


def asks_hours(content: HoursContent, text: str) -> bool:
    """Does ``text`` ask when somebody is there?"""
    said = searchable(text)
    for words in content.excused:
        said = said.replace(words, "")
    return any(words in said for words in content.asks)


def asked(content: HoursContent, text: str, today: date) -> Asked:
    """What ``text`` asks about, as seen on ``today``."""
    said, days = searchable(text), content.days
    part = next((row for row in content.parts_of_day if _has(said, row.words)), None)
    holiday = next((row for row in content.holidays if _has(said, row.words)), None)
    if holiday is not None:
        return Asked(holiday=holiday, part=part)
    if _has(said, days.weekend):
        return Asked(days=_weekend(content, said, today), part=part)
    named = _weekdays(content, said, today) or _relative(content, said, today) or _dated(said, today)
    if named:
        return Asked(days=named, now=_has(said, days.now) and named == (today,), part=part)
    if _has(said, days.now):
        return Asked(days=(today,), now=True, part=part)
    return Asked(holidays_at_large=_has(said, days.holiday), part=part)


def _has(said: str, words: tuple[str, ...]) -> bool:
    return any(word in said for word in words)


def _relative(content: HoursContent, said: str, today: date) -> tuple[date, ...]:
    days = content.days
    ahead = ((3, days.third_day), (2, days.after_tomorrow), (1, days.tomorrow), (0, days.today))
    return next(((today + timedelta(days=count),) for count, words in ahead if _has(said, words)), ())


def _weekend(content: HoursContent, said: str, today: date) -> tuple[date, ...]:
    """Saturday and Sunday that come next; on a Sunday the one that is left."""
    week = 7 if _has(said, content.next_week) else 0
    saturday = today + timedelta(days=5 - today.weekday() + week)
    return tuple(day for day in (saturday, saturday + timedelta(days=1)) if day >= today)


def _weekdays(content: HoursContent, said: str, today: date) -> tuple[date, ...]:
    """周三 is the next one, today included; 下周三 the one of next week."""
    before = "|".join(map(re.escape, content.weekday_before))
    found = re.search(rf"(?:{before})([一二三四五六日天1-7])(?!个|会)", said)
    if found is None:
        return ()
    weekday = 6 if found.group(1) in "日天7" else "一二三四五六123456".index(found.group(1)) % 6
    if _has(said, content.next_week):
        return (today + timedelta(days=7 - today.weekday() + weekday),)
    return (today + timedelta(days=(weekday - today.weekday()) % 7),)


def _dated(said: str, today: date) -> tuple[date, ...]:
    """12月25号, 25号: the next such day."""
    found = _DATE.search(said)
    if found is None:
        return ()
    for ahead in range(366):
        day = today + timedelta(days=ahead)
        if day.day == int(found.group(2)) and (found.group(1) is None or day.month == int(found.group(1))):
            return (day,)
    return ()
