"""Answers about the hours of a door: only what was entered, and the truth when nothing was."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

from knowledge.catalogue import Catalogue, Channel
from knowledge.hours.asked import Asked, asked
from knowledge.hours.calendar import Calendar, Day, package_version
from knowledge.hours.records import DoorHours
from knowledge.hours.wording import Wording
from knowledge.passages import Citer, route, routes
from knowledge.records import Answer, Citation, Route, Status

# China has one time zone and no summer time.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
OLD = timedelta(days=365)
_FALLBACK = "12345"
_LOOK_AHEAD = 40
_HOTLINE = re.compile(r"(?<!\d)\d[\d-]{2,}\d(?!\d)")


def hours_answer(door: str, text: str, now: datetime, catalogue: Catalogue, citer: Citer) -> Answer:
    """When the door (id of its channel card) is open, as far as ``text`` asks; ``now`` must know its time zone.

    KeyError for an unknown door, ValueError for a ``now`` without a time zone.
    """
    if now.tzinfo is None:
        raise ValueError("now must know its time zone")
    card = catalogue.channel[door]
    if card.kind == "emergency":
        return _row(catalogue, "hours-emergency", (route(card, card.handles),), number=card.number or "")
    for known in catalogue.hours_words.always:
        if known.door == door:
            answer = _row(catalogue, "hours-always", (route(card, card.handles, known.basis),), text=known.text)
            return replace(answer, citations=tuple(citer.basis(known.basis, known.text)))
    hours = catalogue.hours_of(door)
    if hours is None:
        return _unregistered(catalogue, card)
    return _Registered(catalogue, card, hours, now.astimezone(SHANGHAI)).answer(text)


def _row(catalogue: Catalogue, reason: str, doors: tuple[Route, ...], **marks: str) -> Answer:
    row = catalogue.status[reason]
    text = row.text.format(**marks)
    return Answer(Status(row.status), row.reason, text, routes=doors or routes(catalogue, row.routes))


def _unregistered(catalogue: Catalogue, card: Channel) -> Answer:
    """Whom to call: the door itself, else the hotlines that its card names, else the government's."""
    known = {row.number for row in catalogue.channels}
    named = [number for number in _HOTLINE.findall(card.note or "") if number in known]
    numbers = [card.id] if card.number else named or [_FALLBACK]
    doors = [route(catalogue.channel[number], catalogue.channel[number].handles) for number in numbers]
    doors += [route(card, card.handles)] if not card.number else []
    call = catalogue.hours_words.phrases.call.format(
        number=" 或 ".join(door.number or "" for door in doors if door.number)
    )
    return _row(catalogue, "hours-unregistered", tuple(doors), name=card.name, call=call)


