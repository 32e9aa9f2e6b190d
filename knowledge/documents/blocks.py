"""The blocks of a document in order, and plain lines as blocks: headings told from text, broken lines joined."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from knowledge.sources.law import clean
from knowledge.sources.statute import ARTICLE, END, PAGE, begins_mention, heading_level

Kind = Literal["heading", "text", "row"]
# A line shorter than this part of the usual full line ended its paragraph by itself.
_FULL = 0.75
_ORDINAL = "[一二三四五六七八九十]{1,3}"
_SECTION = re.compile(rf"{_ORDINAL}、")
_SUBSECTION = re.compile(rf"[（(]{_ORDINAL}[）)]")
_ITEM = re.compile(
    rf"{_SECTION.pattern}|{_SUBSECTION.pattern}|\d{{1,2}}[.．、](?!\d)|[（(]\d{{1,2}}[）)]|[①-⑳]|[-•·●■◆] ?"
)
_SENTENCE_INSIDE = re.compile(r"[。；;！!？?：:，,]")
# Levels of headings: 0-3 编, 分编, 章, 节 as in statutes, 4 一、, 5 （一）; those of a file's own styles are 0-8.
_SECTION_LEVEL, _SUBSECTION_LEVEL, _LONGEST_HEADING = 4, 5, 40
_TEXT_AT_LAST = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Block:
    """A heading (0 is the highest ``level``), a paragraph, or a row of a table as ``name：cell；…``."""

    kind: Kind
    text: str
    level: int = 0


def heading(line: str) -> int | None:
    """The level of a heading by its words, None for a line that is none."""
    if not line or len(line) > _LONGEST_HEADING:
        return None
    level = heading_level(line)
    if level is not None:
        return level
    for mark, found in ((_SECTION, _SECTION_LEVEL), (_SUBSECTION, _SUBSECTION_LEVEL)):
        match = mark.match(line)
        if match:
            title = line[match.end() :]
            return found if title and not _SENTENCE_INSIDE.search(title) else None
    return None


def is_article(line: str) -> re.Match[str] | None:
    """Does an article (第三条) begin here?"""
    match = ARTICLE.match(line)
    return None if match is None or begins_mention(line[match.end() :]) else match


def is_item(line: str) -> bool:
    """Does a point of a list begin here?"""
    return _ITEM.match(line) is not None


def is_section(line: str) -> bool:
    """Does ``一、`` stand first? Within an article points are counted in brackets."""
    return _SECTION.match(line) is not None


def row_text(names: Sequence[str], cells: Sequence[str]) -> str:
    """``name：cell；…`` without empty cells; a cell that is merged over several columns once."""
    told: list[str] = []
    for place, cell in enumerate(cells):
        words = " ".join(cell.split())
        if not words or (place and words == " ".join(cells[place - 1].split())):
            continue
        name = " ".join(names[place].split()) if place < len(names) else ""
        told.append(f"{name}：{words}" if name and name != words else words)
    return "；".join(told)


def blocks_of_lines(text: str) -> list[Block]:
    """Blocks of plain text: a table of contents is left out, lines that the width of a page broke are joined."""
    lines = [
        line for line in clean(text).split("\n") if line and not (PAGE.search(line) and _TEXT_AT_LAST.search(line))
    ]
    return [_block(paragraph) for paragraph in joined(lines)]


def _block(paragraph: str) -> Block:
    level = heading(paragraph)
    return Block("text", paragraph) if level is None else Block("heading", paragraph, level)


def joined(lines: Sequence[str]) -> Iterator[str]:
    """Paragraphs. A line goes on in the next one when it ends no sentence, is as long as full lines are, and nothing
    begins in the next."""
    widths = sorted(_width(line) for line in lines)
    full = widths[len(widths) * 9 // 10] * _FULL if widths else 0.0
    current = last = ""
    for line in lines:
        goes_on = bool(current) and not END.search(last) and _width(last) >= full and not _begins(line)
        # A heading of several lines is rare; a heading with text joined to it is wrong in every answer.
        if goes_on and heading(last) is None:
            between = " " if _latin(current[-1]) and _latin(line[0]) else ""
            current += between + line
        else:
            if current:
                yield current
            current = line
        last = line
    if current:
        yield current


def _begins(line: str) -> bool:
    return heading(line) is not None or is_article(line) is not None or is_item(line)


def _width(line: str) -> float:
    return sum(0.5 if char.isascii() else 1.0 for char in line)


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()
