"""What residents think of an answer: one verdict a turn, changeable, with a reason where they give one."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.conversations.privacy import mask
from bot.conversations.store import ConversationStore
from bot.conversations.tables import feedback, turns
from knowledge.normalise import for_display

VERDICTS = ("good", "bad")
MAX_REASON = 200


class UnknownTurn(LookupError):
    """The conversation has no such turn."""


async def give_feedback(
    store: ConversationStore, conversation_id: str, turn_id: str, verdict: str, reason: str | None
) -> None:
    """Keep ``verdict`` (one of VERDICTS) on a turn of this conversation; a later one replaces it.

    Personal numbers in ``reason`` are masked. Raises UnknownTurn.
    """
    words = mask(for_display(reason or "")).text[:MAX_REASON] or None

    def work(connection: Connection) -> None:
        if connection.execute(_TURN, {"turn": turn_id, "conversation": conversation_id}).scalar() is None:
            raise UnknownTurn(turn_id)
        row = {"verdict": verdict, "reason": words, "created_at": datetime.now(UTC)}
        changed = connection.execute(update(feedback).where(feedback.c.turn_id == turn_id).values(row))
        if changed.rowcount == 0:
            connection.execute(insert(feedback).values(id=secrets.token_urlsafe(12), turn_id=turn_id, **row))

    try:
        await store.run(work)
    except IntegrityError:  # another replica stored one first: now there is one to replace
        await store.run(work)


async def verdicts(store: ConversationStore, turn_ids: Iterable[str]) -> dict[str, str]:
    """Verdict by turn, for those of ``turn_ids`` that have one."""
    query = select(feedback.c.turn_id, feedback.c.verdict).where(feedback.c.turn_id.in_(list(turn_ids)))
    rows = await store.run(lambda connection: connection.execute(query).all())
    return {str(turn_id): str(verdict) for turn_id, verdict in rows}


_TURN = select(turns.c.id).where(turns.c.id == bindparam("turn"), turns.c.conversation_id == bindparam("conversation"))
