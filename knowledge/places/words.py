"""Schema of ``content/place_words.yml``: how residents speak of places."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from knowledge.proof_words import Pattern
from knowledge.schema import Row, Text

WORDS_FILE = "place_words.yml"


class Spoken(Row):
    """A place by its name in the lists, and what else people call it."""

    name: Text
    also: Annotated[tuple[Text, ...], Field(min_length=1)]


class PlacePatterns(Row):
    """What the words around a name say; see the comments in the file."""

    village_kind: Pattern
    town_kind: Pattern
    not_this: Pattern
    other_thing: Pattern
    outside_kind: Pattern
    left_edge: Pattern
    home: Pattern
    am: Pattern
    moves: Pattern
    pointed: Pattern
    of: Pattern
    right_edge: Pattern
    before_lone: Pattern
    after_lone: Pattern
    campaign: Pattern
    campaign_after: Pattern
    village_words: Pattern


class AdvisorPhrases(Row):
    """Pieces of answers about advisors, with the marks that are filled in."""

    advisor: Text
    advisor_alone: Text
    card: Text
    card_without_phone: Text
    door: Text
    why: Text
    basis: Text
    section: Text
    note: Text
    note_alone: Text
    row: Text
    here: Text
    some_town: Text


class PlaceWords(Row):
    """The whole file."""

    ordinary: tuple[Text, ...]
    ordinary_outside: tuple[Text, ...]
    spoken: tuple[Spoken, ...]
    no_letters: Text
    alike: tuple[Annotated[str, Field(min_length=2, max_length=2)], ...]
    around: tuple[Text, ...]
    district: Text
    patterns: PlacePatterns
    phrases: AdvisorPhrases


def load_words(folder: Path) -> PlaceWords:
    """The file below ``folder``. ContentError names the line of a fault."""
    from knowledge.catalogue import read_rows

    return read_rows(folder / WORDS_FILE, PlaceWords)[0]
