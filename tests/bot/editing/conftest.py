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
from bot.desk.permissions import ROLES
from knowledge.entries import Entry


@dataclass(frozen=True)
class Somebody:
    """A person at the desk with the permissions of some roles."""

    name: str
    roles: tuple[str, ...] = ()
    parts: frozenset[str] | None = None

    def may(self, permission: str) -> bool:
        return any(permission in ROLES[role] for role in self.roles)


EDITOR = Somebody("编辑甲", ("editor",))
REVIEWER = Somebody("审核乙", ("reviewer",))
BOTH = Somebody("两职丙", ("editor", "reviewer"))
ADMIN = Somebody("管理员", ("administrator",))
OPERATOR = Somebody("热线丁", ("operator",))
VIEWER = Somebody("旁观戊", ("viewer",))
SOMEBODY = Somebody("谁")


@dataclass
class Audit:
    """Remembers what was recorded, and can fail like a database."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)
    details: list[dict[str, Any] | None] = field(default_factory=list)
    broken: bool = False

    def __call__(
        self, connection: Connection, actor: str, action: str, subject: str, details: dict[str, Any] | None
    ) -> None:
        if self.broken:
            raise RuntimeError("no audit")
        self.rows.append((actor, action, subject))
        self.details.append(details)


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
