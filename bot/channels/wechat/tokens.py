"""The access token of the account: in the shared database, encrypted, renewed by one process at a time."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, select, update

from bot.conversations.store import ConversationStore
from bot.conversations.tables import wechat_tokens
from bot.conversations.upsert import insert_new

EARLY = timedelta(minutes=5)
LOCK = timedelta(seconds=15)  # longer than fetching may take
WAIT = 0.1
NEVER = datetime(2000, 1, 1, tzinfo=UTC)

Fetch = Callable[[bool], Awaitable[tuple[str, int]]]


class TokenLocked(TimeoutError):
    """Another process renews the token and does not come to an end."""


class Tokens:
    """Gives the token that is good now. ``fetch(force)`` gets one from WeChat: the token and its seconds."""

    def __init__(self, store: ConversationStore, app_id: str, secret: str, fetch: Fetch) -> None:
        self._store = store
        self._app_id = app_id
        self._fetch = fetch
        self._cipher = AESGCM(hashlib.sha256(f"access token\n{secret}".encode()).digest())
        self._one = asyncio.Lock()

    async def get(self, refused: str = "") -> str:
        """The token; not ``refused``, which WeChat no longer takes.

        Raises TokenLocked, SQLAlchemyError, or what ``fetch`` raises.
        """
        async with self._one:
            for _ in range(int(LOCK.total_seconds() / WAIT) + 10):
                token = await self._stored()
                if token and token != refused:
                    return token
                if await self._lock():
                    return await self._renew(refused)
                await asyncio.sleep(WAIT)
        raise TokenLocked("the access token is locked by another process")

    async def _stored(self) -> str:
        """The stored token, empty when there is none that is good for another five minutes."""
        query = select(wechat_tokens.c.sealed, wechat_tokens.c.expires_at).where(wechat_tokens.c.app_id == self._app_id)
        row = await self._store.run(lambda connection: connection.execute(query).one_or_none())
        if row is None or row[1] - EARLY <= datetime.now(UTC):
            return ""
        sealed = base64.b64decode(row[0])
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], self._app_id.encode()).decode()
        except InvalidTag:  # the secret was changed
            return ""

    async def _lock(self) -> bool:
        free = (wechat_tokens.c.app_id == self._app_id) & (wechat_tokens.c.locked_until < datetime.now(UTC))

        def work(connection: Connection) -> bool:
            row = {"app_id": self._app_id, "sealed": "", "expires_at": NEVER, "locked_until": NEVER}
            insert_new(connection, wechat_tokens, row)
            taken = update(wechat_tokens).where(free).values(locked_until=datetime.now(UTC) + LOCK)
            return connection.execute(taken).rowcount == 1

        return await self._store.run(work)

    async def _renew(self, refused: str) -> str:
        """Called with the lock held; releases it in any case."""
        values: dict[str, object] = {"locked_until": NEVER}
        try:
            token, seconds = await self._fetch(False)
            if token == refused:
                token, seconds = await self._fetch(True)
            nonce = secrets.token_bytes(12)
            sealed = nonce + self._cipher.encrypt(nonce, token.encode(), self._app_id.encode())
            values["sealed"] = base64.b64encode(sealed).decode()
            values["expires_at"] = datetime.now(UTC) + timedelta(seconds=seconds)
        finally:
            mine = update(wechat_tokens).where(wechat_tokens.c.app_id == self._app_id).values(values)
            await self._store.run(lambda connection: connection.execute(mine))
        return token
