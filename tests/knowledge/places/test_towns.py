"""The town that a turn is about: what the resident names for sure, or what the form for advisors settled on."""

from __future__ import annotations

import pytest

from knowledge.catalogue import CONTENT, load_catalogue
from knowledge.passages import Citer, document_passages
from knowledge.places.advisor_answers import AdvisorAnswers
from knowledge.places.advisors import Advisors
from knowledge.places.find import shipped_places
from knowledge.places.towns import town_in_turn, town_written
from knowledge.records import Answer, Status
from knowledge.validity import today

ANSWERED = Answer(Status.ANSWERED, "answered", "先打 12348。水冶镇、铜冶镇的都可以去。")


def advisor(reason: str, text: str) -> Answer:
    return Answer(Status.UNANSWERABLE, reason, text)


@pytest.mark.parametrize(
    ("text", "answer", "town"),
    [
        ("我家在都里镇，邻居占了我家宅基地", ANSWERED, "都里镇"),
        ("大司空村的老板拖欠工资", ANSWERED, "纱厂路街道"),
        # What the answer says is no word of the resident's.
        ("邻居占了我家宅基地", ANSWERED, None),
        ("", ANSWERED, None),
        ("我在水冶镇，老家铜冶镇", ANSWERED, None),
        ("郑州市的公司拖欠工资", ANSWERED, None),
        ("都里镇的人在郑州市打工", ANSWERED, "都里镇"),
        # A choice by number: the form's answer names the place.
        (
            "1",
            advisor("advisor-not-loaded", "名册没有交到我这里，水冶镇北街社区的顾问是谁，我不知道。\n铜冶镇司法所"),
            "水冶镇",
        ),
        ("1", advisor("advisor-where", "您住在哪个村？比如“水冶镇 北街社区”。"), None),
        ("1", advisor("advisor-guess", "您说的是水冶镇北街社区吗？"), None),
    ],
)
def test_the_town_of_a_turn(text: str, answer: Answer, town: str | None) -> None:
    assert town_in_turn(shipped_places(), text, answer) == town


def test_a_misheard_name_is_not_taken_for_a_place() -> None:
    places, said = shipped_places(), "我是大思空的"
    (mention,) = places.find(said, expected=True)
    assert mention.how in ("homophone", "typo")
    assert town_in_turn(places, said, advisor("advisor-guess", "您说的是纱厂路街道大司空村吗？")) is None
    # An operator wrote it as the village: there it is.
    assert town_written(places, said) == "纱厂路街道"


def test_every_village_that_the_form_settles_on_has_its_town() -> None:
    places, catalogue = shipped_places(), load_catalogue()

    def status(reason: str) -> Answer:
        row = catalogue.status[reason]
        return Answer(Status(row.status), row.reason, row.text)

    form = AdvisorAnswers(
        places, Advisors(()), catalogue, Citer(catalogue, document_passages(catalogue, CONTENT)), status, today, 365
    )
    villages = places.divisions.villages
    assert len(villages) == 342
    assert [v.name for v in villages if town_in_turn(places, "1", form.of(v)) != v.within] == []
