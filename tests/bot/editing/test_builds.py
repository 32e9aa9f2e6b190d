"""Build, check, publish, roll back: what residents see, and in which state the entries then are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.editing import builds, entries
from bot.editing.entries import WrongState
from bot.editing.people import Forbidden
from knowledge import release as releases
from tests.bot.editing.conftest import ADMIN, EDITOR, OPERATOR, REVIEWER, SOMEBODY, VIEWER, Audit, Somebody, greeting

Made = Callable[..., int]


@pytest.fixture
def pointer(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands for the file ``current``: the last one is published."""
    published = ["first"]
    monkeypatch.setattr(releases, "current", lambda folder: published[-1])
    monkeypatch.setattr(releases, "publish", lambda folder, release: published.append(release))
    return published


@pytest.fixture
def made(connection: Connection, audit: Audit, pointer: list[str]) -> Made:
    """A checked build of one more approved text."""

    def make(text: str, release: str, dropped: bool = False) -> int:
        id = entries.save(connection, EDITOR, greeting(text), "", audit)
        entries.submit(connection, EDITOR, id, audit)
        entries.approve(connection, REVIEWER, id, audit)
        build, _ = builds.begin(connection, REVIEWER, audit)
        builds.finish(connection, build, report(release, pointer[-1], dropped))
        return build

    return make


def report(release: str, against: str, dropped: bool = False) -> dict[str, Any]:
    return {"release": release, "against": against, "comparison": {"dropped": dropped, "differences": []}}


def states(connection: Connection) -> list[str]:
    return [item.state for item in entries.history(connection, "status", "greet")]


def test_publishing_and_rolling_back(connection: Connection, audit: Audit, made: Made, pointer: list[str]) -> None:
    folder = Path("releases")
    builds.publish(connection, REVIEWER, made("一", "second"), folder, "", audit)
    assert (pointer[-1], states(connection)) == ("second", ["published"])
    builds.publish(connection, REVIEWER, made("二", "third"), folder, "", audit)
    assert (pointer[-1], states(connection)) == ("third", ["published", "replaced"])
    assert builds.roll_back(connection, REVIEWER, folder, audit) == "second"
    assert (pointer[-1], states(connection)) == ("second", ["draft", "published"])
    assert [item.version for item in entries.to_build(connection)] == [1]
    assert builds.roll_back(connection, REVIEWER, folder, audit) == "first"
    assert (pointer[-1], states(connection)) == ("first", ["draft", "replaced"])
    with pytest.raises(WrongState):
        builds.roll_back(connection, REVIEWER, folder, audit)
    told = [(action, subject) for _, action, subject in audit.rows if "publish" in action or "roll" in action]
    assert told == [
        ("knowledge.publish", "release:second"),
        ("knowledge.publish", "release:third"),
        ("knowledge.roll-back", "release:second"),
        ("knowledge.roll-back", "release:first"),
    ]


@pytest.mark.parametrize("person", [EDITOR, OPERATOR, VIEWER, SOMEBODY])
def test_who_may_not_publish(
    connection: Connection, audit: Audit, made: Made, pointer: list[str], person: Somebody
) -> None:
    build = made("一", "second")
    with pytest.raises(Forbidden):
        builds.publish(connection, person, build, Path(), "", audit)
    with pytest.raises(Forbidden):
        builds.roll_back(connection, person, Path(), audit)
    assert pointer == ["first"]


@pytest.mark.parametrize("person", [OPERATOR, VIEWER])
def test_who_may_not_build(connection: Connection, audit: Audit, person: Somebody) -> None:
    with pytest.raises(Forbidden):
        builds.begin(connection, person, audit)


def test_a_drop_needs_an_administrator_and_a_reason(
    connection: Connection, audit: Audit, made: Made, pointer: list[str]
) -> None:
    build = made("一", "second", dropped=True)
    with pytest.raises(Forbidden, match="管理员"):
        builds.publish(connection, REVIEWER, build, Path(), "我要发", audit)
    with pytest.raises(WrongState, match="写明"):
        builds.publish(connection, ADMIN, build, Path(), "  ", audit)
    assert pointer == ["first"]
    builds.publish(connection, ADMIN, build, Path(), "电话换了，旧题目过时", audit)
    assert pointer[-1] == "second"
    assert audit.details[-1] == {"worse": True, "reason": "电话换了，旧题目过时"}
    assert builds.load(connection, build).reason == "电话换了，旧题目过时"


def test_what_was_checked_is_what_is_published(
    connection: Connection, audit: Audit, made: Made, pointer: list[str]
) -> None:
    build = made("一", "second")
    pointer.append("by command")
    with pytest.raises(WrongState, match="又变了"):
        builds.publish(connection, REVIEWER, build, Path(), "", audit)
    pointer.append("first")
    entries.send_back(connection, REVIEWER, builds.load(connection, build).entries[0], "", audit)
    with pytest.raises(WrongState, match="退回"):
        builds.publish(connection, REVIEWER, build, Path(), "", audit)
    assert "second" not in pointer


def test_one_build_at_a_time_and_a_failed_one_is_not_published(
    connection: Connection, audit: Audit, pointer: list[str]
) -> None:
    build, chosen = builds.begin(connection, EDITOR, audit)
    assert chosen == []
    with pytest.raises(WrongState):
        builds.begin(connection, EDITOR, audit)
    builds.finish(connection, build, None, "guide wages: title: 不能空着")
    assert builds.load(connection, build).progress == "guide wages: title: 不能空着"
    with pytest.raises(WrongState):
        builds.publish(connection, ADMIN, build, Path(), "", audit)
    builds.begin(connection, EDITOR, audit)
    builds.abandon(connection, datetime.now(UTC) - timedelta(hours=1))
    assert builds.latest(connection)[0].state == "running"
    builds.abandon(connection, datetime.now(UTC))
    assert [item.state for item in builds.latest(connection)] == ["failed", "failed"]
