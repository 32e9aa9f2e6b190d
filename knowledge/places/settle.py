"""Which of the candidates are meant, by the other places that the same message names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from knowledge.places.divisions import Place

if TYPE_CHECKING:
    from knowledge.places.find import Mention

# Until some years ago seven towns of the district belonged to this county, and people still name it with them.
FORMER_COUNTY = "410522"
_BETWEEN = ("", "的", "那边", "那", ",", "嘞")


def settled(found: Sequence[Mention], text: str) -> tuple[Mention, ...]:
    """``found`` with towns and villages that tell of each other joined, and namesakes elsewhere left out."""
    found = _elsewhere(found, text)
    towns = {place.name for item in found for place in item.candidates if place.kind == "town"}
    chosen = [_in_named_town(item, towns) for item in found]
    kept: list[Mention] = []
    for item in chosen:
        told_by = [other for other in chosen if other is not item and _tells(other, item)]
        if not told_by:
            kept.append(item)
    return tuple(_widened(item, found, text) for item in kept)


def _elsewhere(found: Sequence[Mention], text: str) -> list[Mention]:
    """Without villages of places elsewhere (滑县李庄), and without the larger place before a smaller one."""
    inside = any(not item.outside for item in found)
    kept: list[Mention] = []
    for item in found:
        before = kept[-1] if kept else None
        if before is not None and before.outside and text[before.end : item.start] in ("", "的", "那边"):
            if item.outside:
                kept[-1] = replace(item, start=before.start, words=text[before.start : item.end])
                continue
            if before.candidates[0].code != FORMER_COUNTY:
                continue
        kept.append(item)
    return [item for item in kept if not (inside and item.candidates[0].code == FORMER_COUNTY)]


def _in_named_town(item: Mention, towns: set[str]) -> Mention:
    """Only the candidates in a town that the message names too, where there are such."""
    if len(item.candidates) < 2:
        return item
    others = {place.name for place in item.candidates}
    there = [place for place in item.candidates if place.kind == "village" and place.within in towns - others]
    exact = [place for place in there if item.words in (place.name, place.name.removesuffix("社区") + "居委会")]
    return replace(item, candidates=tuple(exact or there)) if there else item


def _tells(village: Mention, town: Mention) -> bool:
    """Does ``village`` lie in the town that the other mention names, so that the town adds nothing?"""
    names = {place.name for place in town.candidates if place.kind == "town"}
    return any(place.kind == "village" and place.within in names for place in village.candidates) and not any(
        place.kind == "town" for place in village.candidates
    )


def _widened(item: Mention, found: Sequence[Mention], text: str) -> Mention:
    """The mention with the town that stands right before it."""
    for other in found:
        if other.end <= item.start and text[other.end : item.start] in _BETWEEN and _within(item, other.candidates):
            return replace(item, start=other.start, words=text[other.start : item.end])
    return item


def _within(item: Mention, towns: Sequence[Place]) -> bool:
    names = {place.name for place in towns if place.kind == "town"}
    return any(place.kind == "village" and place.within in names for place in item.candidates)
