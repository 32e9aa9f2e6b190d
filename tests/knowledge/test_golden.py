"""The shipped knowledge on its golden questions: never worse than the floors, noise apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from knowledge.answer import Knowledge
from knowledge.catalogue import load_catalogue
from knowledge.evaluate.floor import faults
from knowledge.evaluate.golden import CHANNEL, Golden, read_golden
from knowledge.evaluate.metrics import MEASURES, summary
from knowledge.evaluate.run import measure
from knowledge.learning import GATE_FILE

FOLDER = Path(__file__).parent.parent / "golden"
GOLDEN = read_golden(GATE_FILE, FOLDER)
FLOORS: dict[str, Any] = json.loads((FOLDER / "floor.json").read_text(encoding="utf-8"))
EVERY = [row for rows in GOLDEN.values() for row in rows]


class TestQuestions:
    def test_are_enough_and_none_twice(self) -> None:
        assert len(EVERY) >= 400
        assert len({row.q for row in EVERY}) == len(EVERY)

    def test_name_only_guides_and_doors_that_exist(self) -> None:
        catalogue = load_catalogue()
        known = {guide.id for guide in catalogue.guides} | {CHANNEL + key for key in catalogue.channel}
        assert {name for row in EVERY for name in row.guides} - known == set()
        assert {name for row in EVERY for name in row.doors} - catalogue.channel.keys() == set()

    def test_are_not_among_the_known_questions(self) -> None:
        """A golden question that knowledge holds word for word would measure nothing."""
        catalogue = load_catalogue()
        known = {question for _, section in catalogue.sections() for question in section.questions}
        known |= {question for row in (*catalogue.channels, *catalogue.scope) for question in row.questions}
        assert {row.q for row in EVERY} & known == set()

    def test_each_accepts_what_its_kind_allows(self) -> None:
        def odd(row: Golden) -> bool:
            if row.kind == "crisis":
                return row.status != ("crisis",)
            if row.kind == "nearmiss":
                return "crisis" in row.status
            if row.kind in ("unanswerable", "declined"):
                return row.answerable
            return "answered" not in row.status

        assert [row.q for row in EVERY if odd(row)] == []


def test_every_measure_of_every_half_has_a_floor() -> None:
    assert FLOORS.keys() == GOLDEN.keys()
    # Only the held half has a question with words that must never be said.
    wanted = {item.name for item in MEASURES}
    assert all(wanted - floors.keys() <= {"never"} for floors in FLOORS.values())


@pytest.fixture(scope="module")
def measured(knowledge: Knowledge) -> dict[str, Any]:
    return {half: summary(outcomes) for half, outcomes in measure(knowledge, GOLDEN).items()}


@pytest.mark.model
@pytest.mark.parametrize("half", GOLDEN)
def test_nothing_got_worse_beyond_noise(measured: dict[str, Any], half: str) -> None:
    assert faults(measured[half]["all"], FLOORS[half]) == []
