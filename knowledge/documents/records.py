"""A document as it is kept: where it comes from, and its passages with the words of the file that they were made of."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from knowledge.schema import Row, Text

LONGEST_PASSAGE = 4_000
MOST_PASSAGES = 5_000
FILE_PREFIX = "document-"
PassageText = Annotated[str, Field(min_length=1, max_length=LONGEST_PASSAGE)]
Headings = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(max_length=8)]


class SourcePiece(Row):
    """Words of the file as it was read, below their headings; never edited."""

    headings: tuple[Text, ...] = ()
    text: Text


class DocumentPassage(Row):
    """One passage as the editor wants it. ``number`` stays its own for ever and makes the address of its citation.

    ``pieces`` are the words of the file that it was made of: several when passages were merged, none when it is the later
    part of the passage before it (split). ``earlier`` are the editor's words for a piece whose words changed in a newer
    file: a conflict to settle. ``left_out`` passages are neither searched nor quoted.
    """

    number: Annotated[int, Field(ge=1)]
    headings: Headings = ()
    text: PassageText
    pieces: tuple[SourcePiece, ...] = ()
    earlier: PassageText | None = None
    left_out: bool = False

    @property
    def as_read(self) -> bool:
        """Does it stand as the file has it?"""
        return len(self.pieces) == 1 and (self.headings, self.text) == (self.pieces[0].headings, self.pieces[0].text)


class DocumentText(Row):
    """A document that was uploaded. ``source`` is its address or says where it stands; from ``valid_from`` to
    ``valid_until`` (both included, None for open) it is quoted; ``confirmed`` is the day it was last known to be right."""

    kind: Literal["document"] = "document"
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    issuer: Annotated[str, Field(min_length=1, max_length=200)]
    published: date
    source: Annotated[str, Field(max_length=1000)] | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    confirmed: date | None = None
    passages: Annotated[tuple[DocumentPassage, ...], Field(min_length=1, max_length=MOST_PASSAGES)]

    @model_validator(mode="after")
    def _sound(self) -> DocumentText:
        numbers = [passage.number for passage in self.passages]
        if len(set(numbers)) != len(numbers):
            raise ValueError("a passage number occurs more than once")
        if not self.passages[0].pieces:
            raise ValueError("the first passage has no words of the file")
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValueError("“有效到”早于“有效从” / valid until is before valid from")
        return self

    @property
    def file(self) -> str:
        return f"{FILE_PREFIX}{self.id}.json"

    def valid_on(self, day: date) -> bool:
        """May it be quoted on ``day``?"""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )
