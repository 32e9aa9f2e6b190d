"""How a Chinese official text is built: paragraphs, headings, points, sentences. Structure decides, not wording.

一、 opens a section, (一) a subsection (also one whose number was lost, printed as 「)…」), 一是 a point, and 一是
inside a point its sub-points. All positions are offsets into the source, so that line breaks which a web page put
inside a sentence can be taken out without losing track of where the words stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

LONG = 40  # a sentence longer than this is cut at its semicolons
TITLE = 36  # longest point title among the headings

_NUMERALS = "一二三四五六七八九十"
SECTION = re.compile(rf"[{_NUMERALS}]+、")
_SUBSECTION = re.compile(rf"[(（][{_NUMERALS}]+[)）]|[)）]")
_POINT = re.compile(rf"([{_NUMERALS}]{{1,2}})是")
_HEADING_END = re.compile(r"。|(?=一是)|$")
_SENTENCE = re.compile(r"[^。!?！？]*(?:[。!?！？]+[”’」』)）]*)+|[^。!?！？]+")
_CLAUSES = re.compile(r"[^;；]*[;；]+|[^;；]+")
_COMPLETE = re.compile(r"[。!?！？;；:：][”’」』)）]*$")
_GOES_ON = re.compile("目前|同时|其中")  # a sentence that begins so speaks of what the one before names
_TERM = re.compile(r"[“《]([^“”《》]+)[”》]")
ENUMERATOR = re.compile(rf"^(?:{SECTION.pattern}|{_SUBSECTION.pattern}|{_POINT.pattern})|\[[^\]]*\]$|…$")

Span = tuple[int, int]


@dataclass(slots=True)
class Paragraph:
    """One paragraph with its hard wraps joined; ``at[i]`` is the place of ``text[i]`` in the source."""

    text: str = ""
    at: list[int] = field(default_factory=list)

    def add(self, offset: int, line: str) -> None:
        self.text += line
        self.at.extend(range(offset, offset + len(line)))

    def span(self, start: int, end: int) -> Span:
        return self.at[start], self.at[end - 1] + 1


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a paragraph that becomes a passage, with the titles of its points and words it is also found by."""

    start: int
    end: int
    points: tuple[str, ...]
    context: tuple[str, ...]


def paragraphs(source: str, start: int, end: int) -> Iterator[Paragraph]:
    """Paragraphs of ``source[start:end]``, hard-wrapped lines joined."""
    current = Paragraph()
    for match in re.compile(r"[^\n]+").finditer(source, start, end):
        line = match[0].strip()
        if not line:
            continue
        if current.text and not _continues(current.text, line):
            yield current
            current = Paragraph()
        current.add(match.start() + match[0].index(line), line)
    if current.text:
        yield current


def _continues(previous: str, line: str) -> bool:
    """Whether ``line`` goes on with a sentence that the web page broke off at the end of ``previous``."""
    opens = any(pattern.match(line) for pattern in (SECTION, _SUBSECTION, _POINT))
    return not opens and not _COMPLETE.search(previous) and heading_length(previous) < len(previous)


def heading_length(paragraph: str) -> int:
    """How many characters at the start of a paragraph are a heading; text may follow in the same line."""
    if not (SECTION.match(paragraph) or _SUBSECTION.match(paragraph)):
        return 0
    end = _HEADING_END.search(paragraph)
    return end.end() if end else len(paragraph)


def pieces(text: str, start: int) -> Iterator[Piece]:
    """Quotable parts of a paragraph from ``start`` on: sentences, long ones cut at semicolons.

    A bare title (「二是优化环境。」) says too little to be quoted alone: it goes with the sentence after it, or, when
    its sub-points follow, it is only their heading.
    """
    points: tuple[tuple[int, str], ...] = ()
    begin: int | None = None
    before = ""
    spans = [match.span() for match in _SENTENCE.finditer(text, start)]
    for (first, end), following in zip(spans, [*spans, None][1:], strict=True):
        marker = _POINT.match(text, first)
        deeper = _enter_point(points, marker, text[first:end]) if marker else points
        entered, points = deeper != points, deeper
        begin = first if begin is None else begin
        if entered and following and _is_bare_title(text[first:end]):
            next_marker = _POINT.match(text, following[0])
            if not next_marker:
                continue
            if len(_enter_point(points, next_marker, "")) > len(points):
                begin = None
                continue
        names = (before,) if _GOES_ON.match(text, begin) else ()
        yield from _cut(text, begin, end, tuple(title for _, title in points), names)
        before, begin = text[begin:end], None


def _cut(text: str, start: int, end: int, points: tuple[str, ...], context: tuple[str, ...]) -> Iterator[Piece]:
    """One piece, or one for each clause group. Later groups are also found by the names that the first one gives."""
    groups = [match.span() for match in _CLAUSES.finditer(text, start, end)] if end - start > LONG else [(start, end)]
    names = tuple(_TERM.findall(text, *groups[0]))
    for first, last in groups:
        yield Piece(first, last, points, (*context, *names) if first > start else context)


def _ordinal(numeral: str) -> int:
    return sum(_NUMERALS.index(char) + 1 for char in numeral)  # 十一 is 10 + 1


def _enter_point(
    points: tuple[tuple[int, str], ...], marker: re.Match[str], sentence: str
) -> tuple[tuple[int, str], ...]:
    """The stack of open points after ``marker``: the next one of a series that is open, or the first of a new series.

    Innermost series first, so that 二是 inside 四是 stays inside. A number that continues nothing is ordinary words.
    """
    ordinal = _ordinal(marker[1])
    for depth in range(len(points) - 1, -1, -1):
        if points[depth][0] == ordinal - 1:
            return (*points[:depth], (ordinal, _point_title(sentence)))
    return (*points, (ordinal, _point_title(sentence))) if ordinal == 1 or not points else points


def _point_title(sentence: str) -> str:
    """The first clause of a point. One that says nothing (「一是目前,」) is left out, never filled up with the next."""
    title = re.split(r"[,，。;；]", sentence, maxsplit=1)[0]
    words = _POINT.sub("", title, count=1)
    if len(words) <= 2:
        return title.removesuffix(words)
    return title if len(title) <= TITLE else title[: TITLE - 1] + "…"


def _is_bare_title(sentence: str) -> bool:
    return len(sentence) <= TITLE and not re.search(r"[,，;；:：]", sentence)
