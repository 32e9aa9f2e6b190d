"""Where the articles of a statute begin.

They are found together, not line by line: a text that was broken by the width of a page has lines that begin with
``第三条`` although they only mention it. Of all such lines the most plausible rising row is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.sources.statute import (
    ARTICLE,
    END,
    PAGE,
    ArticleNumber,
    article_number,
    begins_mention,
    heading_level,
    may_be_listed_heading,
    next_numbers,
)

# How much a line counts as the beginning of an article, and what leaving a number out costs.
STRONG, PLAUSIBLE, WEAK, GAP = 10, 4, 1, 5


@dataclass(frozen=True, slots=True)
class Start:
    """A line that may begin an article; ``row`` counts from 0."""

    row: int
    number: ArticleNumber
    weight: int


@dataclass(frozen=True, slots=True)
class Row:
    """The rising row of beginnings, clear beginnings that stand outside of it, and lines taken for mentions."""

    taken: tuple[Start, ...]
    stray: tuple[Start, ...]
    passed_over: tuple[Start, ...]

    @property
    def missing(self) -> tuple[ArticleNumber, ...]:
        """Numbers that the row leaves out, before its first article too."""
        found: list[ArticleNumber] = []
        last: ArticleNumber = (0, 0)
        for start in self.taken:
            if start.number not in next_numbers(last):
                main, sub = start.number
                found.extend((number, 0) for number in range(last[0] + 1, main + (sub > 0)))
                found.extend((main, number) for number in range(last[1] + 1 if last[0] == main else 1, sub))
            last = start.number
        return tuple(found)


def find_articles(lines: Sequence[str]) -> Row:
    """Tell beginnings of articles from lines that mention one."""
    starts = _starts(lines)
    chain = _best_chain(starts)
    rows = {start.row for start in chain}
    others = [start for start in starts if start.row not in rows]
    return Row(
        taken=tuple(chain),
        stray=tuple(start for start in others if start.weight == STRONG),
        passed_over=tuple(start for start in others if start.weight == PLAUSIBLE),
    )


def begins_paragraph(lines: Sequence[str], row: int) -> bool:
    """Does the line before ``row`` end a paragraph, or is it a heading?"""
    if row == 0 or END.search(lines[row - 1]) or heading_level(lines[row - 1]) is not None:
        return True
    return may_be_listed_heading(lines[row - 1]) and (row == 1 or bool(END.search(lines[row - 2])))


def _starts(lines: Sequence[str]) -> list[Start]:
    """Lines that begin with an article's number and do not just mention it, with how much speaks for them."""
    found: list[tuple[int, ArticleNumber, bool, bool]] = []
    for row, line in enumerate(lines):
        match, number = ARTICLE.match(line), article_number(line)
        if match is None or number is None or PAGE.search(line) or begins_mention(line[match.end() :]):
            continue
        rest = line[match.end() :]
        apart = rest == "" or rest[0].isspace() or rest[0] in "【[（("
        # Titles end no sentence, so the very first article may follow anything.
        found.append((row, number, not found or begins_paragraph(lines, row), apart))
    spaced = sum(apart for *_, apart in found) * 2 > len(found)
    starts = []
    for row, number, calm, apart in found:
        clear = calm and (apart or not spaced)
        starts.append(Start(row, number, STRONG if clear else PLAUSIBLE if calm or apart else WEAK))
    return starts


def _best_chain(starts: Sequence[Start]) -> list[Start]:
    """The rising row of starts with most for it, gaps counted against it."""
    best: list[int] = []
    before: list[int] = []
    for i, start in enumerate(starts):
        score, previous = start.weight - (GAP if start.number != (1, 0) else 0), -1
        for j in range(i):
            if starts[j].number < start.number:
                gap = 0 if start.number in next_numbers(starts[j].number) else GAP
                if best[j] + start.weight - gap > score:
                    score, previous = best[j] + start.weight - gap, j
        best.append(score)
        before.append(previous)
    chain: list[Start] = []
    i = max(range(len(best)), key=best.__getitem__, default=-1)
    while i >= 0:
        chain.append(starts[i])
        i = before[i]
    return chain[::-1]
