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


def test_close_to_a_known_question_little_evidence_is_enough(knowledge: Knowledge) -> None:
    best = knowledge.search("怎么信访").targets[0]
    assert best.probability < knowledge.release.searcher.gate.answer
    assert (knowledge.answer("怎么信访").target or "").startswith("guide:petition/")


def test_words_that_half_of_all_matters_use_name_none(knowledge: Knowledge) -> None:
    assert knowledge.common("东西")
    assert knowledge.common("法院")
    assert not knowledge.common("彩礼")
    assert not knowledge.common("")
