"""The desk's tests of access, login, inbox and records once more, on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from bot.settings import Settings
from tests.databases.postgresql import Postgres
from tests.desk import test_access, test_handover, test_records, test_second_factor
from tests.desk.conftest import Enter
from tests.desk.test_second_factor import clock

__all__ = ["clock"]
# These look into SQLite's file, or run a command on a database of their own.
_ELSEWHERE = {"test_the_audit_log_cannot_be_changed", "test_the_command_makes_the_first_administrator"}
for _module in (test_access, test_handover, test_records, test_second_factor):
    globals().update(
        {name: test for name, test in vars(_module).items() if name.startswith("test_") and name not in _ELSEWHERE}
    )


@pytest.fixture
def address(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as url:
        yield url


@pytest.fixture
def options(options: Settings, address: str) -> Settings:
    return options.model_copy(update={"database_url": address})


@pytest.fixture
def rows(address: str) -> Callable[[str], list[tuple[Any, ...]]]:
    """Reads the database past the service."""

    def read(query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(address) as connection:
            return [tuple(map(_as_sqlite, row)) for row in connection.execute(query)]

    return read


def _as_sqlite(value: Any) -> Any:
    """Days, times and JSON as SQLite keeps them, which is what the tests compare with."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value) if isinstance(value, dict | list) else value


async def test_the_audit_log_cannot_be_changed_here_either(enter: Enter, address: str) -> None:
    await enter("wang", "operator")
    for change in ("update audit set account = 'x'", "delete from audit"):
        with psycopg.connect(address) as connection, pytest.raises(psycopg.Error, match="append-only"):
            connection.execute(change)
