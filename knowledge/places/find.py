"""Places named in a message: spans with their candidates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from knowledge.catalogue import CONTENT
from knowledge.normalise import close_gaps, normalise
from knowledge.places.context import Patterns, Sentence
from knowledge.places.divisions import Divisions, Place, load_divisions
from knowledge.places.forms import GUESSED, Form, Forms, How
from knowledge.places.guess import Guesser
from knowledge.places.kinds import of_kind
from knowledge.places.settle import BETWEEN, lies_in, settled
from knowledge.places.words import load_words

_KINDS, _COMPASS = tuple("镇乡村庄"), "东西南北"
_SHORTEST = 2
RECENT = 64
_UNMISTAKABLE = 3
_DIRECTIONS = "东西南北大小前后新老中"


@dataclass(frozen=True, slots=True)
class Mention:
    """A place named in a message. ``start`` and ``end`` count in ``compared(text)``, ``words`` is what stands there.

    ``candidates`` are the places that may be meant, at least one; all lie in the district or all outside, or the name is one
    that a neighbouring district has too. ``how`` tells how surely the name was read.
    """

    start: int
    end: int
    words: str
    candidates: tuple[Place, ...]
    how: How

    @property
    def place(self) -> Place | None:
        """The one place that is meant, None when several may be."""
        return self.candidates[0] if len(self.candidates) == 1 else None

    @property
    def ask(self) -> bool:
        """Should the dialogue ask back: several candidates, or a name that was only guessed?"""
        return len(self.candidates) > 1 or self.how in GUESSED

    @property
    def outside(self) -> bool:
        """Does every candidate lie outside the district?"""
        return all(place.kind == "outside" for place in self.candidates)


@cache
def shipped_places() -> Places:
    """The places of the shipped content, made once in a process."""
    return Places.load()


def compared(text: str) -> str:
    """The form of a message in which places are found."""
    return close_gaps(normalise(text))


class Places:
    """The places of the district and their names. Made once, safe to share between threads."""

    def __init__(self, divisions: Divisions, folder: Path = CONTENT) -> None:
        words = load_words(folder)
        self.phrases = words.phrases
        self._district = words.district
        self.divisions = divisions
        self.code = divisions.by_code()
        self.forms = Forms(divisions, words)
        self._patterns = Patterns(words.patterns)
        self._guesser = Guesser(self.forms, words.alike, words.no_letters)
        # One message is asked for its places by the dialogue's action, by forms and for the figures of the desk.
        self._recent = lru_cache(RECENT)(self._find)

    @classmethod
    def load(cls, folder: Path = CONTENT) -> Places:
        """From the tables below ``folder``. ContentError names file and line of a fault."""
        return cls(load_divisions(folder), folder)

    def find(self, text: str, expected: bool = False) -> tuple[Mention, ...]:
        """Every place that ``text`` names, in order. ``expected`` is for the turn after "where do you live?": then a bare
        幸福 or 花园 counts, and a misheard name is guessed more freely."""
        return self._recent(compared(text), expected)

    def _find(self, text: str, expected: bool) -> tuple[Mention, ...]:
        sentence = Sentence(text, self._patterns, expected)
        named = self._named(sentence)
        taken = [(item.start, item.end) for item in named]
        named += [
            Mention(start, end, sentence.text[start:end], places, how)
            for start, end, places, how in self._guesser.guesses(sentence, taken)
        ]
        found = settled(_apart(named), sentence.text)
        return tuple(map(_here, found)) if self._district in sentence.text else found

    def towns(self) -> tuple[Place, ...]:
        """The towns and streets of the district."""
        return self.divisions.towns

    def villages_of(self, town: Place) -> tuple[Place, ...]:
        """The villages and communities of one town."""
        return tuple(place for place in self.divisions.villages if place.within == town.name)

    def _named(self, sentence: Sentence) -> list[Mention]:
        """Names as they are written in the tables; of ordinary words only those that stand as a place."""
        text = sentence.text
        sure: list[Mention] = []
        doubtful: list[Mention] = []
        for start in range(len(text) - 1):
            for end in range(min(len(text), start + self.forms.longest), start + 1, -1):
                forms = self.forms.by_base.get(text[start:end])
                if forms is None:
                    continue
                read = self._read(sentence, forms, start, end)
                if read is None:
                    continue
                mention, certain = read
                (sure if certain else doubtful).append(mention)
        return sure + [item for item in doubtful if _told_by_neighbour(item, [*sure, *doubtful], text)]

    def _read(self, sentence: Sentence, forms: list[Form], start: int, end: int) -> tuple[Mention, bool] | None:
        """What the name at a span means here, and whether it surely is a name; None when it is none."""
        base = sentence.text[start:end]
        kept, kind = of_kind(sentence, forms, base, end)
        if not kept:
            return None
        ordinary = base in self.forms.ordinary and any(form.place.kind != "outside" for form in kept)
        whole = end + len(kind)
        if not kind and sentence.something_else(end, ordinary):
            return None
        if base in self.forms.common and start and sentence.text[start - 1] in _DIRECTIONS:
            return None
        how = "exact" if any(form.place.name == base + kind for form in kept if form.how == "short") else kept[0].how
        mention = Mention(start, whole, sentence.text[start:whole], tuple(form.place for form in kept), how)
        return mention, self._surely(sentence, mention, ordinary or how == "typo", end)

    def _surely(self, sentence: Sentence, mention: Mention, ordinary: bool, base_end: int) -> bool:
        start, end = mention.start, mention.end
        if sentence.lives(start, end) or sentence.alone(start, end):
            return True
        if mention.outside and mention.how == "exact" and end - start >= _UNMISTAKABLE:
            return True
        if any(place.kind == "town" for place in mention.candidates) and end > base_end:
            return True
        before = sentence.text[start - 1 : start]
        if before in _KINDS and mention.words[0] in _COMPASS and base_end - start == _SHORTEST:
            return False  # 镇东街面上: the east of a town, unless the town is named (水冶镇东街)
        if ordinary:
            return sentence.pointed_at(start, end) or (
                end > base_end and sentence.named_community(start, end, base_end)
            )
        return end > base_end or sentence.aligned(start, base_end)


def _told_by_neighbour(item: Mention, others: list[Mention], text: str) -> bool:
    """Does a village stand beside its own town? Then both are places, whatever else the words may mean."""
    for other in others:
        before, after = (item, other) if item.start < other.start else (other, item)
        if text[before.end : after.start] not in BETWEEN or before.end > after.start:
            continue
        if lies_in(item, other) or (before is item and lies_in(other, item)):
            return True
    return False


def _here(item: Mention) -> Mention:
    """Without candidates elsewhere, where there are others: the message says that it speaks of the district."""
    inside = tuple(place for place in item.candidates if place.kind != "outside")
    return replace(item, candidates=inside) if inside else item


def _apart(found: list[Mention]) -> list[Mention]:
    """Without overlaps: the longest name wins, then the surest."""
    ranks: list[How] = ["exact", "short", "alias", "spoken", "typo", "homophone"]
    kept: list[Mention] = []
    for item in sorted(found, key=lambda m: (-(m.end - m.start), ranks.index(m.how), m.start)):
        if all(item.end <= other.start or item.start >= other.end for other in kept):
            kept.append(item)
    return sorted(kept, key=lambda m: m.start)
