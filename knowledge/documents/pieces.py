"""Blocks become pieces: what may be quoted, each below its headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge.documents.blocks import Block, is_article, is_item, is_section
from knowledge.normalise import for_display

LONGEST = 600  # characters of a piece; longer paragraphs are cut at sentences
_HEADINGS = 6
_LONGEST_TITLE = 80
_SENTENCE = re.compile(r"[^。!?！？\n]*(?:[。!?！？]+[”’」』)）]*)+|[^。!?！？\n]+|\n")
_OPENS_A_LIST = re.compile(r"[：:]$")


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of the file in order, never changed, below ``headings`` (the highest first)."""

    headings: tuple[str, ...]
    text: str


def pieces_of(blocks: Sequence[Block]) -> list[Piece]:
    """Pieces of ``blocks``. An article with its paragraphs is one piece, so is a sentence with the list that it opens, so
    is a row of a table. A heading below which nothing stands is a piece itself, so that no words are lost."""
    found: list[Piece] = []
    for headings, group in _groups(blocks):
        found.extend(Piece(headings, part) for part in _parts(group))
    return found


def _groups(blocks: Sequence[Block]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Paragraphs that belong together, with the headings above them."""
    path: dict[int, str] = {}
    label = ""
    group: list[str] = []
    bare: list[str] = []

    def headings() -> tuple[str, ...]:
        return tuple([*path.values(), *([label] if label else [])][:_HEADINGS])

    for block in blocks:
        text = for_display(block.text)
        if not text:
            continue
        if block.kind == "heading":
            if group:
                yield headings(), group
                group = []
            label = ""
            if bare and block.level <= max(path, default=-1):
                yield tuple(list(path.values())[:-1]), bare
            path = {level: title for level, title in path.items() if level < block.level}
            path[block.level] = text[:_LONGEST_TITLE]
            bare = [text]
            continue
        bare = []
        article = None if block.kind == "row" else is_article(text)
        within = bool(group) and (not is_section(text) if label else _in_list(group, text))
        goes_on = block.kind == "text" and article is None and within
        if not goes_on and group:
            yield headings(), group
            group = []
        if article is not None:
            label = "".join(article.group().split())
        elif not goes_on:
            label = ""
        group.append(text)
        if block.kind == "row":
            yield headings(), group
            group = []
    if group:
        yield headings(), group
    elif bare:
        yield tuple(list(path.values())[:-1]), bare


def _in_list(group: Sequence[str], text: str) -> bool:
    """Does ``text`` go on with the list that the first paragraph of ``group`` opens?"""
    return bool(_OPENS_A_LIST.search(group[0])) and is_item(text)


def _parts(group: Sequence[str]) -> Iterator[str]:
    """The paragraphs as one text, or several where that would be too long: cut between paragraphs, else at sentences."""
    current = ""
    for unit in _units(group):
        if current and len(current) + len(unit) > LONGEST:
            yield current.strip("\n")
            current = ""
        current += unit
    if current.strip("\n"):
        yield current.strip("\n")


def _units(group: Sequence[str]) -> Iterator[str]:
    for number, paragraph in enumerate(group):
        before = "\n" if number else ""
        if len(paragraph) <= LONGEST:
            yield before + paragraph
            continue
        for place, sentence in enumerate(_SENTENCE.findall(paragraph)):
            for start in range(0, len(sentence), LONGEST):
                yield (before if place == 0 and start == 0 else "") + sentence[start : start + LONGEST]


def sentences(text: str) -> list[str]:
    """What is looked for and quoted alone: the sentences of each line."""
    return [part.strip() for part in _SENTENCE.findall(text) if re.search(r"\w", part)]
