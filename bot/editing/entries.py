"""Versions of entries on their way from draft to published. All functions work within the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from bot.editing.people import Person, may_edit, may_review
from bot.editing.tables import knowledge_entries as table
from knowledge.entries import Entry, validated

DRAFT, REVIEW, APPROVED, PUBLISHED, REPLACED = "draft", "review", "approved", "published", "replaced"
STATES = {
    DRAFT: "草稿",
    REVIEW: "待审核",
    APPROVED: "已通过，待发布",
    PUBLISHED: "已发布",
    REPLACED: "已被新版本代替",
}
# Writes a row of the audit log within the transaction: who did what to what, with details.
Record = Callable[[Connection, str, str, str, dict[str, Any] | None], None]


class WrongState(ValueError):
    """The entry is not in the state that this step needs; the message says so in Chinese."""


@dataclass(frozen=True, slots=True)
class Version:
    """One stored version of an entry."""

    id: int
    kind: str
    key: str
    version: int
    body: dict[str, Any] | None
    state: str
    author: str
    reviewer: str | None
    note: str
    created_at: datetime
    decided_at: datetime | None

    @property
    def entry(self) -> Entry:
        return Entry(self.kind, self.key, self.body)


def save(connection: Connection, person: Person, entry: Entry, note: str, record: Record) -> int:
    """Keep ``entry`` as a draft and return its id: the person's own draft is changed, another's is replaced.

    Raises Forbidden, ContentError (the entry is faulty), WrongState (a version of it waits for a review).
    """
    may_edit(person, entry.kind, entry.key)
    validated(entry)
    newest = history(connection, entry.kind, entry.key)[:1]
    values = {"body": entry.body, "author": person.name, "note": note, "created_at": datetime.now(UTC)}
    if newest and newest[0].state == REVIEW:
        raise WrongState("这一条正在等审核，先让审核员通过或退回")
    if newest and newest[0].state == DRAFT and newest[0].author == person.name:
        id = newest[0].id
        connection.execute(update(table).where(table.c.id == id).values(values | {"reviewer": None}))
    else:
        if newest and newest[0].state == DRAFT:
            _set(connection, newest[0].id, REPLACED)
        version = newest[0].version + 1 if newest else 1
        given = values | {"kind": entry.kind, "key": entry.key, "version": version, "state": DRAFT}
        id = _made(connection, given)
    record(connection, person.name, "knowledge.draft", f"{entry.kind}:{entry.key}", None)
    return id


def submit(connection: Connection, person: Person, id: int, record: Record) -> None:
    """Hand a draft in for review. Raises Forbidden, WrongState, LookupError."""
    version = load(connection, id)
    may_edit(person, version.kind, version.key)
    _all_chosen(version)
    _move(connection, version, DRAFT, {"state": REVIEW})
    record(connection, person.name, "knowledge.submit", _name(version), None)


def approve(connection: Connection, person: Person, id: int, record: Record) -> None:
    """A second person agrees. Raises Forbidden, WrongState, LookupError."""
    version = load(connection, id)
    may_review(person, _writers(connection, version))
    _all_chosen(version)
    decided = {"state": APPROVED, "reviewer": person.name, "decided_at": datetime.now(UTC)}
    _move(connection, version, REVIEW, decided)
    record(connection, person.name, "knowledge.approve", _name(version), None)


def send_back(connection: Connection, person: Person, id: int, note: str, record: Record) -> None:
    """A second person wants it changed, or no longer wants what was approved. Raises Forbidden, WrongState, LookupError."""
    version = load(connection, id)
    may_review(person, _writers(connection, version))
    state = APPROVED if version.state == APPROVED else REVIEW
    decided = {"state": DRAFT, "reviewer": person.name, "note": note, "decided_at": datetime.now(UTC)}
    _move(connection, version, state, decided)
    record(connection, person.name, "knowledge.send-back", _name(version), None)


def load(connection: Connection, id: int) -> Version:
    """LookupError when there is none."""
    row = connection.execute(select(table).where(table.c.id == id)).one_or_none()
    if row is None:
        raise LookupError(id)
    return _version(row)


def history(connection: Connection, kind: str, key: str) -> list[Version]:
    """All versions of an entry, newest first."""
    query = select(table).where(table.c.kind == kind, table.c.key == key).order_by(table.c.version.desc())
    return [_version(row) for row in connection.execute(query)]


def in_state(connection: Connection, *states: str) -> list[Version]:
    """All versions in one of ``states``, newest first."""
    query = select(table).where(table.c.state.in_(states)).order_by(table.c.created_at.desc())
    return [_version(row) for row in connection.execute(query)]


def to_build(connection: Connection) -> list[Version]:
    """What the next release is made of: for each entry what is approved, else what is published."""
    chosen: dict[tuple[str, str], Version] = {}
    query = select(table).where(table.c.state.in_((APPROVED, PUBLISHED))).order_by(table.c.version)
    for row in connection.execute(query):
        chosen[row.kind, row.key] = _version(row)
    return list(chosen.values())


def published(connection: Connection, ids: list[int]) -> None:
    """Exactly ``ids`` are what residents see now. What was published and is not among them is replaced, or is a draft
    again when nothing newer is there (a roll back)."""
    stands = {(item.kind, item.key): item for item in (load(connection, id) for id in ids)}
    for item in in_state(connection, PUBLISHED, APPROVED):
        now = stands.get((item.kind, item.key))
        newer = history(connection, item.kind, item.key)[0].id != item.id
        if now is not None and now.version > item.version:
            _set(connection, item.id, REPLACED)
        elif item.id not in ids and item.state == PUBLISHED:
            _set(connection, item.id, REPLACED if newer else DRAFT)
    for item in stands.values():
        _set(connection, item.id, PUBLISHED)


def _writers(connection: Connection, version: Version) -> frozenset[str]:
    """Everybody who wrote on this text since it was last agreed to: none of them may agree to it."""
    names = {version.author}
    for older in history(connection, version.kind, version.key):
        if older.version < version.version:
            if older.reviewer is not None and older.state != DRAFT and older.decided_at is not None:
                break
            names.add(older.author)
    return frozenset(names)


def to_choose(body: dict[str, Any] | None) -> int:
    """Passages of a document that an editor changed, whose words in the newer file changed too: one of both must be chosen."""
    if body is None or body.get("kind") != "document":
        return 0
    return sum(bool(passage.get("earlier")) for passage in body["passages"])


def _all_chosen(version: Version) -> None:
    if count := to_choose(version.body):
        raise WrongState(f"有 {count} 段还没有选用哪个（您以前改的，还是新文件的）。先在“看段落”里选好，再交给别人审核")


def _set(connection: Connection, id: int, state: str) -> None:
    connection.execute(update(table).where(table.c.id == id).values(state=state))


def _move(connection: Connection, version: Version, state: str, values: dict[str, Any]) -> None:
    """Only when it is still in ``state``: two people may press at the same time."""
    moved = connection.execute(update(table).where(table.c.id == version.id, table.c.state == state).values(values))
    if moved.rowcount == 0:
        raise WrongState(f"这一条现在是“{STATES[version.state]}”，不能这样做")


def _made(connection: Connection, values: dict[str, Any]) -> int:
    connection.execute(insert(table), values)
    query = select(func.max(table.c.id)).where(table.c.kind == values["kind"], table.c.key == values["key"])
    return int(connection.execute(query).scalar_one())


def _name(version: Version) -> str:
    return f"{version.kind}:{version.key} v{version.version}"


def _version(row: Row[Any]) -> Version:
    return Version(**row._mapping)
