"""Draft, review by a second person, approval: who may, in which state, and that every step leaves its audit row."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from bot.editing import entries
from bot.editing.entries import WrongState
from bot.editing.people import Forbidden
from knowledge.entries import Entry
from knowledge.schema import ContentError
from tests.bot.editing.conftest import (
    ADMIN,
    BOTH,
    EDITOR,
    OPERATOR,
    REVIEWER,
    SOMEBODY,
    VIEWER,
    Audit,
    Somebody,
    greeting,
)

ADMIN_WHO_EDITS = Somebody("管理员", ("administrator", "editor", "reviewer"))


def test_an_entry_goes_from_draft_over_review_to_approval(connection: Connection, audit: Audit) -> None:
    id = entries.save(connection, EDITOR, greeting(), "更短", audit)
    assert entries.to_build(connection) == []
    entries.submit(connection, EDITOR, id, audit)
    assert entries.to_build(connection) == []
    entries.approve(connection, REVIEWER, id, audit)
    chosen = entries.to_build(connection)
    assert [(item.entry, item.author, item.reviewer) for item in chosen] == [(greeting(), "编辑甲", "审核乙")]
    assert audit.rows == [
        ("编辑甲", "knowledge.draft", "status:greet"),
        ("编辑甲", "knowledge.submit", "status:greet v1"),
        ("审核乙", "knowledge.approve", "status:greet v1"),
    ]


@pytest.mark.parametrize("person", [OPERATOR, VIEWER, REVIEWER, ADMIN, SOMEBODY])
def test_only_editors_edit(connection: Connection, audit: Audit, person: Somebody) -> None:
    with pytest.raises(Forbidden):
        entries.save(connection, person, greeting(), "", audit)
    id = entries.save(connection, EDITOR, greeting(), "", audit)
    with pytest.raises(Forbidden):
        entries.submit(connection, person, id, audit)


@pytest.mark.parametrize(
    ("part", "may"), [("status", True), ("status:greet", True), ("guide", False), ("status:other", False)]
)
def test_editors_keep_to_their_parts(connection: Connection, audit: Audit, part: str, may: bool) -> None:
    person = Somebody("片区编辑", ("editor",), frozenset({part}))
    if may:
        assert entries.save(connection, person, greeting(), "", audit)
    else:
        with pytest.raises(Forbidden, match="不归您"):
            entries.save(connection, person, greeting(), "", audit)
        assert audit.rows == []


@pytest.mark.parametrize("person", [EDITOR, ADMIN, OPERATOR, VIEWER])
def test_only_reviewers_review(connection: Connection, audit: Audit, person: Somebody) -> None:
    id = entries.save(connection, BOTH, greeting(), "", audit)
    entries.submit(connection, BOTH, id, audit)
    with pytest.raises(Forbidden):
        entries.approve(connection, person, id, audit)
    with pytest.raises(Forbidden):
        entries.send_back(connection, person, id, "", audit)


@pytest.mark.parametrize("author", [BOTH, ADMIN_WHO_EDITS])
def test_nobody_reviews_what_they_wrote(connection: Connection, audit: Audit, author: Somebody) -> None:
    id = entries.save(connection, author, greeting(), "", audit)
    entries.submit(connection, author, id, audit)
    with pytest.raises(Forbidden, match="另一个人"):
        entries.approve(connection, author, id, audit)


def test_nor_what_they_wrote_before_somebody_else_touched_it(connection: Connection, audit: Audit) -> None:
    entries.save(connection, BOTH, greeting("我写的。"), "", audit)
    id = entries.save(connection, EDITOR, greeting("我写的！"), "", audit)
    entries.submit(connection, EDITOR, id, audit)
    with pytest.raises(Forbidden, match="另一个人"):
        entries.approve(connection, BOTH, id, audit)
    entries.approve(connection, REVIEWER, id, audit)
    # What was agreed to is the start of something new: its writer may judge the next change.
    later = entries.save(connection, EDITOR, greeting("又一版。"), "", audit)
    entries.submit(connection, EDITOR, later, audit)
    entries.approve(connection, BOTH, later, audit)
    assert [item.version for item in entries.to_build(connection)] == [3]


def test_what_waits_for_review_cannot_be_changed_under_the_reviewers_eyes(connection: Connection, audit: Audit) -> None:
    id = entries.save(connection, EDITOR, greeting(), "", audit)
    entries.submit(connection, EDITOR, id, audit)
    with pytest.raises(WrongState):
        entries.save(connection, EDITOR, greeting("偷换。"), "", audit)
    with pytest.raises(WrongState):
        entries.submit(connection, EDITOR, id, audit)
    entries.send_back(connection, REVIEWER, id, "太生硬", audit)
    assert entries.load(connection, id).note == "太生硬"
    assert entries.save(connection, EDITOR, greeting("改好了。"), "", audit) == id
    with pytest.raises(WrongState):
        entries.approve(connection, REVIEWER, id, audit)


def test_what_was_approved_can_be_sent_back(connection: Connection, audit: Audit) -> None:
    id = entries.save(connection, EDITOR, greeting(), "", audit)
    entries.submit(connection, EDITOR, id, audit)
    entries.approve(connection, REVIEWER, id, audit)
    entries.send_back(connection, REVIEWER, id, "再想想", audit)
    assert entries.to_build(connection) == []


def test_faulty_entries_are_not_kept(connection: Connection, audit: Audit) -> None:
    with pytest.raises(ContentError, match="label"):
        entries.save(connection, EDITOR, Entry("status", "greet", {"status": "answered", "reason": "greet"}), "", audit)
    with pytest.raises(ContentError):
        entries.save(connection, EDITOR, Entry("nonsense", "x", {}), "", audit)
    assert entries.history(connection, "status", "greet") == []


def test_without_an_audit_row_nothing_happens(connection: Connection, audit: Audit) -> None:
    audit.broken = True
    with pytest.raises(RuntimeError), connection.begin_nested():
        entries.save(connection, EDITOR, greeting(), "", audit)
    assert entries.history(connection, "status", "greet") == []
