"""Suggestions while typing, on the shipped questions."""

from __future__ import annotations

import time

import pytest

from knowledge.catalogue import load_catalogue
from knowledge.passages import Target, searchable, targets
from knowledge.suggest import LONGEST, MOST, Suggester

OURS = [target for target in targets(load_catalogue()) if not target.key.startswith("scope:")]


@pytest.fixture(scope="module")
def suggest() -> Suggester:
    return Suggester(OURS)


@pytest.mark.parametrize(
    "typed", ["工资", "拖欠工资", "离婚孩子", "法律援助", "宅基地", "怎么申请法律", "法律援助熱線"]
)
def test_suggestions_are_known_questions_that_hold_what_is_typed(typed: str, suggest: Suggester) -> None:
    known = {question: target.key for target in OURS for question in target.questions}
    found = suggest(typed)
    assert 1 <= len(found) <= MOST
    assert all(question in known and len(question) <= LONGEST + 5 for question in found)
    assert searchable(typed) in searchable(found[0])
    assert len({known[question] for question in found}) == len(found), "each leads elsewhere"


@pytest.mark.parametrize("typed", ["", "工", " ", "\0", "zzzz", "9876543", "👍👍", "\ud800", "量子力学相对论"])
def test_nothing_for_what_nobody_asks(typed: str, suggest: Suggester) -> None:
    assert suggest(typed) == []


def test_what_stands_there_already_is_not_suggested() -> None:
    small = Suggester([Target("guide:a/b", ("工资怎么要", "工资怎么要回来"), ())])
    assert small("工资怎么要") == ["工资怎么要回来"]


def test_suggesting_takes_less_than_50_ms(suggest: Suggester) -> None:
    slowest = 0.0
    for typed in ("怎么", "法律", "工资", "我的", "怎么办", "办理需要什么材料"):
        started = time.process_time()
        suggest(typed)
        slowest = max(slowest, time.process_time() - started)
    assert slowest < 0.05
