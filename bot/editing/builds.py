"""Builds: what was approved becomes a release in a process of its own, is checked, published, and rolled back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from bot.editing import entries
from bot.editing.entries import Record, WrongState
from bot.editing.people import Person, may_build, may_override, may_publish
from bot.editing.tables import knowledge_builds as table
from knowledge import release as releases

RUNNING, CHECKED, FAILED, PUBLISHED, ROLLED_BACK = "running", "checked", "failed", "published", "rolled-back"
STATES = {
    RUNNING: "正在检查",
    CHECKED: "已检查，待发布",
    FAILED: "没通过",
    PUBLISHED: "已发布",
    ROLLED_BACK: "已退回",
}


@dataclass(frozen=True, slots=True)
class Build:
    """One build. ``report`` is what the command ``draft`` of the knowledge wrote; ``progress`` its last line."""

    id: int
    state: str
    entries: list[int]
    progress: str
    release: str | None
    before: str | None
    report: dict[str, Any] | None
    started_by: str
    started_at: datetime
    finished_at: datetime | None
    published_by: str | None
    published_at: datetime | None
    reason: str | None

    @property
    def dropped(self) -> bool:
        """The check found an answer that was right and is wrong now."""
        found = (self.report or {}).get("comparison") or {}
        return bool(found.get("dropped"))


def begin(connection: Connection, person: Person, record: Record) -> tuple[int, list[entries.Version]]:
    """A new build of all that is approved and published. Raises Forbidden, WrongState when one is under way."""
    may_build(person)
    if connection.execute(select(table.c.id).where(table.c.state == RUNNING)).first() is not None:
        raise WrongState("正在检查另一批，等它做完")
    chosen = entries.to_build(connection)
    values = {
        "state": RUNNING,
        "entries": [item.id for item in chosen],
        "progress": "",
        "started_by": person.name,
        "started_at": datetime.now(UTC),
    }
    connection.execute(insert(table), values)
    id = latest(connection)[0].id
    record(connection, person.name, "knowledge.build", f"build:{id}", None)
    return id, chosen


def told(connection: Connection, id: int, line: str) -> None:
    """Keep the last line of progress."""
    connection.execute(update(table).where(table.c.id == id).values(progress=line))


def finish(connection: Connection, id: int, report: dict[str, Any] | None, fault: str = "") -> None:
    """The process ended: with a report, or with a fault that editors can read."""
    values: dict[str, Any] = {"state": FAILED, "progress": fault, "finished_at": datetime.now(UTC)}
    if report is not None:
        values |= {"state": CHECKED, "report": report, "release": report["release"], "progress": ""}
    connection.execute(update(table).where(table.c.id == id, table.c.state == RUNNING).values(values))


def abandon(connection: Connection, begun_before: datetime) -> None:
    """At start-up: builds that ended with the process that watched them."""
    values = {"state": FAILED, "progress": "服务重新启动，检查中断了，请再来一次", "finished_at": datetime.now(UTC)}
    connection.execute(update(table).where(table.c.state == RUNNING, table.c.started_at < begun_before).values(values))


def publish(connection: Connection, person: Person, id: int, folder: Path, reason: str, record: Record) -> None:
    """Make the build what residents see. The pointer switches last: when it cannot, nothing is kept.

    Raises Forbidden, WrongState (not checked, checked against what is no longer published, or something approved was sent
    back since), ReleaseError, LookupError.
    """
    may_publish(person)
    build = load(connection, id)
    if build.state != CHECKED or build.release is None:
        raise WrongState("这一批还没检查好，不能发布")
    before = releases.current(folder)
    if build.report is None or build.report["against"] != before:
        raise WrongState("检查以后知识又变了，请重新检查")
    agreed = {item.id for item in entries.in_state(connection, entries.APPROVED, entries.PUBLISHED)}
    if not agreed.issuperset(build.entries):
        raise WrongState("这一批里有的条目后来被退回了，请重新检查")
    if build.dropped:
        may_override(person)
        if not reason.strip():
            raise WrongState("有答复变差，要写明为什么还要发布")
    values = {
        "state": PUBLISHED,
        "before": before,
        "published_by": person.name,
        "published_at": datetime.now(UTC),
        "reason": reason.strip() or None,
    }
    connection.execute(update(table).where(table.c.id == id).values(values))
    entries.published(connection, build.entries)
    details = {"worse": True, "reason": reason.strip()} if build.dropped else None
    record(connection, person.name, "knowledge.publish", f"release:{build.release}", details)
    releases.publish(folder, build.release)


def roll_back(connection: Connection, person: Person, folder: Path, record: Record) -> str:
    """Go back to the release before the published one and return its id. Its changes become drafts again.

    Raises Forbidden, WrongState when what is published was not published from here, ReleaseError.
    """
    may_publish(person)
    now = releases.current(folder)
    query = (
        select(table).where(table.c.state == PUBLISHED, table.c.release == now).order_by(table.c.published_at.desc())
    )
    row = connection.execute(query).first()
    if row is None or row.before is None:
        raise WrongState("没有可以退回的版本")
    connection.execute(update(table).where(table.c.id == row.id).values(state=ROLLED_BACK))
    earlier = connection.execute(
        select(table.c.entries)
        .where(table.c.state == PUBLISHED, table.c.release == row.before)
        .order_by(table.c.published_at.desc())
    ).first()
    entries.published(connection, list(earlier.entries) if earlier is not None else [])
    record(connection, person.name, "knowledge.roll-back", f"release:{row.before}", {"from": now})
    releases.publish(folder, row.before)
    return str(row.before)


def load(connection: Connection, id: int) -> Build:
    """LookupError when there is none."""
    row = connection.execute(select(table).where(table.c.id == id)).one_or_none()
    if row is None:
        raise LookupError(id)
    return _build(row)


def latest(connection: Connection, limit: int = 20) -> list[Build]:
    """The last builds, newest first."""
    return [_build(row) for row in connection.execute(select(table).order_by(table.c.id.desc()).limit(limit))]


def _build(row: Row[Any]) -> Build:
    return Build(**row._mapping)
