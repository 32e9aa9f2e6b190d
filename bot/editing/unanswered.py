"""What residents asked and did not get answered, or found not helpful: like questions together, and what to make of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection, or_, select

from bot.conversations.feedback import Verdict
from bot.conversations.tables import feedback, turns
from knowledge.answer import Knowledge
from knowledge.entries import Entry, record
from knowledge.passages import searchable
from knowledge.schema import ContentError

DAYS, TREND_DAYS, MOST = 30, 7, 2000
# Cosine from which two questions count as the same matter; e5 models squeeze all cosines together (0.85 is nothing).
ALIKE = 0.93


@dataclass(frozen=True, slots=True)
class Asked:
    """A turn that went wrong: ``text`` is masked as stored."""

    text: str
    at: datetime
    low: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """Questions that mean the same, most frequent wording first. ``recent`` and ``before`` are the last two spans of
    TREND_DAYS days; ``nearest`` is the key of what search thought closest, with the question it knew."""

    questions: tuple[str, ...]
    count: int
    low: int
    recent: int
    before: int
    nearest: str
    known: str


def asked(connection: Connection, now: datetime | None = None) -> list[Asked]:
    """The newest turns of the last DAYS days without an answer, or rated as no help."""
    since = (now or datetime.now(UTC)) - timedelta(days=DAYS)
    low = feedback.c.verdict == Verdict.UNSATISFIED
    query = (
        select(turns.c.text, turns.c.created_at, feedback.c.verdict)
        .outerjoin(feedback, feedback.c.turn_id == turns.c.id)
        .where(turns.c.created_at >= since, or_(turns.c.status.in_(("unanswerable", "clarify")), low))
        .order_by(turns.c.created_at.desc())
        .limit(MOST)
    )
    return [Asked(row.text, row.created_at, row.verdict == Verdict.UNSATISFIED) for row in connection.execute(query)]


def clustered(rows: Sequence[Asked], knowledge: Knowledge, now: datetime | None = None) -> list[Cluster]:
    """Like questions together, the most frequent first. Reads with the embedding model: not for the event loop."""
    if not rows:
        return []
    now = now or datetime.now(UTC)
    forms = [searchable(row.text) for row in rows]
    unique = list(dict.fromkeys(forms))
    vectors = dict(zip(unique, knowledge.embedder.queries(unique), strict=True))
    centres: list[Any] = []
    members: list[list[int]] = []
    for number, form in enumerate(forms):
        likeness = np.asarray(centres) @ vectors[form] if centres else np.empty(0)
        best = int(likeness.argmax()) if len(likeness) else -1
        if best >= 0 and likeness[best] >= ALIKE:
            members[best].append(number)
        else:
            centres.append(vectors[form])
            members.append([number])
    found = [_cluster([rows[number] for number in group], knowledge, now) for group in members]
    return sorted(found, key=lambda item: -item.count)


def with_question(knowledge: Knowledge, target: str, question: str) -> Entry:
    """The record of ``target`` (a key as search gives it) with one more question. LookupError, ContentError."""
    kind, _, rest = target.partition(":")
    key, _, section = rest.partition("/")
    body = record(knowledge.release.catalogue, kind, key)
    if body is None:
        raise LookupError(target)
    holder = body if not section else next((row for row in body["sections"] if row["id"] == section), None)
    if holder is None:
        raise LookupError(target)
    if question in holder.get("questions", ()):
        raise ContentError("这句问法已经有了")
    holder["questions"] = [*holder.get("questions", ()), question]
    return Entry(kind, key, body)


def _cluster(rows: Sequence[Asked], knowledge: Knowledge, now: datetime) -> Cluster:
    texts = [row.text for row in rows]
    wordings = sorted(dict.fromkeys(texts), key=lambda text: -texts.count(text))
    ages = [(now - row.at).days for row in rows]
    nearest = knowledge.search(wordings[0]).targets
    return Cluster(
        questions=tuple(wordings),
        count=len(rows),
        low=sum(row.low for row in rows),
        recent=sum(age < TREND_DAYS for age in ages),
        before=sum(TREND_DAYS <= age < 2 * TREND_DAYS for age in ages),
        nearest=nearest[0].target.key if nearest else "",
        known=nearest[0].question if nearest else "",
    )
