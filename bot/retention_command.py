"""``python -m bot retention``: what is due to be erased; ``--clock-is-right`` erases it though the clock leapt."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.conversations.store import ConversationStore
from bot.desk.audit import COMMAND
from bot.retention import Doubt, doubt, due, erase, last_erasing
from bot.settings import Settings

_HERE = ZoneInfo("Asia/Shanghai")


def retention(options: Settings, clock_is_right: bool) -> int:
    """Say what is due to be erased; with --clock-is-right erase it although the clock leapt."""
    days = options.retention_days

    def look(connection: Connection) -> tuple[datetime | None, int, Doubt | None]:
        now = datetime.now(UTC)
        return last_erasing(connection), due(connection, days, now), doubt(connection, days, now)

    async def run() -> int:
        store = ConversationStore(options.database)
        try:
            last, count, doubted = await store.run(look)
            print(f"这台机器的时间 / this machine's time: {_shown(datetime.now(UTC))}")
            print(f"上次删除 / last erased: {_shown(last) if last else '没有 / never'}")
            print(f"超过 {days} 天、到期要删的会话 / conversations due: {count}")
            if clock_is_right:
                erased = await store.erasing(lambda connection: erase(connection, days, datetime.now(UTC), COMMAND))
                print(f"已删除 / erased: {erased}")
            elif doubted:
                print(
                    f"时间跳得太多（{_shown(doubted.last)} → {_shown(doubted.now)}），先不删。时间错了就校准"
                    "（timedatectl set-ntp true）；时间没错就运行 python -m bot retention --clock-is-right / "
                    "the clock leapt, so nothing is erased: set it right, or confirm it with that"
                )
                return 1
        finally:
            await store.close()
        return 0

    try:
        return asyncio.run(run())
    except SQLAlchemyError as error:
        print(f"数据库用不了 / the database cannot be used: {error.__class__.__name__}", file=sys.stderr)
        return 1


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(_HERE):%Y-%m-%d %H:%M}"
