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

CONTENT = Path(__file__).parent / "content"

Text = Annotated[str, Field(min_length=1)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Facet = Literal["what", "steps", "who", "bring", "where", "deadline", "cost", "object", "limits", "fact"]
ChannelKind = Literal[
    "emergency", "hotline", "platform", "office", "advisor", "mediation", "arbitration", "court", "lawyer", "notary"
]


class ContentError(ValueError):
    """A content file breaks the schema; the message holds one line per fault: ``file:line: what is wrong``."""


class Row(BaseModel):
    """Base of all content records: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Law(Row):
    """A statute that statements may cite. ``in_force`` is the day from which the cited version applies."""

    name: Text
    title: Text
    in_force: date
    source: Text
    confirmed: date


class Basis(Row):
    """What a statement rests on: an article of a law, words of the report, or another named source. Exactly one."""

    law: str | None = None
    article: str | None = None
    report: str | None = None
    source: str | None = None
    issuer: str | None = None
    date: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Basis:
        if sum(value is not None for value in (self.law, self.report, self.source)) != 1:
            raise ValueError("give exactly one of law, report or source")
        if (self.law is None) != (self.article is None):
            raise ValueError("law and article go together")
        if self.source is not None and self.date is None:
            raise ValueError("a source needs its date")
        return self


class Statement(Row):
    """One thing we tell residents, in our own words, with its legal basis."""

    text: Text
    basis: Annotated[tuple[Basis, ...], Field(min_length=1)]


class RouteRef(Row):
    """A door by the id of its channel card, and why this door for this matter."""

    door: Text
    why: Text


class Section(Row):
    """One answerable aspect of a guide; ``questions`` are what residents ask when they want exactly this."""

    id: Slug
    title: Text
    facet: Facet
    statements: Annotated[tuple[Statement, ...], Field(min_length=1)]
    questions: Annotated[tuple[Text, ...], Field(min_length=2)]
    routes: tuple[RouteRef, ...] = ()


class Guide(Row):
    """One legal matter written for residents. ``valid_until`` is the day after which it withdraws itself.

    ``urgent`` says that somebody with this matter is often in danger: its emergency doors may then stand first.
    """

    id: Slug
    title: Text
    matter: Text
    confirmed: date
    valid_until: date | None = None
    urgent: bool = False
    source: Text
    routes: Annotated[tuple[RouteRef, ...], Field(min_length=1)]
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]
    not_said: tuple[Text, ...] = ()


class Channel(Row):
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


class ScopeNote(Row):
    """Questions that look like ours and are not, that we must decline, or small talk: what to say and where to send.

    ``reason`` names the row of the status table; its text and doors are used where the note has none.
    """

    id: Slug
    reason: Slug
    text: Text | None = None
    routes: tuple[RouteRef, ...] = ()
    questions: Annotated[tuple[Text, ...], Field(min_length=3)]


class StatusRow(Row):
    """One outcome of the closed list: resident text and staff label."""

    status: Literal["answered", "clarify", "unanswerable", "crisis", "handover", "refused", "error"]
    reason: Slug
    label: Text
    text: Text
    follow_ups: tuple[Text, ...] = ()
    routes: tuple[RouteRef, ...] = ()


class DocumentRow(BaseModel):
    """A document file and how to read it; ``defects`` are handed to its parser unchanged."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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

    def sections(self) -> Iterator[tuple[Guide, Section]]:
        for guide in self.guides:
            for section in guide.sections:
                yield guide, section


def load_catalogue(folder: Path = CONTENT) -> Catalogue:
    """Read and cross-check all content below ``folder``. Raises ContentError with every fault found."""
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
    catalogue = Catalogue(
        documents=tuple(rows(folder / "documents" / "documents.yml", DocumentRow)),
        laws=tuple(rows(folder / "laws.yml", Law)),
        channels=tuple(rows(folder / "channels.yml", Channel)),
        guides=tuple(guides),
        scope=tuple(rows(folder / "scope.yml", ScopeNote)),
        statuses=tuple(rows(folder / "statuses.yml", StatusRow)),
    )
    if not faults:
        faults.extend(_cross_faults(catalogue, folder))
    if faults:
        raise ContentError("\n".join(faults))
    return catalogue


def _doubles(values: list[str], what: str) -> Iterator[str]:
    for value in sorted({value for value in values if values.count(value) > 1}):
        yield f"{what} {value!r} occurs more than once"


def _cross_faults(catalogue: Catalogue, folder: Path) -> Iterator[str]:
    """Faults between records: unknown doors and laws, words that the report does not contain, doubles."""
    report = "".join((folder / "documents" / row.file).read_text(encoding="utf-8") for row in catalogue.documents)
    for guide, section in catalogue.sections():
        where = f"{guide.id}.yml: section {section.id}"
        for statement in section.statements:
            for basis in statement.basis:
                if basis.law is not None and basis.law not in catalogue.law:
                    yield f"{where}: law {basis.law!r} is not in laws.yml"
                if basis.report is not None and basis.report not in report:
                    yield f"{where}: the report does not contain {basis.report!r}"
    yield from _doubles([guide.id for guide in catalogue.guides], "guide")
    for guide in catalogue.guides:
        yield from _doubles([section.id for section in guide.sections], f"{guide.id}.yml: section")
    yield from _doubles([row.id for row in catalogue.channels], "channel")
    yield from _doubles([row.reason for row in catalogue.statuses], "status reason")
    yield from _doubles([row.name for row in catalogue.laws], "law")
    questions = [question for _, section in catalogue.sections() for question in section.questions]
    questions += [question for row in catalogue.scope for question in row.questions]
    questions += [question for row in catalogue.channels for question in row.questions]
    yield from _doubles(questions, "question")
    for row in catalogue.scope:
        if row.reason not in catalogue.status:
            yield f"scope.yml: {row.id}: reason {row.reason!r} is not in statuses.yml"
    refs = [(f"{guide.id}.yml", ref) for guide in catalogue.guides for ref in guide.routes]
    refs += [(f"{guide.id}.yml", ref) for guide, section in catalogue.sections() for ref in section.routes]
    refs += [("scope.yml", ref) for row in catalogue.scope for ref in row.routes]
    refs += [("statuses.yml", ref) for row in catalogue.statuses for ref in row.routes]
    for where, ref in refs:
        if ref.door not in catalogue.channel:
            yield f"{where}: door {ref.door!r} is not in channels.yml"
