"""How long the desk's figures take: ``python -m benchmarks.figures [URL] [TURNS]`` on an empty database.

Turns are spread over 180 days (the retention), with answers of the size that ours have. Without URL: SQLite in a folder that
is removed afterwards.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from bot.conversations.migrate import migrate
from bot.conversations.store import connect
from bot.conversations.tables import conversations, turns
from bot.desk.figures import figures
from bot.desk.periods import period

DAYS, AT_ONCE = 180, 5000
ANSWER = {"text": "长" * 900, "citations": [{"quote": "引" * 300}] * 3}


def fill(connection: Connection, count: int) -> None:
    """``count`` turns of three in each conversation, the last one now."""
    now = datetime.now(UTC)
    opened = {"channel": "web", "token_hash": "", "created_at": now, "last_turn_at": now}
    connection.execute(insert(conversations), [opened | {"id": f"c{number}"} for number in range(count // 3 + 1)])
    for first in range(0, count, AT_ONCE):
        rows = [turn(number, now - timedelta(days=DAYS * number / count)) for number in range(first, first + AT_ONCE)]
        connection.execute(insert(turns), rows[: count - first])


def turn(number: int, at: datetime) -> dict[str, Any]:
    row = {
        "id": f"t{number}",
        "conversation_id": f"c{number // 3}",
        "number": number % 3,
        "client_turn_id": str(number),
    }
    row |= {"text": "问" * 20, "masked": [], "created_at": at, "status": "answered", "reason": "answered"}
    row |= {"answered_at": at + timedelta(milliseconds=number * 37 % 1000), "engine": "rasa", "release": "x"}
    return row | {"answer": ANSWER, "matter": f"事项{number % 57}"}


def run(url: str, count: int) -> None:
    """Fill the database and time each period twice."""
    migrate(url)
    engine = connect(url)
    with engine.begin() as connection:
        fill(connection, count)
    for key in ("7", "30", "30"):
        with engine.connect() as connection:
            started = time.perf_counter()
            found = figures(connection, period(key))
            seconds = time.perf_counter() - started
            print(f"{engine.dialect.name}: {found.questions} of {count} questions, {key} days: {seconds:.2f} s")
    engine.dispose()


if __name__ == "__main__":
    given = sys.argv[1:]
    count = int(given.pop()) if given and given[-1].isdigit() else 180_000
    if given:
        run(given[0], count)
    else:
        with tempfile.TemporaryDirectory(prefix="yinfawen-") as folder:
            run(f"sqlite:///{folder}/figures.db", count)
