"""What all imports have in common: the document that is replaced, and the report of what was done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from knowledge.documents.records import DocumentText
from knowledge.hours.records import HolidayTable, HoursTable
from knowledge.imported import AdvisorList, Changes, LawText, ProofList, read_document
from knowledge.schema import ContentError

D = TypeVar("D", LawText, ProofList, AdvisorList, HoursTable, HolidayTable, DocumentText)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did: ``kept`` names the document and its file; ``refused`` and ``notes`` are told row by row."""

    kept: str
    total: int
    changes: Changes
    skipped: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def before(path: Path, kind: type[D]) -> D | None:
    """The document that will be replaced; a damaged one counts as none."""
    try:
        document = read_document(path) if path.is_file() else None
    except ContentError:
        return None
    return document if isinstance(document, kind) else None
