"""``python -m bot backup FILE`` and ``python -m bot restore FILE``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from bot import backup as backups
from bot.conversations.store import connect
from bot.desk.audit import COMMAND, audited
from bot.settings import Settings


def backup(options: Settings, file: Path) -> int:
    """Write everything that cannot be made again into one file; the service may go on meanwhile."""
    return _run(backups.backup, options, file, "已备份 / backed up", "backup.make")


def restore(options: Settings, file: Path) -> int:
    """Bring a backup into an empty installation; stop the service first."""
    return _run(backups.restore, options, file, "已恢复 / restored", "backup.restore")


def _run(
    work: Callable[[Settings, Path], dict[str, int]], options: Settings, file: Path, done: str, action: str
) -> int:
    try:
        rows = work(options, file)
        _note(options, action, sum(rows.values()))
    except (backups.BackupFault, OSError) as fault:
        print(fault, file=sys.stderr)
        return 1
    except SQLAlchemyError as error:
        print(f"数据库用不了 / the database cannot be used: {error.__class__.__name__}", file=sys.stderr)
        return 1
    print(f"{done}: {file}")
    for name, count in sorted(rows.items()):
        print(f"  {name} {count}")
    return 0


def _note(options: Settings, action: str, rows: int) -> None:
    """The audit log says that everything was read or brought back; databases older than the log have none."""
    engine = connect(options.database)
    try:
        with engine.begin() as connection:
            if inspect(connection).has_table("audit"):
                audited(connection, COMMAND, action, "database", {"rows": rows})
    finally:
        engine.dispose()
