"""Who answers a conversation: the bot, or staff. Decided in the database, in the transaction that stores the answer.

While staff own a conversation nothing of the bot is stored or sent, also not what was under way when they took it over; only
the emergency numbers come at once, whoever owns it. What staff say is a turn without a question, so that it reaches residents
like every answer: events, history, retention.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from bot.conversations import news
from bot.conversations.tables import conversations, handovers, turns
from knowledge.records import Answer, Status

WAITING, STAFF, BOT, CLOSED = "waiting", "staff", "bot", "closed"
MISSES = 2  # unanswered so often in a row: a person should look
_URGENCY = ("unanswered", "asked", "crisis")
Words = Callable[[str], Answer]


class Taken(RuntimeError):
    """Somebody else owns the conversation, or nobody does; it cannot be done."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The answer that stands, and whether the desk has something new to see."""

    answer: Answer
    engine: str
    news: bool


def with_staff(connection: Connection, conversation_id: str) -> bool:
    """Whether staff own the conversation now."""
    query = select(handovers.c.state).where(handovers.c.conversation_id == conversation_id)
    return connection.execute(query).scalar() == STAFF


def settle(
    connection: Connection, conversation_id: str, answer: Answer, engine: str, words: Words, on_duty: bool | None
) -> Settled:
    """What is to be stored in place of ``answer``; asks for staff where the resident or the matter needs them.

    ``on_duty``: whether somebody is there now, None when the desk has no duty table.
    """
    query = select(handovers).where(handovers.c.conversation_id == conversation_id).with_for_update()
    row = connection.execute(query).one_or_none()
    state, misses = (row.state, row.misses) if row is not None else (BOT, 0)
    if state == STAFF and answer.status is not Status.CRISIS:
        return Settled(words("with-staff"), "staff", True)
    misses = misses + 1 if answer.status is Status.UNANSWERABLE else 0
    reason = _reason(answer, misses)
    if reason is None:
        if row is not None and row.misses != misses:
            _write(connection, conversation_id, misses=misses)
        elif row is None and misses:
            _begin(connection, conversation_id, BOT, "unanswered", misses)
        return Settled(answer, engine, row is not None and state == WAITING)
    now = datetime.now(UTC)
    if row is None:
        _begin(connection, conversation_id, WAITING, reason, misses)
    elif state in (BOT, CLOSED):
        values = {"state": WAITING, "reason": reason, "since": now, "account_id": None, "outcome": ""}
        _write(connection, conversation_id, misses=misses, changed_at=now, **values)
    elif _URGENCY.index(reason) > _URGENCY.index(row.reason):
        _write(connection, conversation_id, reason=reason, misses=misses, changed_at=now)
    if reason == "asked" and on_duty is not None:
        told = words("staff-called" if on_duty else "nobody-on-duty")
        # The offer of a call back stays: the resident need not wait.
        answer = replace(answer, reason=told.reason, text=told.text)
    return Settled(answer, engine, True)


def take(connection: Connection, conversation_id: str, account_id: str, words: Words) -> str:
    """Staff own it from now on, and the resident is told. Raises Taken when somebody else does, or it does not exist.

    Like the others below it returns what the resident is told.
    """
    now = datetime.now(UTC)
    row = _row(connection, conversation_id)
    if row is None:
        if connection.execute(select(conversations.c.id).where(conversations.c.id == conversation_id)).first() is None:
            raise Taken("没有这个会话，可能已经删除。")
        _begin(connection, conversation_id, WAITING, "asked", 0)
    elif row.state == STAFF:
        raise Taken("这个会话已经有人接手了。")
    _write(connection, conversation_id, state=STAFF, account_id=account_id, changed_at=now, misses=0, outcome="")
    return tell(connection, conversation_id, words("staff-joined"))


def say(connection: Connection, conversation_id: str, account_id: str, text: str, words: Words) -> None:
    """A message of the owner to the resident. Raises Taken when this account does not own the conversation."""
    check_owner(connection, conversation_id, account_id)
    tell(connection, conversation_id, replace(words("staff-message"), text=text))


