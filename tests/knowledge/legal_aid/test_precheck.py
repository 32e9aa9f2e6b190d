"""Every way through the pre-check: few questions, and a result that says where to turn and what it rests on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from knowledge.answer import unsupported_numbers
from knowledge.catalogue import Catalogue
from knowledge.legal_aid import path
from knowledge.legal_aid.content import MOST_QUESTIONS
from knowledge.legal_aid.precheck import PreCheck
from knowledge.records import Answer, Status

HAN = re.compile(r"[\u3400-\u9fff]")
SHORT = 200


def every_way(check: PreCheck, answers: dict[str, str]) -> Iterator[dict[str, str]]:
    """All combinations of replies that a resident can give."""
    question = check.next_question(answers)
    if question is None:
        yield answers
        return
    for reply in question.replies:
        yield from every_way(check, {**answers, question.id: reply.value})


@pytest.fixture(scope="module")
def ways(check: PreCheck) -> list[dict[str, str]]:
    return list(every_way(check, {}))


@pytest.fixture(scope="module")
def results(check: PreCheck, ways: list[dict[str, str]]) -> list[tuple[dict[str, str], Answer]]:
    return [(answers, check.result(answers)) for answers in ways]


# --- the whole matrix ------------------------------------------------------------------------------------------------


def test_nobody_is_asked_more_than_seven_questions(ways: list[dict[str, str]]) -> None:
    assert len(ways) > 10_000
    assert max(map(len, ways)) == MOST_QUESTIONS


def test_every_result_says_where_to_turn_and_what_it_rests_on(results: list[tuple[dict[str, str], Answer]]) -> None:
    for answers, answer in results:
        assert answer.status is Status.ANSWERED, answers
        assert answer.citations, answers
        assert all(item.section or item.issuer for item in answer.citations), answers
        assert answer.routes, answers
        assert any(door.number in ("12348", "0372-5139017") for door in answer.routes), answers
        assert unsupported_numbers(answer) == [], answers
        assert len(HAN.findall(answer.text.split("\n\n")[0])) <= SHORT, answers


def test_every_result_leaves_the_decision_to_the_agency(results: list[tuple[dict[str, str], Answer]]) -> None:
    for answers, answer in results:
        if answer.reason != "legal-aid-advice":
            assert re.search(r"法律援助机构.*决定", answer.text.split("\n")[0]), answers
        assert not re.search(r"一定能|肯定能|保证|必然", answer.text), answers
        # No threshold of income is known, so no amount of money is ever named.
        assert not re.search(r"\d+\s*(?:万|千|百)?元", answer.text), answers


def test_what_to_apply_with_is_said_whenever_applying_makes_sense(results: list[tuple[dict[str, str], Answer]]) -> None:
    for answers, answer in results:
        if answer.reason in ("legal-aid-likely", "legal-aid-possibly"):
            for part in ("\n去哪里：", "\n带什么：", "\n多久："):
                assert answer.text.count(part) == 1, (part, answers)


def test_a_deadline_near_is_told_what_to_do_today(results: list[tuple[dict[str, str], Answer]]) -> None:
    hurried = [(a, r) for a, r in results if a.get("deadline") in ("near", "preserve") or a.get("hearing") == "soon"]
    assert len(hurried) > 1000
    for answers, answer in hurried:
        assert "今天就" in answer.text.split("\n\n")[0], answers


def test_every_rule_is_used(check: PreCheck, ways: list[dict[str, str]]) -> None:
    content = check.content
    used: Counter[int] = Counter()
    for answers in ways:
        verdict = path.verdict(content, answers)
        known = path.with_level(answers, verdict)
        used.update(map(id, (verdict, path.doors(content, known), *path.lines(content, known))))
    idle = [row for row in (*content.verdicts, *content.doors, *content.lines) if id(row) not in used]
    assert idle == []


# --- what the law says -----------------------------------------------------------------------------------------------

REST = {"lawyer": "no-lawyer", "place": "yindu"}
CIVIL = {"kind": "civil", "whose": "self", "deadline": "no-hurry", **REST}
ACCUSED = {"kind": "criminal", "role": "relative", "custody": "inside", "hearing": "not-soon", **REST}


@pytest.mark.parametrize(
    ("answers", "level", "articles"),
    [
        ({"kind": "consult"}, "advice", {"二十三"}),
        ({**CIVIL, "civil-matter": "wages", "exempt": "migrant"}, "likely", {"三十一", "四十二"}),
        ({**CIVIL, "civil-matter": "injury", "exempt": "migrant"}, "possibly", {"三十一", "四十二", "三十四"}),
        ({**CIVIL, "civil-matter": "support", "exempt": "none"}, "possibly", {"三十一", "四十一", "三十四"}),
        ({**CIVIL, "civil-matter": "support", "exempt": "no-income"}, "likely", {"三十一", "四十二"}),
        ({**CIVIL, "civil-matter": "abuse"}, "likely", {"三十二"}),
        ({**CIVIL, "civil-matter": "other", "exempt": "relief"}, "outside", {"三十一"}),
        ({**CIVIL, "civil-matter": "other", "exempt": "abuse"}, "likely", {"三十二", "三十八"}),
        ({**CIVIL, "civil-matter": "wages", "lawyer": "has-lawyer"}, "outside", {"三十一", "四十八"}),
        ({**CIVIL, "civil-matter": "wages", "exempt": "none", "deadline": "near"}, "possibly", {"四十四"}),
        ({**ACCUSED, "special": "minor"}, "likely", {"二十五", "三十六", "三十九", "四十"}),
        ({**ACCUSED, "special": "review"}, "likely", {"二十五", "二十八", "三十六"}),
        ({**ACCUSED, "special": "none"}, "possibly", {"二十四", "三十", "三十九", "四十一"}),
        ({**ACCUSED, "lawyer": "has-lawyer"}, "outside", {"二十四", "四十八"}),
        (
            {"kind": "criminal", "role": "victim", "exempt": "relief", "hearing": "soon", **REST},
            "likely",
            {"二十九", "四十二", "三十五"},
        ),
        ({"kind": "retrial", "retrial": "not-reopened", "deadline": "no-hurry"}, "outside", {"三十三"}),
        (
            {"kind": "retrial", "retrial": "reopened", "exempt": "none", "deadline": "no-hurry", **REST},
            "possibly",
            {"三十三", "四十一"},
        ),
        (
            {**CIVIL, "kind": "public", "public-matter": "compensation", "exempt": "honour"},
            "likely",
            {"三十二"},
        ),
    ],
)
def test_levels(check: PreCheck, answers: dict[str, str], level: str, articles: set[str]) -> None:
    assert check.next_question(answers) is None
    answer = check.result(answers)
    assert answer.reason == f"legal-aid-{level}"
    cited = {item.section for item in answer.citations}
    assert {f"第{article}条" for article in articles} <= cited
    for article in articles:
        assert f"第{article}条" in answer.text


def test_the_place_decides_where_to_apply(check: PreCheck) -> None:
    first = {}
    for place in ("yindu", "anyang", "elsewhere", "unknown"):
        answer = check.result({**CIVIL, "civil-matter": "wages", "exempt": "none", "place": place})
        first[place] = answer.routes[0].number
        assert "办案机关所在" in answer.text
    assert first == {"yindu": "0372-5139017", "anyang": "12348", "elsewhere": "12348", "unknown": "12348"}


def test_whoever_may_be_in_danger_sees_110_first(check: PreCheck) -> None:
    answer = check.result({**CIVIL, "civil-matter": "abuse"})
    assert answer.routes[0].number == "110"
    assert "现在有危险，先打 110" in answer.text


# --- asking ----------------------------------------------------------------------------------------------------------


def test_each_question_offers_numbered_replies_and_a_way_not_to_know(check: PreCheck) -> None:
    for question in check.content.questions:
        assert len(question.replies) <= 9
        assert question.meaning("unknown") is not None
        assert len(HAN.findall(question.ask)) <= 40
    answer = check.ask({})
    assert answer.status is Status.CLARIFY
    assert answer.text.splitlines()[2] == f"1. {answer.follow_ups[0]}"
    assert "身份证号" in answer.text.splitlines()[0]


def test_nothing_is_asked_that_does_not_matter_any_more(check: PreCheck) -> None:
    def left(answers: dict[str, str]) -> str | None:
        question = check.next_question(answers)
        return question.id if question else None

    assert left({"kind": "consult"}) is None
    assert left({"kind": "retrial", "retrial": "not-reopened"}) == "deadline"
    assert left({"kind": "civil", "civil-matter": "wages", "whose": "self", "lawyer": "has-lawyer"}) is None
    assert left({"kind": "civil", "civil-matter": "abuse", "whose": "self", "lawyer": "no-lawyer"}) == "place"
    # Whoever writes about himself is not locked up.
    assert left({"kind": "criminal", "role": "accused", "lawyer": "no-lawyer", "special": "none"}) == "place"


def test_no_result_while_a_question_is_open(check: PreCheck) -> None:
    with pytest.raises(LookupError, match="civil-matter is open"):
        check.result({"kind": "civil"})


def test_answers_that_nobody_offered_are_asked_again(check: PreCheck) -> None:
    question = check.next_question({"kind": "刑事"})
    assert question is not None
    assert question.id == "kind"


def test_texts_of_asking_resuming_and_leaving(check: PreCheck) -> None:
    answers = {"kind": "civil"}
    for reason in ("legal-aid-asking", "legal-aid-not-understood", "legal-aid-resumed", "legal-aid-corrected"):
        answer = check.ask(answers, reason)
        assert answer.reason == reason
        assert "具体是下面哪一样？（第 2 题" in answer.text
    assert check.told({"kind": "civil", "civil-matter": "wages"}) == (
        "您说的是：要工钱、要赔偿、家里的事；要工钱、确认劳动关系。"
    )
    assert check.told({}) == ""
    assert check.left().routes


def test_suggestions_are_questions_that_the_guide_knows(check: PreCheck, catalogue: Catalogue) -> None:
    known = {question for _, section in catalogue.sections() for question in section.questions}
    known |= {question for row in catalogue.channels for question in row.questions}
    assert {*check.content.follow_ups, *check.content.outside_follow_ups} <= known
