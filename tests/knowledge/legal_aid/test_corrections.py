"""What a message does to the pre-check: a reply, a correction, leaving, or none of them."""

from __future__ import annotations

import pytest

from knowledge.legal_aid.precheck import PreCheck, Step

SO_FAR = {"kind": "civil", "civil-matter": "wages", "whose": "self", "lawyer": "no-lawyer"}


@pytest.mark.parametrize(
    ("text", "changed", "value"),
    [
        ("刚才说错了, 是刑事的", "kind", "criminal"),
        ("刚才不是民事，是刑事", "kind", "criminal"),
        ("说错了 其实请了律师", "lawyer", "has-lawyer"),
        ("不对，是工伤", "civil-matter", "work-injury"),
        ("错了错了 是赡养费", "civil-matter", "support"),
        ("我选错了，是家里老人", "whose", "adult"),
        ("改成交通事故", "civil-matter", "injury"),
        ("改一下上一个", "lawyer", None),
        ("上一步", "lawyer", None),
        ("说错了", "lawyer", None),
        ("律师那个改一下", "lawyer", None),
        ("哪一类那题改一下", "kind", None),
        ("从头来", None, None),
    ],
)
def test_corrections(check: PreCheck, text: str, changed: str | None, value: str | None) -> None:
    correction = check.correct(text, SO_FAR)
    assert correction is not None
    assert correction.changed == changed
    if changed is None:
        assert correction.answers == {}
        return
    assert correction.answers.get(changed) == value
    assert {id: v for id, v in correction.answers.items() if id != changed} == {
        id: v for id, v in SO_FAR.items() if id != changed
    }
    if value is None:
        question = check.next_question(correction.answers)
        assert question is not None
        assert question.id == changed


@pytest.mark.parametrize(
    "text", ["老板算错了工资", "算错工钱了咋办", "俺爹说错话被抓了", "没请律师", "不对", "7 天以内到期"]
)
def test_what_corrects_nothing(check: PreCheck, text: str) -> None:
    assert check.correct(text, SO_FAR) is None


def test_nothing_to_correct_at_the_beginning(check: PreCheck) -> None:
    assert check.correct("上一步", {}) is None


def test_an_answer_of_another_branch_does_not_count_after_a_correction(check: PreCheck) -> None:
    step = check.take("刚才说错了, 是刑事的", SO_FAR)
    assert step is not None
    assert step.did == "corrected"
    question = check.next_question(step.answers)
    assert question is not None
    assert question.id == "role"
    assert "（第 2 题" in check.ask(step.answers).text


def test_a_message_may_answer_two_questions(check: PreCheck) -> None:
    assert check.take("老板欠俺工资", {}) == Step("answered", {"kind": "civil", "civil-matter": "wages"})
    assert check.take("俺儿子被公安抓了", {}) == Step("answered", {"kind": "criminal", "role": "relative"})
    # A quick reply that was tapped answers its own question only.
    assert check.take("要工钱、要赔偿、家里的事", {}) == Step("answered", {"kind": "civil"})


@pytest.mark.parametrize("text", ["不问了", "算了", "先不弄了", "退出"])
def test_leaving_keeps_the_answers(check: PreCheck, text: str) -> None:
    assert check.take(text, SO_FAR) == Step("left", SO_FAR)


@pytest.mark.parametrize("text", ["那要带啥材料", "几天能批下来", "村里的法律顾问怎么找", "我在工地受伤了算工伤不"])
def test_an_interruption_is_none_of_these(check: PreCheck, text: str) -> None:
    assert check.take(text, SO_FAR) is None


def test_after_the_last_reply_only_corrections_are_taken(check: PreCheck) -> None:
    answers = {"kind": "consult"}
    assert check.next_question(answers) is None
    assert check.take("中", answers) is None
    step = check.take("刚才说错了，是民事的", answers)
    assert step == Step("corrected", {"kind": "civil"})
    assert check.ask(answers).reason == "legal-aid-advice"
