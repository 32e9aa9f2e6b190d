"""Questions about the doors of the last answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from knowledge.answer import Knowledge
from knowledge.context.focus import Focus
from knowledge.context.talk import converse
from knowledge.hours.records import DoorHours, HoursTable, OpenTime

pytestmark = pytest.mark.model
HOTLINE = "0372-5139017"


def asked_when(knowledge: Knowledge) -> tuple[str, str]:
    """Reason and text of the answer to when the hotline just named answers."""
    talk = converse(knowledge, "法律援助热线电话是多少", Focus())
    answer = converse(knowledge, "那个热线几点上班", talk.focus).answer
    return answer.reason, answer.text


def test_hours_that_nobody_entered_are_not_guessed(knowledge: Knowledge) -> None:
    reason, text = asked_when(knowledge)
    assert reason == "hours-unknown"
    assert "点" not in text.replace("几点", "")


def test_hours_that_were_entered_are_told(knowledge: Knowledge) -> None:
    morning = OpenTime(weekdays=(0, 1, 2, 3, 4), start=8 * 60 + 30, end=12 * 60)
    row = DoorHours(door=HOTLINE, times=(morning,), holidays="closed", source="门口的牌子", confirmed=date.today())
    catalogue = knowledge.release.catalogue.model_copy(update={"hours_tables": (HoursTable(doors=(row,)),)})
    entered = Knowledge(replace(knowledge.release, catalogue=catalogue), knowledge.embedder)
    reason, text = asked_when(entered)
    assert reason != "hours-unknown"
    assert "8:30" in text
    assert "12:00" in text
