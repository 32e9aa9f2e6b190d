"""What staff read of records, messages and the audit log is Chinese."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

import bot
from bot.desk.audit_words import ACTIONS, action_said, details_said, object_said
from bot.desk.html import chinese
from bot.desk.permissions import PERMISSIONS
from bot.editing.difference import side_by_side
from knowledge.catalogue import load_catalogue
from knowledge.entries import KINDS, name_of, record
from tests.knowledge.test_validity import advisors, proofs

CATALOGUE = load_catalogue()


def test_every_action_of_the_audit_log_has_a_name() -> None:
    nouns = {action.split(".")[0] for action in ACTIONS}
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(bot.__file__).parent.rglob("*.py"))
    found = {f"{noun}.{verb}" for noun, verb in re.findall(r'"([a-z-]+)\.([a-z-]+)"', sources) if noun in nouns}
    files = {name for name in found if name.endswith((".html", ".xlsx"))}
    assert found - files - PERMISSIONS.keys() <= ACTIONS.keys()
    assert len(found & ACTIONS.keys()) > 40
    assert set(ACTIONS) <= found | {"login", "logout", "call.log"}  # none is left over


def test_a_row_of_the_audit_log_in_words() -> None:
    assert action_said("knowledge.draft") == "写草稿"
    assert object_said("guide:wages v2") == "指引 wages v2"
    assert object_said("audit") == "操作记录"
    assert details_said({"role": "editor", "part": "", "reason": "新来的"}) == "角色：编辑，理由：新来的"
    assert details_said({"conversations": ["a", "b"], "closed": True}) == "会话：a、b，停用的：是"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("第 214 行 / row 214: 电话不对：1390000 / not a telephone number", "第 214 行: 电话不对：1390000"),
        ("没有用到的列，不保存 / columns not used, not kept: 性别、身份证号", "没有用到的列，不保存: 性别、身份证号"),
        ("第一章 开放 / 第一条 2026/7", "第一章 开放 / 第一条 2026/7"),
    ],
)
def test_messages_lose_their_english(message: str, said: str) -> None:
    assert chinese(message) == said


@pytest.mark.parametrize("kind", ["guide", "channel", "scope", "status"])
def test_records_are_compared_in_the_words_of_their_forms(kind: str) -> None:
    """No name of a field is left in English, and every kind of record can be shown."""
    for row in getattr(CATALOGUE, KINDS[kind].field):
        lines = [after for _, after, _ in side_by_side(kind, None, record(CATALOGUE, kind, name_of(kind, row)))]
        assert lines
        assert [line for line in lines if re.match(r" *-? ?[a-z_]+:", line)] == []


def test_lists_are_compared_row_by_row_in_their_own_words() -> None:
    def rows(kind: str, before: object, after: object) -> list[tuple[str, str, bool]]:
        old, new = (row.model_dump(mode="json") for row in (before, after))  # type: ignore[attr-defined]
        return [row for row in side_by_side("import", old, new) if row[2]]

    (row,) = rows("advisors", advisors(), advisors(of_row={"valid_until": date(2026, 12, 31)}))
    assert row == (
        "张三【认出的村：梅园庄街道梅园社区】",
        "张三【认出的村：梅园庄街道梅园社区；有效到 2026-12-31】",
        True,
    )
    (row,) = rows("proofs", proofs(), proofs(valid_until=date(2026, 12, 31)))
    assert row[1] == "有效到：2026-12-31"
