"""The nouns of the design as immutable records; every other module speaks in these."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, TypeAdapter


class Status(StrEnum):
    """Closed list of outcomes; knowledge/content/statuses.yml has a row for each (tested)."""

    ANSWERED = "answered"
    CLARIFY = "clarify"
    UNANSWERABLE = "unanswerable"
    CRISIS = "crisis"
    HANDOVER = "handover"
    REFUSED = "refused"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Document:
    """A source as published. ``issuer`` is None where the source does not state one; dates are ISO ``YYYY-MM-DD``."""

    id: str
    title: str
    kind: str
    issuer: str | None = None
    published: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """The smallest quotable piece of a document.

    ``text`` holds the original words, for quoting. ``searchable`` is the normalised form, for searching only. ``notes``
    tell known defects of the source (原文如此); the text itself is never repaired. ``id`` stays the same when the
    wording changes, ``digest`` does not.
    """

    id: str
    document_id: str
    text: str
    searchable: str
    headings: tuple[str, ...] = ()
    line: int | None = None
    notes: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """A copy of what an answer rests on. ``verbatim`` is False when ``quote`` is our wording of the cited article.

    ``wording`` is all of our wording where ``quote`` is the article itself or less: checks need it, nobody else gets it.
    """

    document: str
    section: str
    issuer: str | None
    date: str
    quote: str
    verbatim: bool
    note: str | None = None
    passage_id: str | None = None
    wording: Annotated[str | None, Field(exclude=True)] = None


@dataclass(frozen=True, slots=True)
class Route:
    """Where to turn. ``link`` is a ``tel:`` or ``https:`` address, or None for a door one walks to."""

    kind: str
    name: str
    number: str | None
    link: str | None
    why: str
    basis: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a resident gets; ``reason`` names the row of the status table within the status.

    ``target`` is the key of the section or card that it came from: the talk goes on from there, nobody else gets it.
    """

    status: Status
    reason: str
    text: str
    citations: tuple[Citation, ...] = ()
    routes: tuple[Route, ...] = ()
    follow_ups: tuple[str, ...] = ()
    release: str = ""
    matter: str | None = None
    target: Annotated[str | None, Field(exclude=True)] = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form: tuples become lists, the status its value."""
        return dict(_ANSWER.dump_python(self, mode="json"))


_ANSWER = TypeAdapter(Answer)


def answer_from_dict(data: Any) -> Answer:
    """Inverse of :meth:`Answer.to_dict`, checked field by field. ValueError when ``data`` is not an answer."""
    return _ANSWER.validate_python(data)
