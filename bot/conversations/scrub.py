"""Erased means gone from the file, not only from the tables: SQLite leaves deleted words in free pages and in its log."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

# Deleted content is overwritten with zeros. For each connection that deletes.
OVERWRITE = "secure_delete=ON"
_FOLD = "PRAGMA wal_checkpoint(TRUNCATE)"
# Someone who reads at this moment keeps the log from being emptied: the next erasing does it then.
_WAIT, _USUAL_WAIT = "PRAGMA busy_timeout=500", "PRAGMA busy_timeout=5000"


def empty_log(engine: Engine) -> None:
    """Bring what SQLite's write-ahead log holds into the file and empty the log; PostgreSQL vacuums by itself."""
    if engine.dialect.name != "sqlite":
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(_WAIT)
        try:
            connection.exec_driver_sql(_FOLD).all()
        finally:
            connection.exec_driver_sql(_USUAL_WAIT)


def empty_log_of(connection: Any) -> None:
    """The same for a plain sqlite3 connection without a transaction under way, which is closed soon after."""
    connection.execute(_WAIT)
    connection.execute(_FOLD).fetchall()
