"""Where a passage stands: the document's words around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.records import Citation, Passage

AROUND = 4


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A passage as it is cited, with what stands before and after it in the same document."""

    citation: Citation
    headings: tuple[str, ...]
    before: tuple[Passage, ...]
    passage: Passage
    after: tuple[Passage, ...]


def surroundings_of(passages: Sequence[Passage], passage_id: str, citation: Citation) -> Surroundings:
    """The surroundings of ``passage_id`` among ``passages``, which are in the order of their documents.

    Page headers and footers stand by themselves. StopIteration when there is no such passage.
    """
    at = next(number for number, passage in enumerate(passages) if passage.id == passage_id)
    passage = passages[at]
    near = [
        (number, other)
        for number, other in enumerate(passages[max(0, at - AROUND) : at + AROUND + 1], max(0, at - AROUND))
        if other.document_id == passage.document_id
        # Only shipped documents know their lines; what staff uploaded has no page header to keep apart.
        and (passage.line is None or other.headings[:1] == passage.headings[:1])
    ]
    before = tuple(other for number, other in near if number < at)
    after = tuple(other for number, other in near if number > at)
    return Surroundings(citation, passage.headings, before, passage, after)
