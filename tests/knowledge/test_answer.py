"""What the answer step makes of what was found."""

from __future__ import annotations

import pytest

from knowledge.answer import Knowledge

pytestmark = pytest.mark.model


@pytest.mark.parametrize(
    ("text", "section"),
    [
        ("讨薪找谁", "wages/steps"),
        ("民告官找谁", "admin-lawsuit/steps"),
        ("信访去哪儿", "petition/where"),
        ("离婚多少钱", "divorce/cost"),
        ("工伤带啥", "work-injury/bring"),
    ],
)
def test_a_few_words_choose_the_section_that_they_ask_for(knowledge: Knowledge, text: str, section: str) -> None:
    assert knowledge.answer(text).target == f"guide:{section}"


def test_a_note_declines_on_less_evidence_than_a_guide_answers(knowledge: Knowledge) -> None:
    gate = knowledge.release.searcher.gate
    assert gate.clarify < gate.decline < gate.answer
    text = "干了三年零七个月，月薪四千三，被辞退经济补偿金具体是多少元"
    best = knowledge.search(text).targets[0]
    assert not best.ours
    assert gate.decline <= best.probability < gate.answer
    assert knowledge.answer(text).reason == "needs-lawyer"


def test_words_that_half_of_all_matters_use_name_none(knowledge: Knowledge) -> None:
    assert knowledge.common("东西")
    assert knowledge.common("法院")
    assert not knowledge.common("彩礼")
    assert not knowledge.common("")
