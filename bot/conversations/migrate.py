"""Bring the database to the newest revision; run before the service starts."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import make_url

from bot.conversations.store import connect


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
        config.attributes["connection"] = connection
        step = command.downgrade if revision == "base" else command.upgrade
        step(config, revision)
    engine.dispose()
