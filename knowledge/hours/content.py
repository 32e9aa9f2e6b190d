"""Schema of ``content/hours.yml``: words for days, and pieces of the texts about hours."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated

from pydantic import Field

from knowledge.schema import Basis, Row, Text

Words = Annotated[tuple[Text, ...], Field(min_length=1)]
Clock = Annotated[str, Field(pattern=r"^\d{2}:\d{2}$")]


class DayWords(Row):
    """How residents name days."""

    today: Words
    tomorrow: Words
    after_tomorrow: Words
    third_day: Words
    now: Words
    weekend: Words
    holiday: Words


class PartOfDay(Row):
    """A part of the day by which nobody names an hour: 中午, 晚上."""

    name: Text
    words: Words
    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")


class HolidayName(Row):
    """A public holiday as the calendar package calls it, as we do and as residents do."""

    name: Text
    say: Text
    words: Words


class AlwaysOpen(Row):
    """A door whose hours a law states."""

    door: Text
    text: Text
    basis: Basis


class HoursPhrases(Row):
    """Pieces of the texts."""

    weekdays: Annotated[tuple[Text, ...], Field(min_length=7, max_length=7)]
    every_day: Text
    to: Text
    span: Text
    closed_on_holidays: Text
    open_on_holidays: Text
    today: Text
    tomorrow: Text
    that_day: Text
    dated: Text
    range: Text
    one_day: Text
    open: Text
    closed: Text
    holiday: Text
    makeup: Text
    now_open: Text
    now_closed: Text
    next: Text
    part_open: Text
    part_closed: Text
    unknown_year: Text
    unknown_holiday: Text
    makeup_unsure: Text
    old: Text
    call: Text
    calendar: Text
    calendar_section: Text
    own_calendar: Text
    section: Text


class HoursContent(Row):
    """All of the file."""

    asks: Words
    excused: tuple[Text, ...] = Field(default=(), alias="except")
    days: DayWords
    weekday_before: Words
    next_week: Words
    parts_of_day: tuple[PartOfDay, ...]
    holidays: Annotated[tuple[HolidayName, ...], Field(min_length=1)]
    always: tuple[AlwaysOpen, ...]
    phrases: HoursPhrases


def hours_faults(content: HoursContent, laws: Collection[str], doors: Collection[str]) -> Iterator[str]:
    """Unknown doors and laws."""
    for row in content.always:
        if row.door not in doors:
            yield f"hours.yml: door {row.door!r} is not in channels.yml"
        if row.basis.law is not None and row.basis.law not in laws:
            yield f"hours.yml: law {row.basis.law!r} is not in laws.yml"
