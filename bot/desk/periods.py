"""The days that figures are about: the last 7 or 30, or a month of the calendar, in the district's time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from knowledge.hours.answer import SHANGHAI

LATEST = {"7": 7, "30": 30}
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


class BadPeriod(ValueError):
    """No period that figures can be about; the message says what one looks like, in Chinese."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days from ``first`` to ``last``, both included. ``key`` is how addresses name it: ``7``, ``30`` or ``2026-11``."""

    key: str
    first: date
    last: date

    @property
    def shown(self) -> str:
        if self.key in LATEST:
            return f"最近 {self.key} 天（{self.first} 到 {self.last}）"
        return f"{self.first.year} 年 {self.first.month} 月"

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def begins(self) -> datetime:
        """In UTC, as times are stored."""
        return _midnight(self.first)

    @property
    def ends(self) -> datetime:
        """The first moment after it, in UTC."""
        return _midnight(self.last + timedelta(days=1))


def today() -> date:
    """In Anyang, wherever the server stands."""
    return datetime.now(SHANGHAI).date()


def period(key: str, day: date | None = None) -> Period:
    """The period called ``key``, seen from ``day`` (today). BadPeriod for any other word and for a month to come."""
    day = day or today()
    if key in LATEST:
        return Period(key, day - timedelta(days=LATEST[key] - 1), day)
    found = _MONTH.fullmatch(key)
    if found is None:
        raise BadPeriod("时段要写成 7、30，或者年-月，比如 2026-11。")
    first = date(int(found[1]), int(found[2]), 1)
    if first > day:
        raise BadPeriod("这个月还没有到。")
    return Period(key, first, _month_after(first) - timedelta(days=1))


def months(day: date | None = None, count: int = 12) -> list[str]:
    """Names of the last months, this one first."""
    first = (day or today()).replace(day=1)
    names = []
    for _ in range(count):
        names.append(f"{first:%Y-%m}")
        first = (first - timedelta(days=1)).replace(day=1)
    return names


def last_month(day: date | None = None) -> str:
    """The month that is over, which a monthly report is about."""
    return months(day, 2)[1]


def _month_after(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), SHANGHAI).astimezone(UTC)
