"""What the channel keeps in the shared database: who is in which conversation, messages seen and their replies, nonces.

A message is worked on by one process at a time. Its claim is a lease that it renews; when the process dies, the lease
ends and the next delivery takes the message over.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bot.channels.wechat.pages import PageRow, add_page
from bot.conversations.store import ConversationStore, hashed
from bot.conversations.tables import answer_pages, conversations, wechat_messages, wechat_nonces, wechat_users
from bot.conversations.upsert import insert_new

LEASE = timedelta(seconds=4)
KEEP_NONCES = timedelta(minutes=15)  # longer than a timestamp is accepted
KEEP_MESSAGES = timedelta(days=1)  # WeChat repeats within 15 seconds


class NonceReused(PermissionError):
    """The nonce came with another message before: someone repeats what they overheard."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One delivery's view of its message: how often it came, the reply if there is one, whether to work on it here."""

    tries: int
    reply: str | None
    mine: bool
    conversation_id: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person was shown last: choices in their order, and the turn that a verdict would be about.

    ``turn_id`` is the turn of the answer shown; it is not kept.
    """

    offered: tuple[str, ...] = ()
    rated_turn: str | None = None
    turn_id: str | None = None


class WeChatStore:
    """The channel's tables; every method is one transaction and raises SQLAlchemyError when the database fails."""

    def __init__(self, store: ConversationStore) -> None:
        self._store = store
        self._owner = secrets.token_hex(8)

    async def claim(self, key: str, nonce: str, person: str) -> Claim:
        """Count a delivery and claim its message if nobody works on it. Raises NonceReused."""

        def work(connection: Connection) -> Claim:
            # Writing first takes SQLite's lock before anything is read, so that nothing read can be outdated.
            _use_nonce(connection, nonce, key)
            mine = self._claim(connection, key)
            count = update(wechat_messages).where(wechat_messages.c.key == key)
            connection.execute(count.values(tries=wechat_messages.c.tries + 1))
            tries, reply = connection.execute(_STATE.where(wechat_messages.c.key == key)).one()
            return Claim(tries, reply, mine, _conversation(connection, person))

        return await self._store.run(work)

    async def look(self, key: str) -> tuple[str | None, bool]:
        """The reply if there is one by now, and whether the message was taken over because its worker is gone."""

        def work(connection: Connection) -> tuple[str | None, bool]:
            mine = self._claim(connection, key)
            return connection.execute(_STATE.where(wechat_messages.c.key == key)).one()[1], mine

        return await self._store.run(work)

    async def renew(self, keys: Sequence[str]) -> None:
        """Keep the claims for another while."""
        mine = wechat_messages.c.key.in_(keys) & (wechat_messages.c.owner == self._owner)
        values = {"leased_until": datetime.now(UTC) + LEASE}
        await self._store.run(lambda connection: connection.execute(update(wechat_messages).where(mine).values(values)))

    async def settle(
        self, key: str, reply: str, person: str = "", shown: Shown | None = None, page: PageRow | None = None
    ) -> str:
        """Store the reply unless there is one already; returns the one that stands.

        ``shown`` is remembered in either case, because the answer reaches the person in one way or another.
        """
        unsettled = (wechat_messages.c.key == key) & wechat_messages.c.reply.is_(None)

        def work(connection: Connection) -> str:
            connection.execute(update(wechat_messages).where(unsettled).values(reply=reply))
            if page is not None:
                add_page(connection, page)
            if shown is not None:
                values = {"offered": list(shown.offered), "rated_turn": shown.rated_turn}
                whose = wechat_users.c.openid_hash == person
                connection.execute(update(wechat_users).where(whose).values(values))
            state = connection.execute(_STATE.where(wechat_messages.c.key == key)).one_or_none()
            return reply if state is None or state[1] is None else str(state[1])

        return await self._store.run(work)

    async def shown(self, person: str) -> Shown:
        """What this person was shown last."""
        query = select(wechat_users.c.offered, wechat_users.c.rated_turn).where(wechat_users.c.openid_hash == person)
        row = await self._store.run(lambda connection: connection.execute(query).one_or_none())
        return Shown(tuple(row[0]), row[1]) if row is not None else Shown()

    async def purge(self) -> None:
        """Forget nonces, messages and links whose time is over."""
        now = datetime.now(UTC)

        def work(connection: Connection) -> None:
            connection.execute(delete(wechat_nonces).where(wechat_nonces.c.seen_at < now - KEEP_NONCES))
            connection.execute(delete(wechat_messages).where(wechat_messages.c.received_at < now - KEEP_MESSAGES))
            connection.execute(delete(answer_pages).where(answer_pages.c.expires_at < now))

        await self._store.run(work)

    def _claim(self, connection: Connection, key: str) -> bool:
        """True when this process is to work on the message from now on."""
        now = datetime.now(UTC)
        lease = {"owner": self._owner, "leased_until": now + LEASE}
        if insert_new(connection, wechat_messages, {"key": key, "received_at": now, "tries": 0, **lease}):
            return True
        abandoned = (
            (wechat_messages.c.key == key) & wechat_messages.c.reply.is_(None) & (wechat_messages.c.leased_until < now)
        )
        return connection.execute(update(wechat_messages).where(abandoned).values(lease)).rowcount == 1


_STATE = select(wechat_messages.c.tries, wechat_messages.c.reply)


def _use_nonce(connection: Connection, nonce: str, key: str) -> None:
    row = {"nonce": nonce, "message_key": key, "seen_at": datetime.now(UTC)}
    if insert_new(connection, wechat_nonces, row):
        return
    query = select(wechat_nonces.c.message_key).where(wechat_nonces.c.nonce == nonce)
    if connection.execute(query).scalar() != key:
        raise NonceReused


def _conversation(connection: Connection, person: str) -> str:
    """The person's conversation; begun when there is none, or none any more."""
    query = select(wechat_users.c.conversation_id).where(wechat_users.c.openid_hash == person)
    known = connection.execute(query).scalar()
    if known is not None:
        return str(known)
    conversation_id, now = secrets.token_urlsafe(18), datetime.now(UTC)
    row: dict[str, Any] = {"id": conversation_id, "channel": "wechat", "created_at": now, "last_turn_at": now}
    # A token that nobody has: the HTTP API cannot open a WeChat conversation.
    row["token_hash"] = hashed(secrets.token_urlsafe(32))
    connection.execute(insert(conversations).values(row))
    user: dict[str, Any] = {
        "openid_hash": person,
        "conversation_id": conversation_id,
        "offered": [],
        "rated_turn": None,
    }
    if insert_new(connection, wechat_users, user):
        return conversation_id
    connection.execute(delete(conversations).where(conversations.c.id == conversation_id))
    return str(connection.execute(query).scalar())
