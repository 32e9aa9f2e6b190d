"""Which section of the guide in focus a message asks for."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.answer import Knowledge
from knowledge.catalogue import Guide, Section
from knowledge.context.words import Message
from knowledge.search import Scored

# What is said behind the last question, and a matching facet, count beside the message alone. A conditional logit on 658 turns
# of written dialogues (`python -m tests.knowledge.context.fit`; behind the name of the matter counted nothing); scores of a guide's sections lie 0.01 to 0.15 apart.
# In a message of nothing but such words the facet is all that it says.
BEHIND_QUESTION, FACET, ONLY_FACET = 0.34, 0.08, 0.18
ASKED_OF_ALL = frozenset({"bring", "deadline", "cost"})


@dataclass(frozen=True, slots=True)
class Ranked:
    """A section of the guide with what speaks for it; ``own`` is the message searched for alone, None when not found."""

    section: Section
    score: float
    fits: bool
    own: Scored | None


def ranked(knowledge: Knowledge, guide: Guide, message: Message, question: str) -> list[Ranked]:
    """The sections of ``guide``, best first: by the message alone and behind ``question``."""
    alone = knowledge.within(guide.id, message.text)
    behind = knowledge.within(guide.id, f"{question} {message.text}".strip())
    own = {row.target.key: row for row in knowledge.search(message.text).targets}
    found = []
    for section in guide.sections:
        fits = message.asks_for(section.facet)
        score = (
            alone[section.id] + BEHIND_QUESTION * behind[section.id] + (ONLY_FACET if message.bare else FACET) * fits
        )
        found.append(Ranked(section, score, fits, own.get(f"guide:{guide.id}/{section.id}")))
    return sorted(found, key=lambda row: -row.score)
