"""Bring the database to the newest revision; run before the service starts."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select
from sqlalchemy.engine import make_url

from bot.conversations.store import connect

_LOCK = 0x79696E66  # any number, the same in every replica


def migrate(url: str, revision: str = "head") -> None:
    """Upgrade (or with a lower ``revision`` downgrade) the database at ``url``; makes SQLite's folder.

    Raises sqlalchemy.exc.OperationalError when the database cannot be reached.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    engine = connect(url)
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # replicas that start at once migrate one after the other
            for unlimited in ("lock_timeout", "statement_timeout"):
                connection.exec_driver_sql(f"SET LOCAL {unlimited} = 0")
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        config.attributes["connection"] = connection
        step = command.downgrade if _is_behind(connection, revision) else command.upgrade
        step(config, revision)
    engine.dispose()


def revisions() -> list[str]:
    """Every revision there is, the oldest first."""
    return [script.revision for script in _scripts().walk_revisions()][::-1]


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent / "migrations"))


def _is_behind(connection: Connection, revision: str) -> bool:
    """Is ``revision`` older than what the database has?"""
    order = ["base", *revisions()]
    now = MigrationContext.configure(connection).get_current_revision() or "base"
    return revision in order and now in order and order.index(revision) < order.index(now)
