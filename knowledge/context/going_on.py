"""Does a message go on from the matter in focus, or begin something new?"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from knowledge.answer import Knowledge
from knowledge.catalogue import Guide
from knowledge.context.words import Message
from knowledge.search import Scored

LONG = 30  # characters; a longer message is no more likely to stand alone
MISSING = 0.2  # a guide that was not found lies so much behind the last that was
# A logistic model on 749 turns of written dialogues and 1,318 whole questions put into a talk about something else; what it
# gives a probability of 0.425 goes on (`python -m tests.knowledge.context.fit`, docs/measured.md).
BIAS = 0.1
WEIGHTS = {
    "length": -7.3,
    "bare": 2.1,
    "points": 1.1,
    "named": -1.1,
    "lag": -2.4,
    "near": 57.7,
    "nearest": -52.5,
    "learned_lag": -5.8,
    "lag_behind": -8.3,
}


def goes_on(knowledge: Knowledge, guide: Guide, message: Message, question: str) -> bool:
    """Is ``message``, said in a talk about ``guide`` that began with ``question``, about that rather than something else?"""
    alone = signs_alone(knowledge, guide, message)
    likely = BIAS + math.fsum(WEIGHTS[name] * value for name, value in alone.items())
    # What comes of the message after the question can only lower it, and costs a search of its own.
    return likely > 0 and likely + WEIGHTS["lag_behind"] * lag_behind(knowledge, guide, message, question) > 0


def signs_alone(knowledge: Knowledge, guide: Guide, message: Message) -> dict[str, float]:
    """What the message alone tells, by the names of WEIGHTS."""
    alone = knowledge.search(message.text).targets
    ours = _of(alone, guide)
    return {
        "length": min(len(message.text), LONG) / LONG,
        "bare": float(message.bare),
        "points": float(message.points),
        "named": float(alone[0] not in ours and _named(knowledge, message, alone[0])),
        "lag": _lag(alone, ours),
        "near": max(row.dense for row in ours) if ours else min(row.dense for row in alone),
        "nearest": alone[0].dense,
        "learned_lag": max(row.matter_learned for row in alone) - (ours[0].matter_learned if ours else 0.0),
    }


def lag_behind(knowledge: Knowledge, guide: Guide, message: Message, question: str) -> float:
    """How far the guide lies behind the best of all when the message is read after ``question``; not below 0."""
    behind = knowledge.search(f"{question} {message.text}".strip()).targets
    return _lag(behind, _of(behind, guide))


def _of(rows: Sequence[Scored], guide: Guide) -> list[Scored]:
    return [row for row in rows if row.target.group == f"guide:{guide.id}"]


def _lag(rows: Sequence[Scored], ours: Sequence[Scored]) -> float:
    """How far the best of ``ours`` lies behind the best of all."""
    return rows[0].score - (ours[0].score if ours else min(row.score for row in rows) - MISSING)


def _named(knowledge: Knowledge, message: Message, own: Scored) -> bool:
    """Does the message call the matter of ``own`` by its name?"""
    guide = next(
        (guide for guide in knowledge.release.catalogue.guides if own.target.group == f"guide:{guide.id}"), None
    )
    names = [] if guide is None else re.split(r"[、/（）()]", guide.matter)
    return any(len(name) > 1 and name in message.text for name in names)
