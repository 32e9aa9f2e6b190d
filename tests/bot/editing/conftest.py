"""A database with the tables of the knowledge administration, people, and an audit log that is a list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.conversations.migrate import migrate
from bot.conversations.store import connect
from bot.editing.people import Person
from knowledge.entries import Entry

EDITOR = Person("编辑甲", frozenset({"editor"}))
REVIEWER = Person("审核乙", frozenset({"reviewer"}))
BOTH = Person("两职丙", frozenset({"editor", "reviewer"}))
ADMIN = Person("管理员", frozenset({"administrator"}))
OPERATOR = Person("热线丁", frozenset({"operator"}))
VIEWER = Person("旁观戊", frozenset({"viewer"}))


@dataclass
class Audit:
    """Remembers what was recorded, and can fail like a database."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)
    broken: bool = False

    def __call__(self, connection: Connection, actor: str, action: str, subject: str) -> None:
        if self.broken:
            raise RuntimeError("no audit")
        self.rows.append((actor, action, subject))


@pytest.fixture
def audit() -> Audit:
    return Audit()


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    url = f"sqlite:///{tmp_path / 'yinfawen.db'}"
    migrate(url)
    engine = connect(url)
    with engine.begin() as opened:
        yield opened
    engine.dispose()


def greeting(text: str = "您好。") -> Entry:
    body: dict[str, Any] = {"status": "answered", "reason": "greet", "label": "问候", "text": text}
    return Entry("status", "greet", body)
