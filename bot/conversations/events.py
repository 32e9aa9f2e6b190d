"""News of a conversation for whoever listens: turns that got their answer, and that it was erased.

The database is the truth, so a listener that comes back after a pause reads what it missed; the bell only says when to
look. It rings within this process; news.py makes it ring for what other replicas do.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class TooManyListeners(RuntimeError):
    """No more listeners are taken."""


class Bell:
    """Wakes the listeners of a conversation."""

    def __init__(self, listeners: int = 1000, per_conversation: int = 6, per_address: int = 0) -> None:
        """How many are taken in all, of one conversation, and from one address (0: as many as in all)."""
        self._most, self._each, self._one_place = listeners, per_conversation, per_address or listeners
        self._addresses: Counter[str] = Counter()
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self.closed = False

    @property
    def listeners(self) -> int:
        return sum(map(len, self._waiting.values()))

    @contextmanager
    def listen(self, conversation_id: str, address: str = "") -> Iterator[asyncio.Event]:
        """An event that is set at news. Clear it before looking, then nothing is missed. Raises TooManyListeners.

        ``address``: where the listener is; empty when it does not count.
        """
        if self.listeners >= self._most or len(self._waiting.get(conversation_id, ())) >= self._each:
            raise TooManyListeners
        if address and self._addresses[address] >= self._one_place:
            raise TooManyListeners
        news = asyncio.Event()
        self._waiting[conversation_id].add(news)
        self._addresses[address] += 1
        try:
            yield news
        finally:
            self._waiting[conversation_id].discard(news)
            if not self._waiting[conversation_id]:
                del self._waiting[conversation_id]
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    def ring(self, conversation_id: str) -> None:
        """There is news of this conversation."""
        for news in self._waiting.get(conversation_id, ()):
            news.set()

    def ring_all(self) -> None:
        """There may be news of any conversation."""
        for conversation_id in list(self._waiting):
            self.ring(conversation_id)

    def close(self) -> None:
        """Let every listener go: the service stops."""
        self.closed = True
        self.ring_all()


def event_id(moment: datetime) -> str:
    """Place of an answer in the order of events: microseconds since 1970."""
    return str((moment - _EPOCH) // _MICROSECOND)


def moment_of(identifier: str) -> datetime:
    """Inverse of :func:`event_id`; the beginning of time for what is no id, so that nothing is missed."""
    if identifier.isascii() and identifier.isdigit() and len(identifier) <= 17:
        return _EPOCH + int(identifier) * _MICROSECOND
    return _EPOCH
