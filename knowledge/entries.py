"""Entries: what administrators put over the shipped content. A release holds the entries it was built with.

An entry replaces the record of its kind and key, or adds one; an entry without a body takes the record away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from knowledge.catalogue import CONTENT, Catalogue, Channel, DocumentRow, Guide, Law, ScopeNote, StatusRow
from knowledge.cross_checks import cross_faults
from knowledge.documents.records import DocumentText
from knowledge.hours.records import HolidayTable, HoursTable
from knowledge.imported import AdvisorList, LawText, ProofList, parse_document
from knowledge.schema import ContentError

FILE = "entries.json"
_MARK = re.compile(r"{\w+}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of ``kind`` (a key of KINDS, or ``import``) as the content files would hold it; None takes it away.

    The key is a guide's, card's, note's or document's id, a status row's reason, a law's name, an imported document's file name.
    """

    kind: str
    key: str
    body: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Kind:
    """Where records of a kind stand in the catalogue, and the field that names one."""

    row: type[BaseModel]
    field: str
    key: str


KINDS: Mapping[str, Kind] = {
    "guide": Kind(Guide, "guides", "id"),
    "channel": Kind(Channel, "channels", "id"),
    "scope": Kind(ScopeNote, "scope", "id"),
    "status": Kind(StatusRow, "statuses", "reason"),
    "law": Kind(Law, "laws", "name"),
    "document": Kind(DocumentRow, "documents", "id"),
}
IMPORT = "import"
# Where imported documents stand in the catalogue.
_LISTS: Mapping[type[BaseModel], str] = {
    LawText: "law_texts",
    ProofList: "proof_lists",
    AdvisorList: "advisor_lists",
    HoursTable: "hours_tables",
    HolidayTable: "holiday_tables",
    DocumentText: "document_texts",
}
# Texts for pydantic's kinds of faults.
_FAULTS = {
    "missing": "要填",
    "string_too_short": "要填",
    "too_short": "至少要 {min_length} 条",
    "string_pattern_mismatch": "写法不对",
    "literal_error": "不是可以选的",
    "date_from_datetime_parsing": "要写成 2026-01-31 这样的日期",
    "date_parsing": "要写成 2026-01-31 这样的日期",
    "extra_forbidden": "没有这一项",
}
_ENTRIES: TypeAdapter[list[Entry]] = TypeAdapter(list[Entry])


def validated(entry: Entry) -> BaseModel | None:
    """The record of ``entry``, None when it takes one away. ContentError with one line per fault: ``field: fault``."""
    if entry.kind != IMPORT and entry.kind not in KINDS:
        raise ContentError(f"没有“{entry.kind}”这种条目 / no such kind of entry")
    if entry.body is None:
        return None
    if entry.kind == IMPORT:
        return parse_document(json.dumps(entry.body).encode(), entry.key)
    kind = KINDS[entry.kind]
    try:
        # As JSON, so that a day is a text and a list a tuple, as in the content files.
        row = kind.row.model_validate_json(json.dumps(entry.body))
    except ValidationError as error:
        faults = [f"{'.'.join(str(step) for step in fault['loc'])}: {_told(fault)}" for fault in error.errors()]
        raise ContentError("\n".join(faults)) from error
    if getattr(row, kind.key) != entry.key:
        raise ContentError(f"{kind.key}: 编号要是“{entry.key}” / must be {entry.key!r}")
    return row


def overlaid(catalogue: Catalogue, entries: Sequence[Entry], content: Path = CONTENT) -> Catalogue:
    """``catalogue`` with ``entries`` put over it, checked as a whole.

    ContentError with every fault. Records keep their place, new ones come last, so that what was learnt still fits.
    """
    if not entries:
        return catalogue
    faults: list[str] = []
    changed: dict[str, Any] = {}
    for entry in entries:
        try:
            row = validated(entry)
        except ContentError as error:
            faults += [f"{entry.kind} {entry.key}: {line}" for line in str(error).splitlines()]
            continue
        if isinstance(row, StatusRow):
            faults += _lost_marks(catalogue.status.get(entry.key), row)
            changed["stand_ins"] = _with_stand_in(changed.get("stand_ins", catalogue.stand_ins), catalogue, row)
        if entry.kind == "document":
            faults += _other_file(next((old for old in catalogue.documents if old.id == entry.key), None), row)
        fields = [_LISTS[type(row)]] if entry.kind == IMPORT and row else _fields(entry.kind)
        for field in fields:
            changed[field] = _replaced(changed.get(field, getattr(catalogue, field)), entry, row)
    if faults:
        raise ContentError("\n".join(faults))
    laid = Catalogue(**{name: changed.get(name, getattr(catalogue, name)) for name in Catalogue.model_fields})
    if faults := cross_faults(laid, content):
        raise ContentError("\n".join(faults))
    return laid


