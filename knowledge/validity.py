"""What is valid when: everything that bears dates, what has run out, and what somebody should look at again.

Days are those of the district, wherever the server stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from knowledge.catalogue import Catalogue
from knowledge.hours.answer import SHANGHAI

HOURS = "服务时间"
SOON, OLD = timedelta(days=30), timedelta(days=365)


def today() -> date:
    """In Anyang."""
    return datetime.now(SHANGHAI).date()


@dataclass(frozen=True, slots=True)
class Thing:
    """Something with dates: ``kind`` and ``key`` as entries name it. ``confirmed`` is None where nobody ever said so."""

    kind: str
    key: str
    name: str
    confirmed: date | None
    valid_from: date | None
    valid_until: date | None

    def valid(self, day: date) -> bool:
        return within(self, day)


@dataclass(frozen=True, slots=True)
class Reminder:
    """Something to look at again. ``why`` is ``over``, ``early`` (not valid yet), ``soon`` (runs out within 30 days) or ``old``
    (not confirmed for a year, or never); ``day`` is the day that says so, None for never."""

    thing: Thing
    why: str
    day: date | None


def within(row: Any, day: date) -> bool:
    """Is ``day`` within the dates of ``row``? Both ends count; a date that is missing limits nothing."""
    begins, ends = getattr(row, "valid_from", None), getattr(row, "valid_until", None)
    return (begins is None or begins <= day) and (ends is None or day <= ends)


def things(catalogue: Catalogue) -> Iterator[Thing]:
    """Everything that bears dates."""
    for guide in catalogue.guides:
        yield _thing("guide", guide.id, guide.title, guide)
    for card in catalogue.channels:
        yield _thing("channel", card.id, card.name, card)
    for note in catalogue.scope:
        yield _thing("scope", note.id, note.questions[0], note)
    for law in catalogue.laws:
        yield _thing("law", law.name, law.title, law)
    for document in catalogue.documents:
        yield _thing("document", document.id, document.title, document)
    for proofs in catalogue.proof_lists:
        yield _thing("import", proofs.file, proofs.title, proofs)
    for advisors in catalogue.advisor_lists:
        yield _thing("import", advisors.file, advisors.title, advisors)
    for row in catalogue.statuses:
        yield _thing("status", row.reason, row.label, row)
    for hours in catalogue.hours_tables:
        yield _thing("import", hours.file, HOURS, hours)
    for uploaded in catalogue.document_texts:
        yield _thing("import", uploaded.file, uploaded.title, uploaded)


def reminders(catalogue: Catalogue, day: date) -> list[Reminder]:
    """What somebody should look at again, the most pressing first."""
    found = [reminder for thing in things(catalogue) if (reminder := _reminder(thing, day)) is not None]
    found += [reminder for thing in _doors(catalogue) if (reminder := _dates_reminder(thing, day)) is not None]
    order = ("over", "early", "soon", "old")
    return sorted(found, key=lambda item: (order.index(item.why), item.day or date.min, item.thing.name))


def _doors(catalogue: Catalogue) -> Iterator[Thing]:
    """The hours of each door, as parts of their table: they are changed with it, and confirmed with it."""
    for table in catalogue.hours_tables:
        for row in table.doors:
            card = catalogue.channel[row.door]
            yield _thing("import", table.file, f"{HOURS}：{card.name}", row)


def _reminder(thing: Thing, day: date) -> Reminder | None:
    if (found := _dates_reminder(thing, day)) is not None:
        return found
    # A scope note or fixed text says nothing of the world; nobody has to confirm that, unless they once did.
    if thing.confirmed is None and thing.kind in ("scope", "status"):
        return None
    if thing.confirmed is None or thing.confirmed < day - OLD:
        return Reminder(thing, "old", thing.confirmed)
    return None


def _dates_reminder(thing: Thing, day: date) -> Reminder | None:
    if thing.valid_until is not None and thing.valid_until < day:
        return Reminder(thing, "over", thing.valid_until)
    if thing.valid_from is not None and thing.valid_from > day:
        return Reminder(thing, "early", thing.valid_from)
    if thing.valid_until is not None and thing.valid_until <= day + SOON:
        return Reminder(thing, "soon", thing.valid_until)
    return None


def _thing(kind: str, key: str, name: str, row: Any) -> Thing:
    confirmed = getattr(row, "confirmed", None) or _rows_confirmed(row) or getattr(row, "published", None)
    return Thing(kind, key, name, confirmed, getattr(row, "valid_from", None), getattr(row, "valid_until", None))


def _rows_confirmed(row: Any) -> date | None:
    """A directory, or a table of hours, is as old as the oldest of its rows."""
    rows = (*getattr(row, "entries", ()), *getattr(row, "doors", ()))
    return min((each.confirmed for each in rows), default=None)
