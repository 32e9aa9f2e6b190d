"""A face or a bare number is no question, alone or in a talk: a report figure or the fire brigade is no answer to "9"."""

from __future__ import annotations

import pytest

from knowledge.answer import Knowledge, wordless
from knowledge.context.focus import Focus
from knowledge.context.talk import converse

pytestmark = pytest.mark.model


@pytest.mark.parametrize("text", ["", "1", "9", "12", " 3. ", "(2)", "\U0001f44d", "！！！", "……", "_"])
def test_nothing_is_looked_up(knowledge: Knowledge, text: str) -> None:
    assert knowledge.answer(text).reason == "no-words"


@pytest.mark.parametrize("text", ["110", "2021", "满意", "1个月", "a", "第3条"])
def test_what_says_something(text: str) -> None:
    assert not wordless(text)


@pytest.mark.parametrize("text", ["9", "12", "\U0001f44d", "!!!"])
def test_a_talk_does_not_make_it_a_question(knowledge: Knowledge, text: str) -> None:
    talk = converse(knowledge, "低保的人打官司有人帮忙吗", Focus())
    after = converse(knowledge, text, talk.focus)
    assert after.answer.reason == "no-words"
    assert after.focus.matter == talk.focus.matter, "the talk goes on where it was"


def test_a_number_that_was_offered_still_picks(knowledge: Knowledge) -> None:
    talk = converse(knowledge, "低保的人打官司有人帮忙吗", Focus())
    picked = converse(knowledge, "2", talk.focus)
    assert picked.answer == knowledge.answer(talk.answer.follow_ups[1])
