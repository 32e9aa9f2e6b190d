"""The shipped knowledge as reviewed text: schema and loader of ``knowledge/content``.

Every error names the file and the line, in the words of the schema, so that an editor can mend it without a developer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from knowledge.context.words import ContextWords
from knowledge.cross_checks import cross_faults
from knowledge.documents.records import DocumentText
from knowledge.hours.content import HoursContent
from knowledge.hours.records import DoorHours, HolidayTable, HoursTable
from knowledge.imported import AdvisorList, Imported, LawText, ProofList, read_imported
from knowledge.legal_aid.content import LegalAidContent
from knowledge.proof_words import ProofWords
from knowledge.schema import Basis, ContentError, Dated, RouteRef, Row, Slug, Text
from knowledge.situations import Situation

CONTENT = Path(__file__).parent / "content"

Facet = Literal["what", "steps", "who", "bring", "where", "deadline", "cost", "object", "limits", "fact"]
ChannelKind = Literal[
    "emergency", "hotline", "platform", "office", "advisor", "mediation", "arbitration", "court", "lawyer", "notary"
]


class Law(Dated):
    """A statute that statements may cite. ``in_force`` is the day from which the cited version applies."""

    name: Text
    title: Text
    in_force: date
    source: Text
    confirmed: date


class Statement(Row):
    """One thing we tell residents, in our own words, with its legal basis."""

    text: Text
    basis: Annotated[tuple[Basis, ...], Field(min_length=1)]


class Section(Row):
    """One answerable aspect of a guide; ``questions`` are what residents ask when they want exactly this."""

    id: Slug
    title: Text
    facet: Facet
    statements: Annotated[tuple[Statement, ...], Field(min_length=1)]
    questions: Annotated[tuple[Text, ...], Field(min_length=2)]
    routes: tuple[RouteRef, ...] = ()


class Guide(Dated):
    """One legal matter written for residents.

    ``urgent`` says that somebody with this matter is often in danger: its emergency doors may then stand first.
    """

    id: Slug
    title: Text
    matter: Text
    confirmed: date
    urgent: bool = False
    source: Text
    routes: Annotated[tuple[RouteRef, ...], Field(min_length=1)]
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]
    not_said: tuple[Text, ...] = ()


class Channel(Dated):
    """A channel card: one hotline, platform or door, with only what its source supports.

    ``number`` is as printed; ``None`` for doors without one. ``handles`` says what it is for.
    """

    id: Text
    name: Text
    kind: ChannelKind
    number: Annotated[str, Field(pattern=r"^\d[\d-]{2,15}$")] | None = None
    link: Annotated[str, Field(pattern=r"^https://")] | None = None
    handles: Text
    owner: str | None = None
    source: Text
    source_date: Text
    confirmed: date
    basis: Basis | None = None
    note: str | None = None
    aliases: tuple[Text, ...] = ()
    questions: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _emergency_always(self) -> Channel:
        if self.kind == "emergency" and (self.valid_from or self.valid_until):
            raise ValueError("an emergency number never runs out")
        return self


class ScopeNote(Dated):
    """Questions that look like ours and are not, that we must decline, or small talk: what to say and where to send.

    ``reason`` names the row of the status table; its text and doors are used where the note has none.
    """

    id: Slug
    reason: Slug
    text: Text | None = None
    confirmed: date | None = None
    routes: tuple[RouteRef, ...] = ()
    questions: Annotated[tuple[Text, ...], Field(min_length=3)]


class StatusRow(Dated):
    """One outcome of the closed list: resident text and staff label. Outside its dates the shipped row stands in."""

    status: Literal["answered", "clarify", "unanswerable", "crisis", "handover", "refused", "error"]
    reason: Slug
    label: Text
    text: Text
    confirmed: date | None = None
    follow_ups: tuple[Text, ...] = ()
    routes: tuple[RouteRef, ...] = ()


class DocumentRow(Dated):
    """A document file and how to read it; ``defects`` are handed to its parser unchanged."""

    id: Slug
    file: Text
    parser: Literal["report"]
    title: Text
    kind: Text
    issuer: str | None = None
    published: date
    covers_year: int
    confirmed: date
    defects: tuple[dict[str, Any], ...] = ()


R = TypeVar("R", bound=BaseModel)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _line(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """1-based line of the deepest node that ``location`` reaches, so that an error points at the right place."""
    for step in location:
        child: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            child = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            child = node.value[step]
        if child is None:
            break
        node = child
    return node.start_mark.line + 1 if node else 1


def read_rows(path: Path, kind: type[R]) -> list[R]:
    """Read one content file: a list of ``kind``, or a single one. Raises ContentError naming file and line."""
    raw = path.read_text(encoding="utf-8")
    try:
        data = yaml.load(raw, Loader=_LOADER)  # noqa: S506 (a safe loader, the fast one where it is built in)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise ContentError(f"{path.name}:{mark.line + 1 if mark else 1}: {error.problem}") from error
    single = not isinstance(data, list)
    try:
        return TypeAdapter(list[kind]).validate_python([data] if single else data)  # type: ignore[valid-type]
    except ValidationError as error:
        faults = []
        node = yaml.compose(raw, Loader=yaml.SafeLoader)
        for fault in error.errors():
            location = fault["loc"][1:] if single else fault["loc"]
            where = ".".join(str(step) for step in location)
            faults.append(f"{path.name}:{_line(node, location)}: {where}: {fault['msg']}")
        raise ContentError("\n".join(faults)) from error


def normal_article(article: str) -> str:
    """``第四十三条第一款`` and ``第四十三条`` name the same article; keep the part up to 条(之一)."""
    match = re.match(r"第[零〇一二三四五六七八九十百千\d]+条(之[一二三四五六七八九十]+)?", article)
    return match.group(0) if match else article


class Catalogue(BaseModel):
    """All content, validated one record at a time and then against each other."""

    model_config = ConfigDict(frozen=True, ignored_types=(cached_property,))

    documents: tuple[DocumentRow, ...]
    laws: tuple[Law, ...]
    channels: tuple[Channel, ...]
    guides: tuple[Guide, ...]
    scope: tuple[ScopeNote, ...]
    statuses: tuple[StatusRow, ...]
    situations: tuple[Situation, ...]
    proof_words: ProofWords
    context: ContextWords
    legal_aid: LegalAidContent
    hours_words: HoursContent
    law_texts: tuple[LawText, ...] = ()
    proof_lists: tuple[ProofList, ...] = ()
    advisor_lists: tuple[AdvisorList, ...] = ()
    hours_tables: tuple[HoursTable, ...] = ()
    holiday_tables: tuple[HolidayTable, ...] = ()
    document_texts: tuple[DocumentText, ...] = ()
    # Shipped rows of the status table that an entry replaced: something must always be said.
    stand_ins: tuple[StatusRow, ...] = ()

    @cached_property
    def channel(self) -> dict[str, Channel]:
        return {row.id: row for row in self.channels}

    @cached_property
    def law(self) -> dict[str, Law]:
        return {row.name: row for row in self.laws}

    @cached_property
    def status(self) -> dict[str, StatusRow]:
        """Rows of the status table by reason (reasons are unique over all statuses)."""
        return {row.reason: row for row in self.statuses}

    def hours_of(self, door: str) -> DoorHours | None:
        """The hours that were entered for a door, None when there are none."""
        return next((row for table in self.hours_tables for row in table.doors if row.door == door), None)

    def sections(self) -> Iterator[tuple[Guide, Section]]:
        for guide in self.guides:
            for section in guide.sections:
                yield guide, section


def load_catalogue(folder: Path = CONTENT, imported: Path | None = None) -> Catalogue:
    """Read and cross-check all content below ``folder``, with the documents of the folder ``imported`` merged in.

    Raises ContentError with every fault found. An ``imported`` that is empty or missing adds nothing.
    """
    faults: list[str] = []

    def rows(path: Path, kind: type[R]) -> list[R]:
        try:
            return read_rows(path, kind)
        except ContentError as error:
            faults.append(str(error))
            return []

    guides: list[Guide] = []
    for path in sorted((folder / "guides").glob("*.yml")):
        found = rows(path, Guide)
        faults.extend(f"{path.name}:1: id must be the file's name" for guide in found if guide.id != path.stem)
        guides.extend(found)
    documents = _imported(imported, faults)
    document_rows = rows(folder / "documents" / "documents.yml", DocumentRow)
    laws = rows(folder / "laws.yml", Law)
    channels = rows(folder / "channels.yml", Channel)
    scope = rows(folder / "scope.yml", ScopeNote)
    statuses = rows(folder / "statuses.yml", StatusRow)
    situations = rows(folder / "situations.yml", Situation)
    words = rows(folder / "proof_synonyms.yml", ProofWords)
    context = rows(folder / "context.yml", ContextWords)
    legal_aid = rows(folder / "legal_aid.yml", LegalAidContent)
    hours_words = rows(folder / "hours.yml", HoursContent)
    if faults:
        raise ContentError("\n".join(faults))
    catalogue = Catalogue(
        documents=tuple(document_rows),
        laws=tuple(laws),
        channels=tuple(channels),
        guides=tuple(guides),
        scope=tuple(scope),
        statuses=tuple(statuses),
        situations=tuple(situations),
        proof_words=words[0],
        context=context[0],
        legal_aid=legal_aid[0],
        hours_words=hours_words[0],
        law_texts=documents.law_texts,
        proof_lists=documents.proof_lists,
        advisor_lists=documents.advisor_lists,
        hours_tables=documents.hours_tables,
        holiday_tables=documents.holiday_tables,
        document_texts=documents.document_texts,
    )
    if faults := cross_faults(catalogue, folder):
        raise ContentError("\n".join(faults))
    return catalogue


def _imported(folder: Path | None, faults: list[str]) -> Imported:
    try:
        return read_imported(folder)
    except ContentError as error:
        faults.append(str(error))
        return Imported()
