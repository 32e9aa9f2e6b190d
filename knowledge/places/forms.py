"""Every way in which a place is written or spoken, prepared once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import rjieba

from knowledge.places.divisions import Divisions, Place
from knowledge.places.sound import keys
from knowledge.places.words import WORDS_FILE, PlaceWords
from knowledge.schema import ContentError

How = Literal["exact", "short", "alias", "spoken", "homophone", "typo"]
GUESSED: frozenset[How] = frozenset({"homophone", "typo"})  # heard or written otherwise than any name
# Names that many places have (庄 behind a family name …): elsewhere they count only with the kind of place behind them.
_COMMON_ENDING = re.compile(r".[庄村店寨营关屯]")
_COMMON_NAME = re.compile(r".家?[庄村屯店营寨沟]")
_NEIGHBOURS = ("410502", "410503", "410506")  # the districts of the same city: their names are said without 区
_SHORTEST = 2
_PLACE_TAGS = ("ns", "nr")


@dataclass(frozen=True, slots=True)
class Form:
    """One way to name ``place`` without the kind of place behind it. Without that kind it counts only when ``bare``; a
    ``weak`` one is a word too and counts where somebody lives or goes."""

    base: str
    place: Place
    how: How
    bare: bool = True
    weak: bool = False


class Forms:
    """All forms by what is written and by how it sounds."""

    def __init__(self, divisions: Divisions, words: PlaceWords) -> None:
        self.by_base: dict[str, list[Form]] = {}
        self.by_sound: dict[str, list[Form]] = {}
        self._curated = frozenset(words.ordinary)
        for form in self._all(divisions, words):
            same = self.by_base.setdefault(form.base, [])
            if all(other.place is not form.place for other in same):
                same.append(form)
        self._add_look_alikes(words.alike)
        for base, forms in self.by_base.items():
            for sound in keys(base):
                heard = self.by_sound.setdefault(sound, [])
                heard.extend(form for form in forms if form.place.kind != "outside" and form.how != "typo")
        self.longest = max(map(len, self.by_base))
        self.ordinary = frozenset(base for base in self.by_base if self._is_ordinary(base))
        self.common = frozenset(base for base in self.by_base if _COMMON_NAME.fullmatch(base))
        self.fuzzy = [
            base
            for base, forms in self.by_base.items()
            if len(base) > _SHORTEST and any(form.place.kind != "outside" and form.how != "typo" for form in forms)
        ]

    @property
    def ambiguous(self) -> dict[str, tuple[Place, ...]]:
        """Short names that several places of the district have; the computed class that must be asked back."""
        found = {}
        for base, forms in self.by_base.items():
            inside = tuple(form.place for form in forms if form.place.kind != "outside" and form.how == "short")
            if len(inside) > 1:
                found[base] = inside
        return found

    def _all(self, divisions: Divisions, words: PlaceWords) -> Iterator[Form]:
        for place in (*divisions.villages, *divisions.towns):
            yield Form(place.short, place, "short")
            dropped = place.short.removesuffix("村")
            if dropped != place.short and len(dropped) >= _SHORTEST and not _is_plain_word(dropped):
                yield Form(dropped, place, "spoken")
        for place in divisions.villages:
            for alias in divisions.aliases.get(place.code, ()):
                if len(alias) >= _SHORTEST:
                    yield Form(alias, place, "alias")
        named: dict[str, list[Place]] = {}
        for place in (*divisions.villages, *divisions.towns):
            named.setdefault(place.name, []).append(place)
        if strange := [row.name for row in words.spoken if row.name not in named]:
            raise ContentError(f"{WORDS_FILE}: spoken: no such place: {'、'.join(strange)}")
        for row in words.spoken:
            for place in named[row.name]:
                yield from (Form(base, place, "spoken") for base in row.also)
        inside = {place.short for place in (*divisions.villages, *divisions.towns)}
        weak, around = frozenset(words.ordinary_outside), frozenset(words.around)
        for place in divisions.outside:
            if place.name in inside:
                continue  # 老城区 is a community here, whatever else is called so elsewhere
            if place.level != "村":
                yield Form(place.name, place, "exact")
            base = place.short if len(place.short) >= _SHORTEST else place.name
            bare = base not in around and self._bare_outside(place, base, inside)
            yield Form(base, place, "short", bare and base not in weak, bare and base in weak and place.level != "乡级")

    def _bare_outside(self, place: Place, base: str, inside: set[str]) -> bool:
        neighbour = place.code.startswith(_NEIGHBOURS)
        if base in inside and not neighbour:
            return False
        if place.level == "村" or place.level in ("省级", "地级"):
            return True
        if place.level == "县级":
            return neighbour or not place.name.endswith("区")
        return not _COMMON_ENDING.fullmatch(base) and not base.endswith(("路", "大道", "大街"))

    def _add_look_alikes(self, pairs: Iterable[str]) -> None:
        for pair in pairs:
            one, other = pair[0], pair[1]
            for base, forms in list(self.by_base.items()):
                wrong = base.replace(one, other)
                if wrong not in self.by_base and any(form.place.kind != "outside" for form in forms):
                    self.by_base[wrong] = [Form(wrong, form.place, "typo") for form in forms]

    def _is_ordinary(self, base: str) -> bool:
        """A word of the general dictionary, no place there; of two letters also what is a person's name there."""
        if base in self._curated:
            return True
        tags = rjieba.tag(base, False)
        if not _is_word(base) or all(form.place.kind == "outside" for form in self.by_base[base]):
            return False
        tag = tags[0][1]
        return tag != "ns" if len(base) == _SHORTEST else not tag.startswith(_PLACE_TAGS)


def _is_plain_word(text: str) -> bool:
    """大夫, 寨子: two letters that nobody takes for a village without 村 behind them."""
    return len(text) == _SHORTEST and _is_word(text)


def _is_word(text: str) -> bool:
    """Is it one word of the general dictionary?"""
    return len(rjieba.cut(text, False)) == 1
