"""What residents think of an answer: helped or not, and why. One verdict a turn, from any channel; the last one counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Connection, select

from bot.conversations.privacy import mask
from bot.conversations.store import ConversationStore
from bot.conversations.tables import feedback, turns
from bot.conversations.upsert import upsert
from knowledge.normalise import for_display

MAX_REASON = 200


class Verdict(StrEnum):
    """满意 or 不满意."""

    SATISFIED = "good"
    UNSATISFIED = "bad"


@dataclass(frozen=True, slots=True)
class Given:
    """A verdict as stored; ``reason`` is masked and may be empty."""

    verdict: Verdict
    reason: str


async def give_feedback(
    store: ConversationStore, conversation_id: str, turn_id: str, verdict: Verdict, reason: str = ""
) -> bool:
    """Keep a verdict on a turn of this conversation, personal numbers masked; False when it has no such turn."""
    kept = mask(for_display(reason)).text[:MAX_REASON]
    row = {"turn_id": turn_id, "verdict": verdict.value, "reason": kept, "given_at": datetime.now(UTC)}
    mine = select(turns.c.id).where(turns.c.id == turn_id, turns.c.conversation_id == conversation_id)

    def work(connection: Connection) -> bool:
        if connection.execute(mine).first() is None:
            return False
        upsert(connection, feedback, row)
        return True

    return await store.run(work)


async def feedback_on(store: ConversationStore, turn_id: str) -> Given | None:
    """The verdict on a turn, if there is one."""
    query = select(feedback.c.verdict, feedback.c.reason).where(feedback.c.turn_id == turn_id)
    row = await store.run(lambda connection: connection.execute(query).one_or_none())
    return Given(Verdict(row[0]), row[1]) if row is not None else None


async def verdicts(store: ConversationStore, turn_ids: Iterable[str]) -> dict[str, str]:
    """Verdict by turn, for those of ``turn_ids`` that have one."""
    query = select(feedback.c.turn_id, feedback.c.verdict).where(feedback.c.turn_id.in_(list(turn_ids)))
    rows = await store.run(lambda connection: connection.execute(query).all())
    return {str(turn_id): str(verdict) for turn_id, verdict in rows}
