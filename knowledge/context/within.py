"""Which section of the guide in focus a message asks for."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.answer import Knowledge
from knowledge.catalogue import Guide, Section
from knowledge.context.words import Message
from knowledge.search import Scored

# What a matching facet counts beside the search score, whose sections of one guide lie 0.01 to 0.15 apart.
FACET = 0.2
ABSENT = 0.05
ASKED_OF_ALL = frozenset({"bring", "deadline", "cost"})


@dataclass(frozen=True, slots=True)
class Ranked:
    """A section of the guide with what speaks for it; ``own`` is the message searched for alone, None when not found."""

    section: Section
    score: float
    fits: bool
    own: Scored | None
    told: Scored | None


def ranked(knowledge: Knowledge, guide: Guide, message: Message, question: str) -> list[Ranked]:
    """The sections of ``guide``, best first, by three searches: the message alone, behind the matter, behind ``question``."""
    matter = guide.matter.partition("、")[0].partition("/")[0]
    searches = [
        {row.target.key: row for row in knowledge.search(text).targets}
        for text in dict.fromkeys((message.text, f"{matter} {message.text}", f"{question} {message.text}".strip()))
    ]
    found = []
    for section in guide.sections:
        key = f"guide:{guide.id}/{section.id}"
        fits = message.asks_for(section.facet)
        scores = [rows[key].score if key in rows else _lowest(rows) for rows in searches]
        score = sum(scores) / len(scores) + FACET * fits
        found.append(Ranked(section, score, fits, searches[0].get(key), searches[1].get(key)))
    return sorted(found, key=lambda row: -row.score)


def _lowest(rows: dict[str, Scored]) -> float:
    return min((row.score for row in rows.values()), default=0.0) - ABSENT
