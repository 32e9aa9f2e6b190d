"""Alembic environment: run by bot.conversations.migrate with the engine of the service."""

from alembic import context

import bot.editing.tables  # noqa: F401 (its tables belong to the same metadata)
from bot.conversations.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
