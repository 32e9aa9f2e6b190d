"""``python -m bot report FILE [--period MONTH]``: the report of the desk's figures without the desk, for a timer."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.conversations.migrate import migrate
from bot.conversations.store import ConversationStore
from bot.settings import Settings

T = TypeVar("T")
PATIENCE = 60.0


def report(options: Settings, file: Path, period: str = "") -> int:
    """Write the figures of a month (the last one), or of 7 or 30 days, to FILE, a .docx or .xlsx."""
    # Only here: they read releases and documents, whose libraries the supervisor must not keep in memory.
    from bot.desk.audit import COMMAND, audited
    from bot.desk.figures import Figures, figures
    from bot.desk.knowledge_age import freshness
    from bot.desk.periods import BadPeriod, last_month, today
    from bot.desk.periods import period as period_of
    from bot.desk.report import as_docx, as_xlsx
    from knowledge.release import ReleaseError, current, published_catalogue

    make = {".docx": as_docx, ".xlsx": as_xlsx}.get(file.suffix.lower())
    if make is None:
        print("文件名要以 .docx 或 .xlsx 结尾 / the file must be .docx or .xlsx", file=sys.stderr)
        return 2
    try:
        wanted = period_of(period or last_month())
        release = current(options.releases_dir)
        if release is None:
            raise ReleaseError("还没有知识版本，请先运行 python -m knowledge build / no release is published")
        catalogue = published_catalogue(options.releases_dir, release)

        def work(connection: Connection) -> Figures:
            found = figures(connection, wanted)
            audited(connection, COMMAND, "statistics.export", f"period:{wanted.key}", {"kind": file.suffix[1:]})
            return found

        migrate(options.database)
        body = make(asyncio.run(_counted(options, work)), freshness(catalogue, today()), datetime.now(UTC))
        aside = file.with_name(f".{file.name}.{os.getpid()}")
        aside.write_bytes(body)
        os.replace(aside, file)
    except (BadPeriod, ReleaseError) as fault:
        print(fault, file=sys.stderr)
        return 1
    except SQLAlchemyError as error:
        print(f"数据库用不了 / the database cannot be used: {error.__class__.__name__}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"写不了 {file} / cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{wanted.shown}：{file}")
    return 0


async def _counted(options: Settings, work: Callable[[Connection], T]) -> T:
    store = ConversationStore(options.database)
    try:
        return await store.run(work, PATIENCE)
    finally:
        await store.close()
