"""``python -m bot package export | import FILE``: everything that administrators hold, without the desk."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.conversations.migrate import migrate
from bot.conversations.store import ConversationStore
from bot.settings import Settings

T = TypeVar("T")
PATIENCE = 120.0


def package(options: Settings, action: str, file: Path) -> int:
    """Take everything that administrators hold along in one zip, or bring such a zip in."""
    # Only here: it reads knowledge, whose libraries the supervisor must not keep in memory.
    from bot.desk.audit import COMMAND
    from bot.desk.package import PackageFault, fingerprint, packed, take, unpacked

    try:
        migrate(options.database)
        if action == "export":
            if file.exists():
                raise PackageFault(f"{file} 已经有了，换个名字 / exists already, choose another name")
            body = _run(options, lambda connection: packed(connection, options.imported_dir, COMMAND))
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(body)
            print(f"打好了 / packed: {file}")
            print(f"指纹 / fingerprint (SHA-256): {fingerprint(body)}")
            return 0
        body = file.read_bytes()
        files, known = unpacked(body), fingerprint(body)
        print(f"指纹 / fingerprint (SHA-256): {known}")
        taken = _run(options, lambda connection: take(connection, files, options.imported_dir, COMMAND, known))
        print(
            f"装好了 / brought in: {taken.entries} 个条目版本 / versions, {taken.documents} 个文件 / documents, "
            f"{taken.shifts} 班 / shifts, {taken.replies} 条常用语 / replies; {taken.known} 样本来就有 / here already"
        )
        print("下一步：在坐席台“知识”里检查、发布 / next: check and publish at /desk/knowledge")
        return 0
    except PackageFault as fault:
        print(fault, file=sys.stderr)
    except OSError as error:
        print(f"{file}: {error.strerror}", file=sys.stderr)
    except SQLAlchemyError as error:
        print(f"数据库用不了 / the database cannot be used: {error.__class__.__name__}", file=sys.stderr)
    return 1


def _run(options: Settings, work: Callable[[Connection], T]) -> T:
    async def once() -> T:
        store = ConversationStore(options.database)
        try:
            return await store.run(work, PATIENCE)
        finally:
            await store.close()

    return asyncio.run(once())