def give_back(connection: Connection, conversation_id: str, account_id: str, words: Words) -> str:
    """The bot answers again, and the resident is told. Raises Taken."""
    check_owner(connection, conversation_id, account_id)
    values = {"state": BOT, "account_id": None, "contact": "", "changed_at": datetime.now(UTC)}
    _write(connection, conversation_id, **values)
    return tell(connection, conversation_id, words("staff-left"))


def close(connection: Connection, conversation_id: str, account_id: str, outcome: str, words: Words) -> str:
    """Done, with what came of it; the bot answers what the resident asks later. Raises Taken."""
    check_owner(connection, conversation_id, account_id)
    values = {"state": CLOSED, "account_id": None, "contact": "", "changed_at": datetime.now(UTC)}
    _write(connection, conversation_id, outcome=outcome, **values)
    return tell(connection, conversation_id, words("staff-closed"))


def dismiss(connection: Connection, conversation_id: str, outcome: str) -> None:
    """A conversation that waits needs nobody after all. Raises Taken when it does not wait (any more)."""
    row = _row(connection, conversation_id)
    if row is None or row.state != WAITING:
        raise Taken("这个会话已经不在等人了。")
    _write(connection, conversation_id, state=CLOSED, outcome=outcome, contact="", changed_at=datetime.now(UTC))


def transfer(connection: Connection, conversation_id: str, account_id: str, to: str, words: Words) -> str:
    """Another account owns it from now on. Raises Taken."""
    check_owner(connection, conversation_id, account_id)
    _write(connection, conversation_id, account_id=to, changed_at=datetime.now(UTC))
    return tell(connection, conversation_id, words("staff-changed"))


def tell(connection: Connection, conversation_id: str, answer: Answer) -> str:
    """Something that staff say or do, as a turn without a question."""
    now, turn_id = datetime.now(UTC), secrets.token_urlsafe(12)
    number = select(func.coalesce(func.max(turns.c.number), 0) + 1).where(turns.c.conversation_id == conversation_id)
    row: dict[str, Any] = {
        "id": turn_id,
        "conversation_id": conversation_id,
        "number": connection.execute(number).scalar(),
        "client_turn_id": f"staff-{turn_id}",
        "text": "",
        "masked": [],
        "created_at": now,
        "answered_at": now,
        "status": answer.status.value,
        "reason": answer.reason,
        "release": answer.release,
        "engine": "staff",
        "answer": answer.to_dict(),
    }
    connection.execute(insert(turns).values(row))
    mine = conversations.c.id == conversation_id
    connection.execute(update(conversations).where(mine).values(last_turn_at=now))
    news.tell(connection, news.DESK)
    news.tell(connection, conversation_id)  # residents who listen at another replica hear it at once too
    return answer.text


def _reason(answer: Answer, misses: int) -> str | None:
    if answer.status is Status.CRISIS:
        return "crisis"
    if answer.status is Status.HANDOVER:
        return "asked"
    return "unanswered" if misses >= MISSES else None


def check_owner(connection: Connection, conversation_id: str, account_id: str) -> None:
    """Raises Taken unless this account owns the conversation."""
    row = _row(connection, conversation_id)
    if row is None or row.state != STAFF or row.account_id != account_id:
        raise Taken("这个会话现在不在您手里，可能已经转给别人或交还机器人。")


def _row(connection: Connection, conversation_id: str) -> Any:
    query = select(handovers).where(handovers.c.conversation_id == conversation_id).with_for_update()
    return connection.execute(query).one_or_none()


def _begin(connection: Connection, conversation_id: str, state: str, reason: str, misses: int) -> None:
    now = datetime.now(UTC)
    row = {"conversation_id": conversation_id, "state": state, "reason": reason, "since": now, "changed_at": now}
    connection.execute(insert(handovers).values(**row, outcome="", misses=misses, contact="", sent=0))


def _write(connection: Connection, conversation_id: str, **values: Any) -> None:
    connection.execute(update(handovers).where(handovers.c.conversation_id == conversation_id).values(**values))
    news.tell(connection, news.DESK)
