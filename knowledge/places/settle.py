"""Which of the candidates are meant, by the other places that the same message names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge.places.find import Mention

# Until some years ago seven towns of the district belonged to this county, and people still name it with them.
FORMER_COUNTY = "410522"
BETWEEN = ("", "的", "那边", "那", ",", "嘞")


def settled(found: Sequence[Mention], text: str) -> tuple[Mention, ...]:
    """``found`` with towns and villages that tell of each other joined, and namesakes elsewhere left out."""
    found = _elsewhere(found, text)
    chosen = [_in_named_town(item, found) for item in found]
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
            named = {place.name for place in before.candidates}
            if own := [place for place in item.candidates if place.kind == "outside" and place.within in named]:
                item = replace(item, candidates=tuple(own))
            if item.outside:
                kept[-1] = replace(item, start=before.start, words=text[before.start : item.end])
                continue
            if before.candidates[0].code != FORMER_COUNTY:
                continue
        kept.append(item)
    return [item for item in kept if not (inside and item.candidates[0].code == FORMER_COUNTY)]


def _in_named_town(item: Mention, found: Sequence[Mention]) -> Mention:
    """Only the candidates in a town that the message names too, where there are such."""
    if len(item.candidates) < 2:
        return item
    own = {place.name for place in item.candidates if place.kind == "town"}
    towns: set[str] = set()
    for other in found:
        named = {place.name for place in other.candidates if place.kind == "town" and other is not item}
        # 曲沟 is a town and a village: that only 曲沟镇 beside it tells the village.
        towns |= named if all(place.kind == "town" for place in other.candidates) else named - own
    there = [place for place in item.candidates if place.kind == "village" and place.within in towns]
    exact = [place for place in there if item.words == place.name]
    return replace(item, candidates=tuple(exact or there)) if there else item


def _tells(village: Mention, town: Mention) -> bool:
    """Does ``village`` lie in the town that the other mention names, so that the town adds nothing?"""
    return lies_in(village, town) and not any(place.kind == "town" for place in village.candidates)


def _widened(item: Mention, found: Sequence[Mention], text: str) -> Mention:
    """The mention with the town that stands right before it."""
    for other in found:
        if other.end <= item.start and text[other.end : item.start] in BETWEEN and lies_in(item, other):
            return replace(item, start=other.start, words=text[other.start : item.end])
    return item


def lies_in(village: Mention, town: Mention) -> bool:
    """May ``village`` be a village of what may be the other mention?"""
    names = {place.name for place in town.candidates if place.kind == "town"}
    return any(place.kind == "village" and place.within in names for place in village.candidates)