class _Registered:
    """One answer about a door whose hours were entered."""

    def __init__(self, catalogue: Catalogue, card: Channel, hours: DoorHours, now: datetime) -> None:
        self._catalogue, self._card, self._hours = catalogue, card, hours
        self._today, self._minute = now.date(), now.hour * 60 + now.minute
        self._words = catalogue.hours_words
        self._calendar = Calendar(catalogue.holiday_tables, self._words.holidays)
        self._say = Wording(self._words.phrases, self._today)
        own = "；".join(table.source for table in catalogue.holiday_tables)
        self._own_calendar = self._words.phrases.own_calendar.format(source=own)
        self._used: list[Day] = []

    def answer(self, text: str) -> Answer:
        """The week's hours, and what they come to on the days asked about."""
        wanted = asked(self._words, text, self._today)
        said = self._about(wanted)
        if self._today - self._hours.confirmed > OLD:
            said.append(self._words.phrases.old)
        week = self._say.week(self._hours)
        answer = _row(
            self._catalogue,
            "hours-registered",
            (route(self._card, self._card.handles),),
            name=self._card.name,
            week=week,
            day="".join(dict.fromkeys(said)),
            source=self._hours.source,
            confirmed=self._hours.confirmed.isoformat(),
        )
        return replace(
            answer, citations=(self._table(f"{self._card.name}：{week}"), *self._calendars()), matter=self._card.name
        )

    def _about(self, wanted: Asked) -> list[str]:
        if wanted.holiday is not None:
            run = self._calendar.next_run(wanted.holiday, self._today)
            if not run:
                return [self._words.phrases.unknown_holiday.format(say=wanted.holiday.say)]
            return [self._run(run, wanted.holiday.say)]
        days = wanted.days or (() if wanted.holidays_at_large else (self._today,))
        said = [self._day(day) for day in days]
        if wanted.now:
            said += self._this_moment()
        if wanted.part is not None:
            spans = [span for day in days for span in self._spans(self._calendar.day(day)) or ()]
            said.append(self._say.part(wanted.part, spans))
        if not all(self._calendar.knows(day.year) for day in days):
            said.append(self._words.phrases.unknown_year)
        return said

    def _run(self, run: Sequence[Day], say: str) -> str:
        self._used += run
        if self._hours.holidays == "closed":
            return self._words.phrases.closed.format(day=self._say.run(run, say))
        return self._words.phrases.open_on_holidays + "。"

    def _day(self, day: date) -> str:
        found, phrases = self._calendar.day(day), self._words.phrases
        name = self._say.day(found)
        spans = self._spans(found)
        if self._follows_calendar(found) or (found.known and day > self._today + timedelta(days=1)):
            self._used.append(found)
        if self._follows_calendar(found):
            if found.off:
                return phrases.holiday.format(day=name, holiday=found.holiday)
            if spans is None:
                return phrases.makeup_unsure.format(day=name)
            return phrases.makeup.format(day=name) + phrases.open.format(day="", spans=self._say.spans(spans))
        if not spans:
            return phrases.closed.format(day=name)
        return phrases.open.format(day=name, spans=self._say.spans(spans))

    def _follows_calendar(self, day: Day) -> bool:
        return self._hours.holidays == "closed" and (day.off or day.makeup)

    def _spans(self, day: Day) -> tuple[tuple[int, int], ...] | None:
        """Spans of a day; None when it is a workday that makes up for another and the workdays differ."""
        if not self._follows_calendar(day):
            return self._hours.on(day.day.weekday())
        if day.off:
            return ()
        workdays = {self._hours.on(weekday) for weekday in range(5)}
        return workdays.pop() if len(workdays) == 1 else None

    def _this_moment(self) -> list[str]:
        phrases = self._words.phrases
        spans = self._spans(self._calendar.day(self._today))
        if spans is None:
            return []
        if any(start <= self._minute < end for start, end in spans):
            return [phrases.now_open]
        later = [start for start, _ in spans if start > self._minute]
        if later:
            return [phrases.now_closed, phrases.next.format(day=phrases.today, start=self._say.clock(later[0]))]
        return [phrases.now_closed, *self._next_opening()]

    def _next_opening(self) -> list[str]:
        for ahead in range(1, _LOOK_AHEAD):
            found = self._calendar.day(self._today + timedelta(days=ahead))
            spans = self._spans(found)
            if not found.known or spans is None:
                return []
            if spans:
                self._used += [found] if ahead > 1 else []
                day, start = self._say.day(found), self._say.clock(spans[0][0])
                return [self._words.phrases.next.format(day=day, start=start)]
        return []

    def _table(self, quote: str) -> Citation:
        hours, section = self._hours, self._words.phrases.section
        return Citation(hours.source, section, self._card.owner, hours.confirmed.isoformat(), quote, False)

    def _calendars(self) -> list[Citation]:
        """Where the days that mattered stand: the imported table, or the package that repeats the official arrangement."""
        phrases = self._words.phrases
        found: dict[tuple[str, str], list[Day]] = {}
        for day in self._used:
            source = self._own_calendar if day.imported else phrases.calendar.format(version=package_version())
            section = phrases.calendar_section.format(year=day.day.year, say=day.holiday or "")
            found.setdefault((source, section), []).append(day)
        return [
            Citation(source, section, None, str(days[0].day.year), self._say.quoted(days), False)
            for (source, section), days in found.items()
        ]
