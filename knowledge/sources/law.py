"""A statute cut by article without losses: every line of the cleaned text is in exactly one cut, in order.

What is missing, doubled or out of order in its numbering is told, never mended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from knowledge.normalise import for_display
from knowledge.sources.articles import Row, begins_paragraph, find_articles
from knowledge.sources.footer import footer_start
from knowledge.sources.statute import (
    ARTICLE,
    END,
    ITEM,
    LISTED_LEVEL,
    ArticleNumber,
    heading_level,
    may_be_listed_heading,
)

# From this share of lines on that end no sentence, lines were broken by the width of a page.
_BROKEN = 0.3

Kind = Literal["front", "heading", "article", "back"]


@dataclass(frozen=True, slots=True)
class Cut:
    """Some lines of the cleaned text; ``line`` is the number of the first, from 1.

    An article has its ``number``, its ``label`` as printed (第三条), the ``headings`` above it and its ``text``: its words
    without the label, one paragraph a line; lines that a page broke are joined again.
    """

    kind: Kind
    lines: tuple[str, ...]
    line: int
    number: ArticleNumber | None = None
    label: str = ""
    headings: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Statute:
    """All cuts of a text in order, and what is wrong with its numbering.

    ``missing`` are the numbers left out; ``doubtful`` the first lines of articles that stand twice or out of order, or are
    cut short by one that does; ``passed_over`` lines that look like a beginning and were taken for a mention.
    """

    cuts: tuple[Cut, ...]
    missing: tuple[ArticleNumber, ...]
    doubtful: tuple[int, ...]
    passed_over: tuple[int, ...]

    @property
    def articles(self) -> tuple[Cut, ...]:
        """Articles that may be quoted: all but the doubtful ones."""
        return tuple(cut for cut in self.cuts if cut.kind == "article" and cut.line not in self.doubtful)

    @property
    def text(self) -> str:
        """The cleaned text again."""
        return "\n".join(line for cut in self.cuts for line in cut.lines)

    def part(self, kind: Kind) -> str:
        """All lines of one kind."""
        return "\n".join(line for cut in self.cuts if cut.kind == kind for line in cut.lines)


def clean(text: str) -> str:
    """The text without hidden characters, empty lines and white space at the ends of lines."""
    return "\n".join(line.strip() for line in for_display(text).split("\n") if line.strip())


def cut_statute(text: str) -> Statute:
    """Cut a cleaned statute. Without any article all of it is one cut of kind ``front``."""
    lines = text.split("\n")
    found = find_articles(lines)
    cuts = _cuts(lines, found)
    return Statute(
        tuple(cuts), found.missing, _doubtful(cuts, found), tuple(item.row + 1 for item in found.passed_over)
    )


def _doubtful(cuts: Sequence[Cut], found: Row) -> tuple[int, ...]:
    """Lines of articles with a number that stands twice or out of order, and of the article before such a place: if it
    was only a mention after all, that one ends too early."""
    counts = Counter(start.number for start in (*found.taken, *found.stray))
    stray = {start.row + 1 for start in found.stray}
    doubtful: set[int] = set()
    last: Cut | None = None
    for cut in (cut for cut in cuts if cut.kind == "article" and cut.number is not None):
        if cut.number is not None and (cut.line in stray or counts[cut.number] > 1):
            doubtful.add(cut.line)
        if cut.line in stray and last is not None:
            doubtful.add(last.line)
        last = cut
    return tuple(sorted(doubtful))


def _cuts(lines: Sequence[str], found: Row) -> list[Cut]:
    starts = {start.row: start for start in (*found.taken, *found.stray)}
    if not starts:
        return [Cut("front", tuple(lines), 1)]
    first, last = min(starts), max(starts)
    levels = _heading_levels(lines, starts.keys())
    end = footer_start(lines, last)
    body = [lines[row] for row in range(first, end) if row not in levels]
    broken = sum(not END.search(line) for line in body) > _BROKEN * len(body)
    begins = sorted({0, *starts, *(row for row in levels if row < end), end} - {len(lines)})
    cuts: list[Cut] = []
    path: dict[int, str] = {}
    for row, stop in zip(begins, [*begins[1:], len(lines)], strict=True):
        here = tuple(lines[row:stop])
        if row == end:
            cuts.append(Cut("back", here, row + 1))
        elif row in starts:
            cuts.append(_article(here, row + 1, starts[row].number, tuple(path.values()), broken))
        elif row in levels:
            path = {level: title for level, title in path.items() if level < levels[row]} | {levels[row]: lines[row]}
            cuts.append(Cut("heading", here, row + 1))
        else:
            cuts.append(Cut("front", here, row + 1))
    return cuts


def _article(lines: tuple[str, ...], line: int, number: ArticleNumber, headings: tuple[str, ...], broken: bool) -> Cut:
    match = ARTICLE.match(lines[0])
    printed = match.group() if match else ""
    rows = [lines[0][len(printed) :].strip(), *lines[1:]]
    text = "\n".join(_paragraphs(rows) if broken else (row for row in rows if row))
    return Cut("article", lines, line, number, "".join(printed.split()), headings, text)


def _heading_levels(lines: Sequence[str], starts: Collection[int]) -> dict[int, int]:
    """Rows of headings with their levels. Those of a table of contents are none: it stands before the first article,
    and only the unbroken descent right above that article is the body's. Below it, a heading has an article or another
    heading right behind it; any other such line is a piece of an article."""
    first = min(starts)
    levels: dict[int, int] = {}
    for row in range(len(lines) - 1, -1, -1):
        if row in starts or not (row + 1 in starts or row + 1 in levels):
            continue
        level = heading_level(lines[row])
        if level is None and may_be_listed_heading(lines[row]):
            level = LISTED_LEVEL
        if level is None or not (row < first or begins_paragraph(lines, row)):
            continue
        if level < levels.get(row + 1, LISTED_LEVEL + 1):
            levels[row] = level
    return levels


def _paragraphs(lines: Sequence[str]) -> list[str]:
    """Broken lines as paragraphs: one that ends no sentence goes on in the next, unless an item begins there."""
    found: list[str] = []
    for line in lines:
        if not line:
            continue
        if found and not END.search(found[-1]) and not ITEM.match(line):
            between = " " if _latin(found[-1][-1]) and _latin(line[0]) else ""
            found[-1] += between + line
        else:
            found.append(line)
    return found


def _latin(char: str) -> bool:
    """Latin letters and digits, which a line break keeps apart."""
    return char.isascii() and char.isalnum()
