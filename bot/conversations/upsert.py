"""Inserts that two replicas can make at once. SQLite and PostgreSQL write them the same way, SQLAlchemy in two modules."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert ``row`` unless its key is there already; says whether it was inserted."""
    # Returned rows are counted: PostgreSQL's driver gives no row count for inserts.
    statement = _insert(connection, table).values(row).on_conflict_do_nothing()
    return connection.execute(statement.returning(*table.primary_key)).first() is not None


def upsert(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Insert ``row``, or bring the row with its primary key up to it."""
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in row.items() if name not in keys}
    statement = _insert(connection, table).values(row).on_conflict_do_update(index_elements=keys, set_=rest)
    connection.execute(statement)


def _insert(connection: Connection, table: Table) -> Any:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
