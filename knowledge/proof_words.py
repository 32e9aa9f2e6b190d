"""Schema of ``content/proof_synonyms.yml``: how residents speak of proof items, and the pieces of text about them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from knowledge.schema import Row, Text


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_compiles)]


class Synonyms(Row):
    """A proof or matter by its usual official name, and what else it is called."""

    name: Text
    also: Annotated[tuple[Text, ...], Field(min_length=1)]

    @property
    def terms(self) -> tuple[str, ...]:
        return (self.name, *self.also)


class ProofPatterns(Row):
    """What a question asks; see the comments in the file."""

    about: Pattern
    promise: Pattern
    need: Pattern
    elsewhere: Pattern
    which: Pattern
    in_list: Pattern
    whole_list: Pattern
    filler: Pattern
    thing: Pattern


class ProofPhrases(Row):
    """Pieces of resident text that rows of the status table are filled with; ``{…}`` marks are filled in turn."""

    list: Text
    item: Text
    bare_item: Text
    row: Text
    place: Text
    bare_place: Text
    source: Text
    unstated: Text
    this_one: Text
    named: Text
    asking_door: Text
    follow_up: Text
    bare_follow_up: Text


class ProofWords(Row):
    """The whole file. ``overview`` and ``said_with`` name sections as ``guide/section``."""

    proofs: tuple[Synonyms, ...]
    matters: tuple[Synonyms, ...]
    patterns: ProofPatterns
    overview: Text
    said_with: tuple[Text, ...]
    phrases: ProofPhrases
