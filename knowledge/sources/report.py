"""Parser for an annual report of a government, as copied from its web page: headed, quotable passages.

Breadcrumb, title, publishing line and footer are metadata; what stands between them is the body. Known defects of the
source are told beside the passages, and help searching; the words themselves are never repaired.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from knowledge.normalise import close_gaps, normalise
from knowledge.records import Document, Passage
from knowledge.sources.structure import ENUMERATOR, SECTION, Paragraph, Piece, Span, heading_length, paragraphs, pieces

KINDS = frozenset(
    {
        "missing-character",
        "missing-punctuation",
        "missing-unit",
        "reversal",
        "repeated",
        "spacing",
        "approximate",  # nothing is wrong, but the number must not be taken for an exact one
        "scope",  # nothing is wrong, but the number counts another period than the report's year
    }
)
INTRODUCTION = "引言"  # our word: the paragraphs before the first heading have none

_PUBLISHED = re.compile(
    r"^发布日期[:：][ \t]*(\d{4}-\d{2}-\d{2})(?:[ \t]+(\d{2}:\d{2}))?[ \t]*来源[:：][ \t]*(.*?)[ \t\r]*$", re.MULTILINE
)
_EDITOR = re.compile(r"^责任编辑[:：][ \t]*(.+?)\s*\Z", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Defect:
    """A place where the source is wrong or easily misread. ``reading`` helps searching and is never quoted."""

    quote: str
    note: str
    kind: str
    reading: str | None = None


@dataclass(frozen=True, slots=True)
class ReportHeader:
    """What the page says about the report. ``source`` and ``editor`` are None where the page leaves them empty."""

    title: str
    breadcrumb: tuple[str, ...]
    published: date
    published_time: time | None
    source: str | None
    editor: str | None


def defects_from(data: Sequence[Mapping[str, Any]], source: str | None = None) -> list[Defect]:
    """Defects of a document from its content file. Raises ValueError naming the entry that is wrong; with ``source``,
    also one whose quote does not occur there."""
    defects = []
    for number, row in enumerate(data, 1):
        where = f"defect {number} ({row.get('quote', 'no quote')!r})"
        if set(row) - {"reading"} != {"quote", "note", "kind"}:
            raise ValueError(f"{where}: needs quote, note, kind and perhaps reading, has {', '.join(sorted(row))}")
        if not all(isinstance(value, str) and value for key, value in row.items() if (key, value) != ("reading", None)):
            raise ValueError(f"{where}: all values must be text, and not empty")
        if row["kind"] not in KINDS:
            raise ValueError(f"{where}: kind {row['kind']!r} is none of {', '.join(sorted(KINDS))}")
        if not row["note"].startswith("原文如此"):
            raise ValueError(f"{where}: the note must begin with 原文如此")
        defects.append(Defect(**row))
    if source is not None:
        _locate(defects, source)
    return defects


def _locate(defects: Sequence[Defect], source: str) -> list[tuple[Span, Defect]]:
    """Every place where a defect occurs. Raises ValueError for one that occurs nowhere: the source has changed."""
    found: list[tuple[Span, Defect]] = []
    for defect in defects:
        starts = [match.start() for match in re.finditer(re.escape(defect.quote), source)]
        if not starts:
            raise ValueError(f"defect quote not in the source: {defect.quote!r}")
        found.extend(((start, start + len(defect.quote)), defect) for start in starts)
    return found


def parse_header(text: str) -> ReportHeader:
    """Metadata of the page around the report. Raises ValueError when there is no publishing line or no title."""
    published = _publishing_line(text)
    above = [line.strip() for line in text[: published.start()].split("\n") if line.strip()]
    if not above:
        raise ValueError("no title above the line 发布日期")
    editor = _EDITOR.search(text, published.end())
    return ReportHeader(
        title=above[-1],
        breadcrumb=tuple(step.strip() for line in above[:-1] for step in line.split(">")),
        published=date.fromisoformat(published[1]),
        published_time=time.fromisoformat(published[2]) if published[2] else None,
        source=published[3] or None,
        editor=editor[1] if editor else None,
    )


def _publishing_line(text: str) -> re.Match[str]:
    match = _PUBLISHED.search(text)
    if match is None:
        raise ValueError("no publishing line (发布日期: YYYY-MM-DD HH:MM 来源:)")
    return match


def parse_report(text: str, document: Document, defects: Sequence[Defect]) -> list[Passage]:
    """The body of the report as passages, in order; together with the headings they hold every character of it.

    Raises ValueError when the publishing line is missing or a defect's quote does not occur in ``text``.
    """
    marks = _locate(defects, text)
    section = subsection = number = 0
    titles: tuple[str, ...] = (INTRODUCTION,)
    passages: list[Passage] = []
    editor = _EDITOR.search(text)
    for paragraph in paragraphs(text, _publishing_line(text).end(), editor.start() if editor else len(text)):
        body = heading_length(paragraph.text)
        if body:
            if SECTION.match(paragraph.text):
                section, subsection, titles = section + 1, 0, ()
            else:
                subsection, titles = subsection + 1, titles[:1]
            number = 0
            titles = (*titles, _shown_heading(paragraph, body, marks))
        parts = list(pieces(paragraph.text, body))
        number += bool(parts)
        place = f"{document.id}/{section}{f'.{subsection}' if subsection else ''}-{number}"
        for order, piece in enumerate(parts, 1):
            passages.append(_passage(f"{place}-{order}", document.id, titles, paragraph, piece, marks, text))
    return passages


def _shown_heading(paragraph: Paragraph, length: int, marks: Sequence[tuple[Span, Defect]]) -> str:
    """The heading as printed; where its beginning is known to be missing, with that and a note in brackets."""
    printed = paragraph.text[:length].rstrip("。")
    for (start, _), defect in marks:
        if start == paragraph.at[0] and defect.reading and defect.reading.endswith(defect.quote):
            missing = defect.reading.removesuffix(defect.quote)
            return f"{missing}{printed}[原文缺“{missing}”]"
    return printed


def _passage(
    id: str,
    document_id: str,
    titles: tuple[str, ...],
    paragraph: Paragraph,
    piece: Piece,
    marks: Sequence[tuple[Span, Defect]],
    source: str,
) -> Passage:
    text = paragraph.text[piece.start : piece.end]
    start, end = paragraph.span(piece.start, piece.end)
    inside = [defect for (first, last), defect in marks if first < end and last > start]
    headings = titles + piece.points
    also = (*piece.context, *(defect.reading for defect in inside if defect.reading))
    return Passage(
        id=id,
        document_id=document_id,
        text=text,
        searchable=searchable_form(text, headings, also),
        headings=headings,
        line=source.count("\n", 0, start) + 1,
        notes=tuple(dict.fromkeys(defect.note for defect in inside)),
        digest=hashlib.sha256(text.encode()).hexdigest()[:16],
    )


def searchable_form(text: str, headings: Sequence[str], also: Sequence[str] = ()) -> str:
    """``text`` normalised, with the words of its headings before it and ``also`` (readings of defects, names) after it.

    Words that the text holds anyway are not said twice, and numbers of headings (二、, (六), 四是) are left out.
    """
    body = close_gaps(normalise(text))
    before = [close_gaps(normalise(ENUMERATOR.sub("", heading))) for heading in headings]
    after = [close_gaps(normalise(words)) for words in also]
    parts = [*(words for words in before if words not in body), body, *(words for words in after if words not in body)]
    return " ".join(dict.fromkeys(part for part in parts if part))
