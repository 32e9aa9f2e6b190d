"""The dates of things: from when, until when, last confirmed. They are changed by drafts like any text (docs/decisions/0016)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from bot.editing import entries
from bot.editing.entries import Record, WrongState
from bot.editing.people import Person
from knowledge.catalogue import Catalogue
from knowledge.entries import Entry, record
from knowledge.schema import ContentError
from knowledge.validity import things

DATES = ("valid_from", "valid_until", "confirmed")
LABELS = {"valid_from": "从哪天起用", "valid_until": "用到哪天", "confirmed": "最近核对日期"}
CONFIRMED = "核对过，内容没有变。"


@dataclass(frozen=True, slots=True)
class Dates:
    """What the form of something with dates shows: the dates as texts, empty for none."""

    name: str
    given: dict[str, str]


def dates_of(catalogue: Catalogue, kind: str, key: str) -> Dates:
    """LookupError for what bears no dates or is not there."""
    thing = next((row for row in things(catalogue) if (row.kind, row.key) == (kind, key)), None)
    body = record(catalogue, kind, key)
    if thing is None or body is None:
        raise LookupError(f"{kind}:{key}")
    return Dates(thing.name, {name: str(body.get(name) or "") for name in DATES})


def with_dates(catalogue: Catalogue, kind: str, key: str, given: Mapping[str, str]) -> Entry:
    """The record with other dates; an empty one is taken away. ContentError (a fault a line), LookupError."""
    dates_of(catalogue, kind, key)
    body: dict[str, Any] = record(catalogue, kind, key) or {}
    faults = []
    for name in DATES:
        text = given.get(name, "").strip()
        try:
            day = date.fromisoformat(text).isoformat() if text else None
        except ValueError:
            faults.append(f"“{LABELS[name]}”要写成 2026-07-11 这样")
            continue
        if day is None:
            body.pop(name, None)
        else:
            body[name] = day
    if not given.get("confirmed", "").strip() and kind in ("guide", "channel", "law", "document"):
        faults.append("“最近核对日期”要填")
    first, last = body.get("valid_from"), body.get("valid_until")
    if first and last and first > last:
        faults.append("“从哪天起用”比“用到哪天”还晚")
    if kind == "channel" and body.get("kind") == "emergency" and (first or last):
        faults.append("紧急电话一直有效，不能填期限")
    if faults:
        raise ContentError("\n".join(faults))
    return Entry(kind, key, body)


def with_confirmed(catalogue: Catalogue, kind: str, key: str, day: date) -> Entry:
    """The record, confirmed on ``day``; of a directory or a table of hours each row with it. LookupError."""
    dates_of(catalogue, kind, key)
    body: dict[str, Any] = record(catalogue, kind, key) or {}
    body["confirmed"] = day.isoformat()
    for rows in ("entries", "doors"):
        if rows in body:
            body[rows] = [row | {"confirmed": day.isoformat()} for row in body[rows]]
    return Entry(kind, key, body)


def hand_in(connection: Connection, person: Person, entry: Entry, note: str, audited: Record) -> int:
    """A draft of ``entry``, handed in for review at once; returns its id. A draft that is under way is not overwritten.

    Raises Forbidden, WrongState, ContentError.
    """
    newest = entries.history(connection, entry.kind, entry.key)[:1]
    if newest and newest[0].state in (entries.DRAFT, entries.REVIEW, entries.APPROVED):
        raise WrongState("这一条正在改，请在那份草稿里改日期，或等它发布")
    id = entries.save(connection, person, entry, note, audited)
    entries.submit(connection, person, id, audited)
    return id