def record(catalogue: Catalogue, kind: str, key: str) -> dict[str, Any] | None:
    """The record as JSON would hold it, without what is only a default; None when there is none."""
    for field in _fields(kind):
        for row in getattr(catalogue, field):
            if name_of(kind, row) == key:
                return dict(row.model_dump(mode="json", exclude_defaults=kind != IMPORT))
    return None


def documents(catalogue: Catalogue) -> list[BaseModel]:
    """Every imported document."""
    return [row for field in _LISTS.values() for row in getattr(catalogue, field)]


def name_of(kind: str, row: BaseModel) -> str:
    """The key of a record of ``kind``."""
    return str(getattr(row, "file" if kind == IMPORT else KINDS[kind].key))


def write_entries(path: Path, entries: Iterable[Entry]) -> None:
    """Write ``entries`` to a file that :func:`read_entries` reads."""
    path.write_bytes(_ENTRIES.dump_json(list(entries), indent=1))


def read_entries(path: Path) -> list[Entry]:
    """Entries of a file; none when there is no file. ContentError when it is damaged."""
    if not path.is_file():
        return []
    try:
        return _ENTRIES.validate_json(path.read_bytes())
    except ValidationError as error:
        raise ContentError(f"{path.name}: 文件损坏 / damaged: {error.errors()[0]['msg']}") from error


def _told(fault: ErrorDetails) -> str:
    """What is wrong, in the language of those who edit; a kind of fault without a text here stays in pydantic's words."""
    chinese = _FAULTS.get(fault["type"])
    if chinese is None:
        return fault["msg"].removeprefix("Value error, ")
    return f"{chinese.format(**fault.get('ctx', {}))} / {fault['msg']}"


def _fields(kind: str) -> list[str]:
    return list(_LISTS.values()) if kind == IMPORT else [KINDS[kind].field]


def _replaced(rows: tuple[BaseModel, ...], entry: Entry, row: BaseModel | None) -> tuple[BaseModel, ...]:
    names = [name_of(entry.kind, old) for old in rows]
    if entry.key not in names:
        return rows if row is None else (*rows, row)
    place = names.index(entry.key)
    return (*rows[:place], *([] if row is None else [row]), *rows[place + 1 :])


def _other_file(old: DocumentRow | None, new: BaseModel | None) -> list[str]:
    """Faults where more than the dates of a document changed: which file it is, only the content says."""
    dates = {"valid_from": None, "valid_until": None, "confirmed": date.min}
    if old is not None and new is not None and old.model_copy(update=dates) == new.model_copy(update=dates):
        return []
    return ["document: 文件只能改日期 / only the dates of a document can be changed"]


def _with_stand_in(kept: tuple[StatusRow, ...], catalogue: Catalogue, new: StatusRow) -> tuple[StatusRow, ...]:
    """``kept`` with the row that is replaced: the first one replaced is the shipped one."""
    old = catalogue.status.get(new.reason)
    return kept if old in (None, new) or any(row.reason == new.reason for row in kept) else (*kept, old)


def _lost_marks(old: StatusRow | None, new: StatusRow) -> list[str]:
    """Faults where a text lost a mark that an answer step fills in, or has one that none fills in."""
    if old is None:
        return [f"status {new.reason}: 不能新增，只能改原来有的 / only rows that exist can be changed"]
    if set(_MARK.findall(old.text)) == set(_MARK.findall(new.text)) and old.status == new.status:
        return []
    marks = "、".join(sorted(set(_MARK.findall(old.text)))) or "（没有）"
    return [
        f"status {new.reason}: 要保留花括号里的这些词，不多也不少：{marks} / keep the marks in braces and the status"
    ]
