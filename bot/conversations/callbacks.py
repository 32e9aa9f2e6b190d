"""Numbers that residents leave for a call back: agreed to, encrypted, apart from what was said, erased with it.

A number never reaches a turn's text, the dialogue engine or a log: the masking step hides it there. While the turn in
which it was sent is being answered, it is held here in memory, so that the form that asked for it can keep it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection, Row, insert, select, update

from bot.conversations.store import ConversationStore
from bot.conversations.tables import callbacks
from bot.desk.audit import COMMAND, audited

# Version of the text that residents agree to: the row callback-consent of the status table. A new text, a new version.
CONSENT = "2026-11-25"


@dataclass(frozen=True, slots=True)
class Callback:
    """A request that waits. ``number`` is None when it was encrypted with another key."""

    id: str
    number: str | None
    shown: str
    created_at: datetime


class Callbacks:
    """Keeps and tells requests for a call back. Without a key none is offered. ValueError for what is no key."""

    def __init__(self, store: ConversationStore, key: str) -> None:
        self._store = store
        self._cipher = Fernet(key) if key else None
        self._held: dict[str, str] = {}

    @property
    def offered(self) -> bool:
        return self._cipher is not None

    @contextmanager
    def holding(self, conversation_id: str, number: str | None) -> Iterator[None]:
        """``number`` was sent in the turn that is answered inside."""
        if number is None or not self.offered:
            yield
            return
        self._held[conversation_id] = number
        try:
            yield
        finally:
            self._held.pop(conversation_id, None)

    async def keep(self, conversation_id: str) -> str | None:
        """Keep the number sent in this turn, once however often it is sent; returns it as it may be shown.

        None when the turn holds no number. Raises SQLAlchemyError when it cannot be stored.
        """
        number = self._held.pop(conversation_id, None)
        if number is None or self._cipher is None:
            return None
        row = {
            "id": secrets.token_urlsafe(12),
            "conversation_id": conversation_id,
            "shown": masked(number),
            "contact": self._cipher.encrypt(number.encode()).decode(),
            "consent": CONSENT,
            "created_at": datetime.now(UTC),
        }

        def work(connection: Connection) -> None:
            # Sent again, the last number counts.
            waiting = (callbacks.c.conversation_id == conversation_id) & callbacks.c.done_at.is_(None)
            connection.execute(callbacks.delete().where(waiting))
            connection.execute(insert(callbacks), row)

        await self._store.run(work)
        return row["shown"]  # type: ignore[return-value]

    async def waiting(self) -> list[Callback]:
        """Requests not yet done, oldest first, with their numbers: the audit log says that the command read them."""
        query = (
            select(callbacks.c.id, callbacks.c.contact, callbacks.c.shown, callbacks.c.created_at)
            .where(callbacks.c.done_at.is_(None))
            .order_by(callbacks.c.created_at)
        )

        def work(connection: Connection) -> Sequence[Row[str, str, str, datetime]]:
            found = connection.execute(query).all()
            audited(connection, COMMAND, "callback.unmask", "callbacks", {"rows": len(found)})
            return found

        rows = await self._store.run(work)
        return [Callback(id, self.opened(contact), shown, created) for id, contact, shown, created in rows]

    async def done(self, callback_id: str) -> bool:
        """Somebody called: the number is wiped. False when no request that waits has this id."""
        values = {"done_at": datetime.now(UTC), "contact": ""}
        change = update(callbacks).where(callbacks.c.id == callback_id, callbacks.c.done_at.is_(None)).values(values)

        def work(connection: Connection) -> bool:
            found = connection.execute(change).rowcount == 1
            if found:
                audited(connection, COMMAND, "callback.done", f"callback:{callback_id}")
            return found

        return await self._store.run(work)

    def opened(self, contact: str) -> str | None:
        """The number of a row; None when it was wiped or encrypted with another key."""
        try:
            return None if self._cipher is None else self._cipher.decrypt(contact.encode()).decode()
        except InvalidToken:
            return None


def masked(number: str) -> str:
    """``13812345678`` → ``138****5678``."""
    return f"{number[:3]}****{number[-4:]}"


_live: Callbacks | None = None


def use(requests: Callbacks | None) -> None:
    """Those of this process from now on. Rasa's actions are created by Rasa's SDK, so they find them here."""
    global _live
    _live = requests


def current() -> Callbacks | None:
    """Those in use, None when no call back can be offered."""
    return _live if _live is not None and _live.offered else None
