"""Doors by situation: every one has a reason and a source, and danger comes first whatever the situation."""

from __future__ import annotations

import pytest

from knowledge.answer import _in_order
from knowledge.catalogue import Catalogue, load_catalogue
from knowledge.crisis import EMERGENCY
from knowledge.passages import route
from knowledge.schema import RouteRef
from knowledge.situations import Situation, laid_over

LEADING = frozenset(EMERGENCY)
SITUATIONS = {"urgent", "minor", "elderly", "disabled", "migrant-worker", "outside", "after-hours"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def situation(place: str, *matters: str) -> Situation:
    doors = {"place": place, "matters": matters, "routes": [{"door": "12348", "why": "问"}]}
    return Situation.model_validate({"id": "s", "name": "情形", "words": ["急"], "except": ["不急"], "doors": [doors]})


def laid(refs: str, *situations: Situation, guide: str = "wages") -> list[str]:
    return [
        ref.door for ref in laid_over([RouteRef(door=d, why="问") for d in refs.split()], guide, situations, LEADING)
    ]


def test_the_situations_of_the_design_are_there(catalogue: Catalogue) -> None:
    assert {row.id for row in catalogue.situations} == SITUATIONS


def test_every_door_has_a_reason_and_a_source(catalogue: Catalogue) -> None:
    for ref in (ref for row in catalogue.situations for doors in row.doors for ref in doors.routes):
        door = route(catalogue.channel[ref.door], ref.why, ref.basis)
        assert door.why
        assert door.basis
        assert ref.basis is None or ref.basis.law is None or ref.basis.law in catalogue.law


@pytest.mark.parametrize("situation", sorted(SITUATIONS))
def test_danger_comes_first_for_every_section_in_every_situation(catalogue: Catalogue, situation: str) -> None:
    holds = [row for row in catalogue.situations if row.id == situation]
    for guide, section in catalogue.sections():
        before = _in_order(guide, section)
        after = laid_over(before, guide.id, holds, LEADING)
        leading = [ref.door for ref in before[:2] if ref.door in LEADING] if before[0].door in LEADING else []
        assert [ref.door for ref in after[: len(leading)]] == leading, (guide.id, section.id)
        assert len({ref.door for ref in after}) == len(after), (guide.id, section.id)
        assert {ref.door for ref in before} <= {ref.door for ref in after}


@pytest.mark.parametrize(
    ("place", "before", "after"),
    [
        ("first", "110 court", "110 12348 court"),
        ("first", "court lawyer", "12348 court lawyer"),
        ("second", "110 court lawyer", "110 court 12348 lawyer"),
        ("last", "court lawyer", "court lawyer 12348"),
        ("first", "court 12348", "12348 court"),
        ("last", "12348 court", "12348 court"),
    ],
)
def test_places(place: str, before: str, after: str) -> None:
    assert laid(before, situation(place)) == after.split()


def test_doors_for_other_matters_stay_away() -> None:
    assert laid("court", situation("last", "divorce")) == ["court"]
    assert laid("court", situation("last", "divorce"), guide="divorce") == ["court", "12348"]


def test_what_is_excused_does_not_count() -> None:
    assert situation("last").holds("这事急")
    assert not situation("last").holds("这事不急")
