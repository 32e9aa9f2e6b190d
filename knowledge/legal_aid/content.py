"""Schema of ``content/legal_aid.yml``, and the faults that one record alone cannot show."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from knowledge.schema import Basis, RouteRef, Row, Slug, Text

MOST_QUESTIONS = 7
LEVEL = "level"
Level = Literal["advice", "likely", "possibly", "outside"]
Part = Literal["today", "where", "who", "bring", "time", "mind"]
Sense = Literal["yes", "no", "unknown"]
Conditions = dict[Slug, Annotated[tuple[Slug, ...], Field(min_length=1)]]


class Conditional(Row):
    """Something that counts when every question of ``when`` has one of the values given there, and none of ``unless``."""

    when: Conditions = Field(default={})
    unless: Conditions = Field(default={})


class Reply(Row):
    """One reply that a question offers; the comments in the file say what the words are for.

    ``up_to``: a number of days up to this many means it; of several such replies the first one that fits.
    """

    value: Slug
    say: Text
    words: tuple[Text, ...] = ()
    alone: tuple[Text, ...] = ()
    sense: Sense | None = None
    up_to: int | None = None


class Question(Conditional):
    """One question with its replies; ``denied`` is the reply when only what is not so was said."""

    id: Slug
    ask: Text
    names: tuple[Text, ...]
    tells: bool = False
    also: tuple[Slug, ...] = ()
    replies: Annotated[tuple[Reply, ...], Field(min_length=2)]
    denied: Slug | None = None

    def reply(self, value: str) -> Reply:
        """KeyError when the question has no such reply."""
        for reply in self.replies:
            if reply.value == value:
                return reply
        raise KeyError(value)

    def meaning(self, sense: str) -> str | None:
        """The reply that a bare yes, no or "I do not know" stands for, None when it says nothing here."""
        return next((reply.value for reply in self.replies if reply.sense == sense), None)


class Grounded(Conditional):
    """Something we say, with what it rests on."""

    text: Text
    basis: Annotated[tuple[Basis, ...], Field(min_length=1)]


class Verdict(Grounded):
    """What the replies come to, and why."""

    level: Level


class Line(Grounded):
    """One thing to do or to know, below the verdict."""

    part: Part


class Doors(Conditional):
    """Where to turn."""

    routes: Annotated[tuple[RouteRef, ...], Field(min_length=1)]


class Phrases(Row):
    """Pieces of the texts."""

    number: Text
    intro: Text
    articles: Text
    line: Text
    told: Text


class ReadingWords(Row):
    """Words of short answers that mean the same whatever the question."""

    yes: tuple[Text, ...]
    no: tuple[Text, ...]
    unknown: tuple[Text, ...]
    denial: tuple[Text, ...]
    lead: tuple[Text, ...]
    tail: tuple[Text, ...]
    asking: tuple[Text, ...]
    harmless: tuple[Text, ...]
    other_matter: tuple[Text, ...]
    back: tuple[Text, ...]
    wrong: tuple[Text, ...]
    restart: tuple[Text, ...]
    leave: tuple[Text, ...]


class LegalAidContent(Row):
    """The whole pre-check."""

    confirmed: date
    source: Text
    matter: Text
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]
    verdicts: Annotated[tuple[Verdict, ...], Field(min_length=1)]
    parts: dict[Part, Text]
    lines: tuple[Line, ...]
    doors: Annotated[tuple[Doors, ...], Field(min_length=1)]
    follow_ups: tuple[Text, ...]
    outside_follow_ups: tuple[Text, ...]
    phrases: Phrases
    reading: ReadingWords

    def cited(self) -> Iterator[Basis]:
        """Every basis that verdicts, lines and doors give."""
        said: tuple[Grounded, ...] = (*self.verdicts, *self.lines)
        yield from (basis for row in said for basis in row.basis)
        yield from (ref.basis for row in self.doors for ref in row.routes if ref.basis is not None)


def content_faults(content: LegalAidContent, laws: Collection[str], doors: Collection[str]) -> Iterator[str]:
    """Unknown questions, values, laws and doors; conditions on questions that are asked later."""
    name = "legal_aid.yml"
    known: dict[str, set[str]] = {}
    for question in content.questions:
        yield from _unknown(f"{name}: question {question.id}", question, known)
        values = {reply.value for reply in question.replies}
        if question.id in known or len(values) != len(question.replies):
            yield f"{name}: question {question.id}: the id or a value occurs more than once"
        if question.meaning("unknown") is None:
            yield f"{name}: question {question.id}: no reply for 不知道"
        if question.denied is not None and question.denied not in values:
            yield f"{name}: question {question.id}: there is no reply {question.denied!r}"
        known[question.id] = values
    for question in content.questions:
        yield from (f"{name}: question {question.id}: no question {id!r}" for id in question.also if id not in known)
    for number, verdict in enumerate(content.verdicts, 1):
        yield from _unknown(f"{name}: verdict {number}", verdict, known)
    known[LEVEL] = {"advice", "likely", "possibly", "outside"}
    for row in (*content.lines, *content.doors):
        yield from _unknown(f"{name}: {row.text if isinstance(row, Line) else 'doors'}", row, known)
    yield from (f"{name}: no name for part {row.part!r}" for row in content.lines if row.part not in content.parts)
    for basis in content.cited():
        if basis.law is not None and basis.law not in laws:
            yield f"{name}: law {basis.law!r} is not in laws.yml"
    for ref in (ref for row in content.doors for ref in row.routes):
        if ref.door not in doors:
            yield f"{name}: door {ref.door!r} is not in channels.yml"


def _unknown(where: str, row: Conditional, known: dict[str, set[str]]) -> Iterator[str]:
    for conditions in (row.when, row.unless):
        for question, values in conditions.items():
            for value in values:
                if value not in known.get(question, ()):
                    yield f"{where}: {question}={value} cannot be known here"
