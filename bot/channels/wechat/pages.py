"""Links to answers: an id that cannot be guessed, kept as its hash, good until a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from bot.conversations.store import ConversationStore, hashed
from bot.conversations.tables import answer_pages, turns
from bot.conversations.upsert import insert_new


@dataclass(frozen=True, slots=True)
class PageRow:
    """A link to be kept. The turn is named as it was before anything was stored of it."""

    id: str
    conversation_id: str
    client_turn_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """What a link leads to. ``answer`` is None while the turn is being answered."""

    conversation_id: str
    turn_id: str | None
    answer: dict[str, Any] | None
    created_at: datetime
    expires_at: datetime


def add_page(connection: Connection, page: PageRow) -> None:
    """Keep the link; once is enough."""
    row = {
        "id_hash": hashed(page.id),
        "conversation_id": page.conversation_id,
        "client_turn_id": page.client_turn_id,
        "created_at": datetime.now(UTC),
        "expires_at": page.expires_at,
    }
    insert_new(connection, answer_pages, row)


async def find_page(store: ConversationStore, page_id: str) -> Page | None:
    """The page of a link, or None when there is none or its time is over."""
    same_turn = (turns.c.conversation_id == answer_pages.c.conversation_id) & (
        turns.c.client_turn_id == answer_pages.c.client_turn_id
    )
    query = (
        select(
            answer_pages.c.conversation_id,
            turns.c.id,
            turns.c.answer,
            answer_pages.c.created_at,
            answer_pages.c.expires_at,
        )
        .select_from(answer_pages.outerjoin(turns, same_turn))
        .where(answer_pages.c.id_hash == hashed(page_id), answer_pages.c.expires_at > datetime.now(UTC))
    )
    row = await store.run(lambda connection: connection.execute(query).one_or_none())
    return Page(*row) if row is not None else None
