"""The words by which a message is known to go on from something (content: context.yml), and what they make of a message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from pydantic import ConfigDict, Field, field_validator

from knowledge.schema import Row, Slug, Text

Words = Annotated[tuple[Text, ...], Field(min_length=1)]
# Facets of sections that answer a message with a facet: whoever asks where is served by who, too.
STANDS_FOR = {"where": ("where", "who"), "who": ("who", "where")}
_PUNCTUATION = re.compile(r"[\W_]+")
_ORDINALS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "最后": 0}


@dataclass(frozen=True, slots=True)
class Message:
    """What the words say of a message. ``residue`` is what is left of it when all words that name no matter are taken out.

    ``marked``: it begins, ends or points like something that goes on. ``bare``: there is no residue.
    """

    text: str
    facets: tuple[str, ...]
    marked: bool
    points: bool
    hours: bool
    phones: bool
    residue: str

    @property
    def bare(self) -> bool:
        return not self.residue

    def asks_for(self, facet: str) -> bool:
        """Do the words ask for what a section of this facet tells?"""
        return any(facet in STANDS_FOR.get(asked, (asked,)) for asked in self.facets)


class ContextWords(Row):
    """One file of word lists. Patterns are Python's; a bad one is refused when the content is loaded."""

    facets: dict[str, Words]
    hours: Words
    phones: Words
    openers: Words
    closers: Words
    pointers: Words
    fillers: Words
    corrections: Words
    returns: Words
    choice: Text
    about: dict[Text, Slug]
    asking: Words
    between: Text
    offers: dict[Slug, Text]
    about_aid: Words

    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))

    @field_validator("corrections", "returns", "choice", "between")
    @classmethod
    def _patterns(cls, patterns: tuple[str, ...] | str) -> tuple[str, ...] | str:
        for pattern in (patterns,) if isinstance(patterns, str) else patterns:
            re.compile(pattern)
        return patterns

    def read(self, text: str) -> Message:
        """``text`` is in the form in which questions are compared."""
        facets = tuple(name for name, words in self.facets.items() if any(word in text for word in words))
        if len(facets) > 1:  # "they refuse, what now" asks about the refusal
            facets = tuple(name for name in facets if name != "steps")
        rest = text
        opened = next((word for word in self._long_first(self.openers) if rest.startswith(word)), "")
        rest = rest.removeprefix(opened)
        points = any(word in text for word in self.pointers)
        marked = bool(opened) or points or text.endswith(self.closers)
        hours, phones = (any(word in text for word in words) for words in (self.hours, self.phones))
        residue = _PUNCTUATION.sub("", self._empty.sub("", _PUNCTUATION.sub(" ", rest)))
        return Message(text, facets, marked, points, hours, phones, residue)

    def correction(self, text: str) -> tuple[str, str] | None:
        """What was meant and what was not (empty when unsaid), None when ``text`` corrects nothing."""
        for pattern in self.corrections:
            if match := re.match(pattern, text):
                said = match.groupdict(default="")
                return said["wanted"].strip(" ,，。"), said.get("other", "").strip(" ,，。")
        return None

    def named_again(self, text: str) -> str | None:
        """What names the earlier matter that ``text`` goes back to."""
        found = (re.match(pattern, text) for pattern in self.returns)
        return next((match["named"].strip(" ,，。") for match in found if match), None)

    def questions(self, text: str) -> list[str]:
        """The questions that ``text`` consists of; empty unless all of its parts are questions of their own."""
        parts = [part.strip(" ,，、") for part in re.split(self.between, text) if part]
        parts = [part for part in parts if len(part) > 1]
        whole = all(any(word in part for word in self.asking) and not self.read(part).bare for part in parts)
        return parts if whole and len(parts) > 1 else []

    def chosen(self, text: str, count: int) -> int | None:
        """Index of the offer that ``text`` chooses among ``count``; None when it chooses none of them."""
        match = re.match(self.choice, text)
        if match is None or count == 0:
            return None
        said = match["number"]
        number = _ORDINALS.get(said) if not said.isdigit() else int(said)
        index = count - 1 if number == 0 else (number or 0) - 1
        return index if 0 <= index < count else None

    @cached_property
    def _empty(self) -> re.Pattern[str]:
        words = {word for group in self.facets.values() for word in group}
        words |= {*self.hours, *self.phones, *self.openers, *self.closers, *self.pointers, *self.fillers}
        return re.compile("|".join(map(re.escape, self._long_first(words))))

    @staticmethod
    def _long_first(words: set[str] | tuple[str, ...]) -> list[str]:
        return sorted(words, key=lambda word: (-len(word), word))
