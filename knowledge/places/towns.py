"""The town of a place, for counting: coarse enough to be about nobody."""

from __future__ import annotations

from collections.abc import Iterable

from knowledge.places.find import Mention, Places
from knowledge.places.forms import GUESSED
from knowledge.records import Answer

# Answers for one place, named in their first line: it may have been chosen by its number, or be known from before.
_SETTLED = frozenset({"advisor-card", "advisor-stale", "advisor-not-listed", "advisor-not-loaded", "advisor-town"})


def town_written(places: Places, text: str) -> str | None:
    """The town or street of what somebody wrote as a place; None when it is none of the district, or of several towns."""
    return _one_town(places.find(text, expected=True)) if text.strip() else None


def town_in_turn(places: Places, text: str, answer: Answer) -> str | None:
    """The town that a turn is about: of the places that the resident names, else of the one that the form for advisors settled
    on. None when there is none of the district, or several towns may be meant; a misheard name is not taken for a place."""
    asked = answer.reason.startswith("advisor-")
    town = _one_town(mention for mention in places.find(text, expected=asked) if mention.how not in GUESSED)
    if town is None and answer.reason in _SETTLED:
        return _one_town(places.find(answer.text.partition("\n")[0]))
    return town


def _one_town(mentions: Iterable[Mention]) -> str | None:
    towns = {
        place.name if place.kind == "town" else place.within
        for mention in mentions
        for place in mention.candidates
        if place.kind != "outside"
    }
    return towns.pop() if len(towns) == 1 else None
