"""What the words around a name say: does somebody live there, does the name end here, is it something else?"""

from __future__ import annotations

import re
from functools import cached_property

import rjieba

from knowledge.places.words import PlacePatterns

# No words before a name are longer that tell what it is.
_LOOK_BACK = 24


class Patterns:
    """The compiled patterns of ``place_words.yml``."""

    def __init__(self, rows: PlacePatterns) -> None:
        texts = rows.model_dump()
        self._compiled = {name: re.compile(text) for name, text in texts.items()}

    def at(self, name: str, text: str, start: int) -> re.Match[str] | None:
        """The pattern where it begins at ``start``."""
        return self._compiled[name].match(text, start)

    def ends(self, name: str, text: str) -> bool:
        """Does ``text`` end (or, for a pattern from ``^``, consist of) what the pattern says?"""
        return self._compiled[name].search(text) is not None


class Sentence:
    """One message in which places are looked for. ``expected`` says that a place was just asked for."""

    def __init__(self, text: str, patterns: Patterns, expected: bool) -> None:
        self.text = text
        self._patterns = patterns
        self.expected = expected
        self._known: dict[tuple[str, int], bool] = {}
        self._kinds: dict[tuple[str, int], str] = {}

    @cached_property
    def _edges(self) -> frozenset[int]:
        """Where words begin or end."""
        edges, position = {0}, 0
        for word in rjieba.cut(self.text, False):
            position += len(word)
            edges.add(position)
        return frozenset(edges)

    def aligned(self, start: int, end: int) -> bool:
        """Does a span begin and end where words do?"""
        return start in self._edges and end in self._edges

    def is_word(self, start: int, end: int) -> bool:
        """Is the span one word of the general dictionary in this sentence, and no place there?"""
        if end - start < 2 or not self.aligned(start, end) or any(at in self._edges for at in range(start + 1, end)):
            return False
        return bool(rjieba.tag(self.text[start:end], False)[0][1] != "ns")

    def kind_of_place(self, which: str, end: int) -> str:
        """The words behind a name that say what kind of place it is, of ``village``, ``town`` or ``outside``."""
        known = self._kinds.get((which, end))
        if known is None:
            match = self._patterns.at(f"{which}_kind", self.text, end)
            known = self._kinds[which, end] = match.group() if match else ""
        return known

    def something_else(self, end: int, ordinary: bool) -> bool:
        """Is the name that ends here only the beginning of another: a road, a city, with ``ordinary`` a shop …?"""
        names = ("not_this", "other_thing") if ordinary else ("not_this",)
        return any(self._patterns.at(name, self.text, end) for name in names)

    def lives(self, start: int, end: int) -> bool:
        """Do the words around the span say that it is where somebody lives or comes from?"""
        if self._before("home", start) and self._patterns.at("right_edge", self.text, end):
            return True
        return self._before("am", start) and self._patterns.at("of", self.text, end) is not None

    def goes(self, start: int, end: int) -> bool:
        """Do the words before the span say that somebody is or goes there?"""
        return self.aligned(start, end) and self._before("moves", start)

    def _before(self, name: str, start: int) -> bool:
        """Do the words before ``start`` end as the pattern says? Looked at once for each."""
        known = self._known.get((name, start))
        if known is None:
            left = self.text[max(0, start - _LOOK_BACK) : start]
            known = self._known[name, start] = self._patterns.ends(name, left)
        return known

    def alone(self, start: int, end: int) -> bool:
        """A place was asked for, and the message (or a part of it) is hardly more than this span."""
        if not self.expected:
            return False
        left, right = re.split(r"[,。!?;\n]", self.text[:start])[-1], re.split(r"[,。!?;\n]", self.text[end:])[0]
        return self._patterns.ends("before_lone", left) and self._patterns.ends("after_lone", right)

    def pointed_at(self, start: int, end: int) -> bool:
        """Do the words behind the span speak of it as of a place: 双全那边, 武官那个村?"""
        return self._before("left_edge", start) and self._patterns.at("pointed", self.text, end) is not None

    def named_community(self, start: int, end: int, base_end: int) -> bool:
        """Is an ordinary word with the kind of place behind it really a name? 平安社区建设 and 打官司村里 are not."""
        left = self.text[:start]
        if self._patterns.ends("campaign", left) or self._patterns.ends("campaign_after", self.text[end:]):
            return False
        if self._patterns.at("village_words", self.text, base_end):
            return not left or self._before("home", start) or not ("\u4e00" <= left[-1] <= "\u9fff")
        return self._before("left_edge", start)
