"""Per-conversation locks that wake up the next waiter at once.

Rasa's own lock store polls once a second, so six quick messages of one resident finish after 0, 1, 2, 3, 4 and 5
seconds. Right for one Rasa process only; several workers need Rasa's RedisLockStore (endpoints.yml).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, LockError, LockStore


class _Entry:
    """A lock and how many hold it or wait for it; the last one out removes the entry."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


class AsyncioLockStore(LockStore):
    """Rasa's lock contract on asyncio locks: first come, first served, per conversation.

    Raises LockError when the lock is not free within ``lock_lifetime`` seconds, as Rasa's stores do.
    """

    def __init__(self, endpoint_config: Any = None) -> None:
        self._entries: dict[str, _Entry] = {}
        super().__init__()

    @asynccontextmanager
    async def lock(
        self,
        conversation_id: str,
        lock_lifetime: float = LOCK_LIFETIME,
        wait_time_in_seconds: float = 1,
    ) -> AsyncGenerator[TicketLock, None]:
        entry = self._entries.setdefault(conversation_id, _Entry())
        entry.users += 1
        try:
            await _acquire(entry, lock_lifetime)
            try:
                yield TicketLock(conversation_id)
            finally:
                entry.lock.release()
        finally:
            entry.users -= 1
            if entry.users == 0:
                self._entries.pop(conversation_id, None)

    # The ticket methods of the base class are only called by its own lock(); the three below complete the interface.
    def get_lock(self, conversation_id: str) -> TicketLock | None:
        return TicketLock(conversation_id) if conversation_id in self._entries else None

    def save_lock(self, lock: TicketLock) -> None:
        """Tickets are not kept: waiting happens in asyncio."""

    def delete_lock(self, conversation_id: str) -> None:
        """Entries leave by themselves with their last user."""


async def _acquire(entry: _Entry, lifetime: float) -> None:
    if entry.users == 1:  # nobody before us: no timer, no task
        await entry.lock.acquire()
        return
    try:
        await asyncio.wait_for(entry.lock.acquire(), timeout=lifetime)
    except asyncio.TimeoutError as error:
        raise LockError(f"Could not acquire the lock of a conversation within {lifetime} s.") from error
