"""Migrations on both databases: from data of every earlier revision up to the newest, and down again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Date, DateTime, Integer, MetaData, Table, func, insert, inspect, select
from sqlalchemy.types import JSON, Boolean

from bot.conversations.migrate import migrate, revisions
from bot.conversations.store import connect
from tests.databases.postgresql import Postgres

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def value(column: Any, number: int) -> Any:
    """Something that fits the column; rows with the same ``number`` belong together."""
    if column.primary_key or column.foreign_keys:
        return number if isinstance(column.type, Integer) else f"r{number}"
    for kind, made in ((Boolean, False), (Integer, number), (DateTime, NOW), (Date, NOW.date()), (JSON, [])):
        if isinstance(column.type, kind):
            return made
    return f"r{number}"[: getattr(column.type, "length", None) or 99]


def fill(connection: Connection) -> dict[str, int]:
    """Two rows in every table of the database as it is; how many each holds."""
    metadata = MetaData()
    metadata.reflect(connection)
    tables = [table for table in metadata.sorted_tables if table.name != "alembic_version"]
    for table in tables:
        for number in (1, 2):
            connection.execute(insert(table).values({column.name: value(column, number) for column in table.columns}))
    return counts(connection, tables)


def counts(connection: Connection, tables: list[Table]) -> dict[str, int]:
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in tables
        if inspect(connection).has_table(table.name)
    }


@pytest.mark.parametrize("revision", revisions())
def test_data_of_every_revision_comes_up_and_goes_back_down(revision: str, empty_database: str) -> None:
    migrate(empty_database, revision)
    engine = connect(empty_database)
    with engine.begin() as connection:
        before = fill(connection)
        assert set(before.values()) == {2}
        metadata = MetaData()
        metadata.reflect(connection)
    tables = [table for table in metadata.sorted_tables if table.name in before]
    for target in ("head", revision):
        migrate(empty_database, target)
        with engine.connect() as connection:
            assert counts(connection, tables) == before, target
    migrate(empty_database, "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    engine.dispose()


async def test_replicas_that_start_at_once_migrate_one_after_the_other(postgres: Postgres) -> None:
    with postgres.database() as url:
        await asyncio.gather(*(asyncio.to_thread(migrate, url) for _ in range(3)))
        engine = connect(url)
        with engine.connect() as connection:
            found = connection.exec_driver_sql("select version_num from alembic_version").scalars().all()
        engine.dispose()
        assert found == revisions()[-1:]
