"""Documents that administrators import: statutes, lists, advisors, hours, holidays, any other; a JSON file each below ``<data>/imported``.

They are no part of the repository. A release holds a copy of what was imported when it was built.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from knowledge.documents.records import DocumentText
from knowledge.hours.records import HolidayTable, HoursTable
from knowledge.schema import ContentError, Dated, Row, Text


class LawArticle(Row):
    """One article with its own words; ``number`` is (253, 1) for 第二百五十三条之一."""

    number: tuple[int, int]
    label: Text
    headings: tuple[str, ...]
    text: Text


class LawText(Row):
    """The articles of a law of laws.yml that may be quoted; ``in_force`` is the day there when the text was checked."""

    kind: Literal["law"] = "law"
    name: Annotated[str, Field(min_length=1, pattern=r"^[^/\\]+$")]
    in_force: date
    articles: Annotated[tuple[LawArticle, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _no_doubles(self) -> LawText:
        _refuse_doubles([str(article.number) for article in self.articles])
        return self

    @property
    def file(self) -> str:
        return f"law-{self.name}.json"


class ProofItem(Dated):
    """One row of a proof list. ``replaceable`` tells whether a promise replaces the proof, None when the list does not say;
    ``quote`` are the row's own words; ``row`` is the row in the file (in ``sheet``, where there are several)."""

    id: Text
    number: str | None
    matter: str
    proof: Text
    legal_basis: str | None
    basis_level: str | None
    level: str | None
    asking_unit: str | None
    issuing_unit: str | None
    item_type: str | None
    replaceable: bool | None
    reason: str | None
    note: str | None
    sheet: str | None
    row: int
    quote: Text


class ProofList(Dated):
    """A list of proof items as published. ``id`` stays the same when the same issuer's list is imported again."""

    kind: Literal["proofs"] = "proofs"
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    title: Text
    issuer: Text
    published: date
    source: str | None
    confirmed: date | None = None
    items: Annotated[tuple[ProofItem, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _no_doubles(self) -> ProofList:
        _refuse_doubles([item.id for item in self.items])
        return self

    @property
    def file(self) -> str:
        return f"proofs-{self.id}.json"


class AdvisorEntry(Dated):
    """One row of a directory: a legal advisor and the villages (12-digit codes) served. ``phones`` are as published there,
    ``confirmed`` is the day on which the row was last known to be right; ``quote`` are the row's own words."""

    id: Text
    name: Text
    role: str | None
    office: str | None
    phones: tuple[Annotated[str, Field(pattern=r"^\d[\d-]{6,15}$")], ...]
    villages: Annotated[tuple[Annotated[str, Field(pattern=r"^\d{12}$")], ...], Field(min_length=1)]
    confirmed: date
    sheet: str | None
    row: int
    quote: Text


class AdvisorList(Dated):
    """A directory of village legal advisors as published. ``id`` stays the same when it is imported again."""

    kind: Literal["advisors"] = "advisors"
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    title: Text
    issuer: Text
    published: date
    source: str | None
    confirmed: date | None = None
    entries: Annotated[tuple[AdvisorEntry, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _no_doubles(self) -> AdvisorList:
        _refuse_doubles([entry.id for entry in self.entries])
        return self

    @property
    def file(self) -> str:
        return f"advisors-{self.id}.json"


Document = LawText | ProofList | AdvisorList | HoursTable | HolidayTable | DocumentText
_DOCUMENT: TypeAdapter[Document] = TypeAdapter(Annotated[Document, Field(discriminator="kind")])


@dataclass(frozen=True, slots=True)
class Imported:
    """Everything that was imported, in the order of the file names."""

    law_texts: tuple[LawText, ...] = ()
    proof_lists: tuple[ProofList, ...] = ()
    advisor_lists: tuple[AdvisorList, ...] = ()
    hours_tables: tuple[HoursTable, ...] = ()
    holiday_tables: tuple[HolidayTable, ...] = ()
    document_texts: tuple[DocumentText, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What an import did: names of what is new, worded differently, and gone."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    @classmethod
    def between(cls, old: Mapping[str, str], new: Mapping[str, str]) -> Changes:
        """From names with their words before to those after."""
        return cls(
            added=tuple(name for name in new if name not in old),
            changed=tuple(name for name in new if name in old and old[name] != new[name]),
            removed=tuple(name for name in old if name not in new),
        )


def read_imported(folder: Path | None) -> Imported:
    """All documents below ``folder``; nothing when there is no folder. ContentError names every damaged file and why."""
    if folder is None or not folder.is_dir():
        return Imported()
    found: list[Document] = []
    faults: list[str] = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(read_document(path))
        except ContentError as error:
            faults.append(str(error))
    if faults:
        raise ContentError("\n".join(faults))
    return Imported(
        law_texts=tuple(item for item in found if isinstance(item, LawText)),
        proof_lists=tuple(item for item in found if isinstance(item, ProofList)),
        advisor_lists=tuple(item for item in found if isinstance(item, AdvisorList)),
        hours_tables=tuple(item for item in found if isinstance(item, HoursTable)),
        holiday_tables=tuple(item for item in found if isinstance(item, HolidayTable)),
        document_texts=tuple(item for item in found if isinstance(item, DocumentText)),
    )


def read_document(path: Path) -> Document:
    """One imported document. ContentError when the file cannot be read, is damaged or bears another document's name."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise _damaged(path.name, str(error)) from error
    return parse_document(raw, path.name)


def parse_document(raw: bytes, name: str) -> Document:
    """The document whose JSON is ``raw`` and whose file is called ``name``. ContentError as for :func:`read_document`."""
    try:
        document = _DOCUMENT.validate_json(raw)
    except ValidationError as error:
        fault = error.errors()[0]
        reason = f"{'.'.join(str(step) for step in fault['loc'])}: {fault['msg']}".removeprefix(": ")
        raise _damaged(name, reason) from error
    if document.file != name:
        raise ContentError(f"imported/{name}: 应叫 {document.file} / should be called {document.file}")
    return document


def _damaged(name: str, reason: str) -> ContentError:
    advice = "请删掉或重新导入 / delete it or import it again"
    return ContentError(f"imported/{name}: 文件损坏 / damaged: {reason}；{advice}")


def keep(folder: Path, document: Document) -> None:
    """Write ``document`` in one step: a reader finds the old file or the new one, never a part."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{document.file}.{os.getpid()}"
    with aside.open("wb") as file:
        file.write(document.model_dump_json(indent=1).encode())
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, folder / document.file)


def _refuse_doubles(names: list[str]) -> None:
    if doubles := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(f"{doubles[0]} occurs more than once")
