"""Replies in residents' own words are read as what they mean; whatever answers something else is not read at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from knowledge.catalogue import Catalogue
from knowledge.legal_aid.days import days_in, number_in
from knowledge.legal_aid.precheck import PreCheck

REPLIES = yaml.safe_load(Path(__file__).with_name("replies.yml").read_text(encoding="utf-8"))


def wrong(check: PreCheck, part: str) -> list[tuple[str, str, str | None, str | None]]:
    questions = {question.id: question for question in check.content.questions}
    read = [(id, text, meant, check.read_reply(questions[id], text)) for id, text, meant in REPLIES[part]]
    return [row for row in read if row[2] != row[3]]


def test_replies_that_the_words_were_chosen_by(check: PreCheck) -> None:
    assert len(REPLIES["tuned"]) >= 150
    assert wrong(check, "tuned") == []


def test_replies_that_were_held_out(check: PreCheck) -> None:
    faults = wrong(check, "held_out")
    assert len(REPLIES["held_out"]) >= 140
    assert len(faults) <= 0.1 * len(REPLIES["held_out"]), faults
    # What is not understood is asked again; nothing is taken for what it does not mean.
    assert [row for row in faults if row[3] is not None] == []


def test_every_question_has_replies_on_both_sides(check: PreCheck) -> None:
    for part in ("tuned", "held_out"):
        assert {row[0] for row in REPLIES[part]} == {question.id for question in check.content.questions}
    assert not {(id, text) for id, text, _ in REPLIES["tuned"]} & {(id, text) for id, text, _ in REPLIES["held_out"]}


def test_what_is_offered_is_understood(check: PreCheck) -> None:
    for question in check.content.questions:
        for number, reply in enumerate(question.replies, 1):
            said = (
                reply.say,
                str(number),
                f"{number}.",
                f"第{'一二三四五六七八九'[number - 1]}个",
                chr(0x245F + number),
            )
            for text in said:
                assert check.read_reply(question, text) == reply.value, (question.id, text)
        assert check.read_reply(question, str(len(question.replies) + 1)) is None


@pytest.mark.parametrize(
    "text", ["", "   ", "？", "你好", "谢谢", "法律援助热线电话是多少", "那要带啥材料", "12348是干啥的", "转人工"]
)
def test_anything_else_is_no_reply(check: PreCheck, text: str) -> None:
    for question in check.content.questions:
        assert check.read_reply(question, text) is None, question.id


def test_questions_of_the_guides_are_hardly_ever_taken_for_replies(check: PreCheck, catalogue: Catalogue) -> None:
    """An interruption must be answered. Questions that one answers by telling a story read more than the others."""
    asked = [text for _, section in catalogue.sections() for text in section.questions][::10]
    assert len(asked) > 1000
    for question in check.content.questions:
        taken = [text for text in asked if check.read_reply(question, text) is not None]
        assert len(taken) <= (0.12 if question.tells else 0.05) * len(asked), (question.id, len(taken))


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("还有三天", 3),
        ("20天", 20),
        ("二十三天", 23),
        ("一百零五天", 105),
        ("俩星期", 14),
        ("仨月", 90),
        ("十天", 10),
        ("没几天", None),
    ],
)
def test_days(text: str, days: int | None) -> None:
    assert days_in(text) == days


@pytest.mark.parametrize(
    ("text", "number"), [("十", 10), ("二十", 20), ("一百二十三", 123), ("二三", None), ("", None)]
)
def test_numbers(text: str, number: int | None) -> None:
    assert number_in(text) == number
