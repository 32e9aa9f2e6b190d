"""``python -m bot callbacks``: who waits for a call back. ``python -m bot callback-key``: a new key for their numbers."""

from __future__ import annotations

import asyncio
import sys

from cryptography.fernet import Fernet
from sqlalchemy.exc import SQLAlchemyError

from bot.conversations.callbacks import Callbacks
from bot.conversations.store import ConversationStore
from bot.settings import Settings


def callback_key(_options: Settings) -> int:
    """Print a new key for YINFAWEN_CALLBACK_KEY."""
    print(Fernet.generate_key().decode())
    return 0


def callbacks(options: Settings, done: str | None = None) -> int:
    """List the numbers that wait for a call back, or mark one as called; 1 when it cannot be done."""
    if not options.callback_key:
        print("没有设置 YINFAWEN_CALLBACK_KEY，没有开通回电 / no key is set, no call back is offered", file=sys.stderr)
        return 1
    try:
        return asyncio.run(_show(options, done))
    except SQLAlchemyError as error:
        print(f"数据库用不了 / the database cannot be used: {error.__class__.__name__}", file=sys.stderr)
        return 1


async def _show(options: Settings, done: str | None) -> int:
    store = ConversationStore(options.database)
    requests = Callbacks(store, options.callback_key)
    try:
        if done is not None:
            if await requests.done(done):
                return 0
            print(f"没有这个编号 / no such request: {done}", file=sys.stderr)
            return 1
        for row in await requests.waiting():
            number = row.number or f"{row.shown}（换过钥匙，打不开 / another key）"
            print(f"{row.id}  {row.created_at:%Y-%m-%d %H:%M} UTC  {number}")
        return 0
    finally:
        await store.close()
