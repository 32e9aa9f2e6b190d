"""Situations (情形): doors that depend on who asks and when, laid over the doors of the matter. Content: situations.yml."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from pydantic import Field

from knowledge.schema import RouteRef, Row, Slug, Text


class SituationDoors(Row):
    """Doors that a situation adds for some matters (all when none is named), and where they stand among the others."""

    matters: tuple[Slug, ...] = ()
    place: Literal["first", "second", "last"]
    routes: Annotated[tuple[RouteRef, ...], Field(min_length=1)]


class Situation(Row):
    """What is recognised by ``words`` in a question, ``except`` apart."""

    id: Slug
    name: Text
    words: Annotated[tuple[Text, ...], Field(min_length=1)]
    excused: tuple[Text, ...] = Field(default=(), alias="except")
    doors: Annotated[tuple[SituationDoors, ...], Field(min_length=1)]

    def holds(self, question: str) -> bool:
        """Does the normalised ``question`` say so? What is excused is not looked at."""
        for words in self.excused:
            question = question.replace(words, "")
        return any(word in question for word in self.words)


def laid_over(
    refs: Sequence[RouteRef], guide: str, situations: Iterable[Situation], leading: frozenset[str] | set[str]
) -> list[RouteRef]:
    """``refs`` of the matter ``guide`` with the doors of the ``situations`` that hold, each door once.

    Doors in ``leading`` (emergency numbers) that come first stay first: danger is before everything.
    """
    ordered = list(refs)
    for doors in (doors for row in situations for doors in row.doors if not doors.matters or guide in doors.matters):
        first = next((i for i, ref in enumerate(ordered) if ref.door not in leading), len(ordered))
        place = {"first": first, "second": first + 1, "last": len(ordered)}[doors.place]
        for new in reversed(doors.routes):
            there = next((i for i, ref in enumerate(ordered) if ref.door == new.door), None)
            if there is not None and there <= place:
                continue
            if there is not None:
                del ordered[there]
            ordered.insert(place, new)
    return ordered
