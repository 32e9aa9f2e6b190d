"""What an editor does to the passages of a document: each gives a new document, none loses words of the file."""

from __future__ import annotations

import re
from collections.abc import Callable

from knowledge.documents.records import LONGEST_PASSAGE, DocumentPassage, DocumentText, SourcePiece
from knowledge.normalise import for_display

_SENTENCE_ENDS, _CLAUSE_ENDS = re.compile(r"[。！？!?；;]+[”’」』)）]*|\n"), re.compile(r"[，,：:、]")
_SHOWN = 40


class EditRefused(ValueError):
    """The passages cannot be changed so; the message says why, in Chinese."""


def merged(document: DocumentText, number: int) -> DocumentText:
    """The passage and the one after it as one. LookupError for an unknown number, EditRefused for the last one."""
    place = _place(document, number)
    if place + 1 == len(document.passages):
        raise EditRefused("后面没有段落了，不能合并")
    first, second = document.passages[place : place + 2]
    # The later part of what was split goes back without a break.
    between = "" if not second.pieces and first.text + second.text in _words(document, place) else "\n"
    text = f"{first.text}{between}{second.text}"
    if len(text) > LONGEST_PASSAGE:
        raise EditRefused(f"合并后超过 {LONGEST_PASSAGE} 字，居民读不完，不能合并")
    one = first.model_copy(
        update={
            "text": text,
            "pieces": (*first.pieces, *second.pieces),
            "earlier": first.earlier or second.earlier,
            "left_out": first.left_out and second.left_out,
        }
    )
    return _with(document, place, place + 2, one)


def places(text: str) -> list[tuple[int, str]]:
    """Where a passage may be split: offsets behind each sentence, line or, where there is none, clause, with the words
    that the second part then begins with."""
    for ends in (_SENTENCE_ENDS, _CLAUSE_ENDS):
        found = [(match.end(), text[match.end() :].strip()) for match in ends.finditer(text)]
        found = [(at, rest[:_SHOWN]) for at, rest in found if rest and text[:at].strip()]
        if found:
            return found
    return []


def split(document: DocumentText, number: int, at: int) -> DocumentText:
    """The passage as two: the second begins at the offset ``at``. LookupError, EditRefused when that is no place in it."""
    place = _place(document, number)
    passage = document.passages[place]
    before, after = passage.text[: max(0, at)].strip(), passage.text[max(0, at) :].strip()
    if not before or not after:
        raise EditRefused("请选从哪里分开")
    pieces, later = _shared(passage, before)
    following = max(item.number for item in document.passages) + 1
    first = passage.model_copy(update={"text": before, "pieces": pieces})
    second = passage.model_copy(update={"text": after, "pieces": later, "number": following, "earlier": None})
    return _with(document, place, place + 1, first, second)


def reworded(document: DocumentText, number: int, text: str, headings: str) -> DocumentText:
    """The passage with other words, and headings given as a line each. LookupError, EditRefused."""
    words = for_display(text)
    above = tuple(line for line in (for_display(row)[:200] for row in headings.splitlines()) if line)
    if not words:
        raise EditRefused("段落不能空着；不想用这一段，请按“不用这一段”")
    if len(words) > LONGEST_PASSAGE or len(above) > 8:
        raise EditRefused(f"一段最多 {LONGEST_PASSAGE} 字，标题最多 8 行")
    return _changed(document, number, lambda passage: {"text": words, "headings": above})


def left_out(document: DocumentText, number: int, out: bool) -> DocumentText:
    """The passage taken out of what is searched, or taken back. LookupError; EditRefused when nothing would be left."""
    changed = _changed(document, number, lambda passage: {"left_out": out})
    if all(passage.left_out for passage in changed.passages):
        raise EditRefused("至少要留一段。整份文件不用的话，请不要提交这份草稿")
    return changed


def settled(document: DocumentText, number: int, mine: bool) -> DocumentText:
    """End a conflict: with the editor's earlier words (``mine``) or with the newer file's. LookupError, EditRefused."""
    passage = document.passages[_place(document, number)]
    if passage.earlier is None:
        raise EditRefused("这一段没有要选的")
    return _changed(document, number, lambda one: {"text": one.earlier if mine else one.text, "earlier": None})


def _shared(passage: DocumentPassage, before: str) -> tuple[tuple[SourcePiece, ...], tuple[SourcePiece, ...]]:
    """Pieces of both parts: merged passages that are split where they were joined get their own back."""
    for count in range(1, len(passage.pieces)):
        if "\n".join(piece.text for piece in passage.pieces[:count]) == before:
            return passage.pieces[:count], passage.pieces[count:]
    return passage.pieces, ()


def _words(document: DocumentText, place: int) -> str:
    while place and not document.passages[place].pieces:
        place -= 1
    return "\n".join(piece.text for piece in document.passages[place].pieces)


def _changed(
    document: DocumentText, number: int, change: Callable[[DocumentPassage], dict[str, object]]
) -> DocumentText:
    place = _place(document, number)
    passage = document.passages[place]
    return _with(document, place, place + 1, passage.model_copy(update=change(passage)))


def _with(document: DocumentText, start: int, stop: int, *new: DocumentPassage) -> DocumentText:
    passages = (*document.passages[:start], *new, *document.passages[stop:])
    return document.model_copy(update={"passages": passages})


def _place(document: DocumentText, number: int) -> int:
    for place, passage in enumerate(document.passages):
        if passage.number == number:
            return place
    raise LookupError(number)
