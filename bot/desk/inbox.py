"""What the inbox reads: conversations that want somebody, one conversation with its notes. Inside the caller's transaction."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, case, insert, select

from bot.conversations.handover import STAFF, WAITING
from bot.conversations.tables import conversations, handovers, turns
from bot.desk.audit import audited, noted_lately
from bot.desk.sessions import Staff
from bot.desk.tables import accounts, canned, notes

REASONS = {"crisis": "紧急情况", "asked": "要找真人", "unanswered": "两次没答上来"}
STATES = {"waiting": "等人接手", "staff": "工作人员接手中", "bot": "机器人在答", "closed": "已办完"}
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Thread:
    """One conversation as staff see it; ``owner`` is the account's shown name."""

    id: str
    channel: str
    state: str
    reason: str
    owner_id: str | None
    owner: str
    outcome: str
    turns: list[Any]
    notes: list[Any]


def waiting(connection: Connection) -> list[Any]:
    """Crises first, then who asked, then who got no answer; the longest wait first; then those that staff own."""
    urgency = case({"crisis": 0, "asked": 1, "unanswered": 2}, value=handovers.c.reason, else_=3)
    last = (
        select(turns.c.text)
        .where(turns.c.conversation_id == handovers.c.conversation_id, turns.c.text != "")
        .order_by(turns.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(handovers, conversations.c.channel, accounts.c.shown, last.label("last"))
        .join(conversations, conversations.c.id == handovers.c.conversation_id)
        .outerjoin(accounts, accounts.c.id == handovers.c.account_id)
        .where(handovers.c.state.in_((WAITING, STAFF)))
        .order_by(case((handovers.c.state == WAITING, 0), else_=1), urgency, handovers.c.since)
        .limit(SHOWN)
    )
    return list(connection.execute(query))


def read(connection: Connection, who: Staff, conversation_id: str, renewed: bool = False) -> Thread | None:
    """One conversation; that it was read is noted. None when there is none (any more).

    A page that stays open and is ``renewed`` is noted again every ten minutes only.
    """
    query = (
        select(conversations.c.channel, handovers, accounts.c.shown)
        .outerjoin(handovers, handovers.c.conversation_id == conversations.c.id)
        .outerjoin(accounts, accounts.c.id == handovers.c.account_id)
        .where(conversations.c.id == conversation_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    noted = (who.name, "conversation.read", f"conversation:{conversation_id}")
    if not renewed or noted_lately(connection, *noted) is None:
        audited(connection, *noted)
    said = select(turns).where(turns.c.conversation_id == conversation_id).order_by(turns.c.number)
    written = select(notes).where(notes.c.conversation_id == conversation_id).order_by(notes.c.at)
    return Thread(
        conversation_id,
        row.channel,
        row.state or "bot",
        row.reason or "",
        row.account_id,
        row.shown or "",
        row.outcome or "",
        list(connection.execute(said)),
        list(connection.execute(written)),
    )


def add_note(connection: Connection, who: Staff, conversation_id: str, text: str) -> None:
    """A note that only staff see."""
    row = {"id": secrets.token_urlsafe(12), "conversation_id": conversation_id, "account": who.name}
    connection.execute(insert(notes).values(**row, at=datetime.now(UTC), text=text))
    audited(connection, who.name, "note.add", f"conversation:{conversation_id}")


def replies(connection: Connection) -> list[Any]:
    """Canned replies by title."""
    return list(connection.execute(select(canned).order_by(canned.c.title)))


def on_wechat(connection: Connection, conversation_id: str) -> bool:
    """Whether the resident writes on WeChat."""
    query = select(conversations.c.channel).where(conversations.c.id == conversation_id)
    return connection.execute(query).scalar() == "wechat"


def minutes(since: datetime) -> int:
    """How long somebody has waited."""
    return max(0, int((datetime.now(UTC) - since).total_seconds() // 60))
