"""A newer file of the same document: the editor's work is kept wherever the words of the file stayed the same."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.documents.pieces import Piece
from knowledge.documents.records import DocumentPassage, SourcePiece

Unit = tuple[DocumentPassage, ...]


@dataclass(frozen=True, slots=True)
class Updated:
    """The passages now, and what became of those before: numbers of the added, the changed and the conflicts, the words
    of the removed. A conflict is a passage that was edited and whose words changed in the file."""

    passages: tuple[DocumentPassage, ...]
    added: tuple[int, ...]
    changed: tuple[int, ...]
    removed: tuple[str, ...]
    conflicts: tuple[int, ...]


def first_passages(pieces: Sequence[Piece]) -> tuple[DocumentPassage, ...]:
    """A passage for each piece."""
    return tuple(_passage(number, piece) for number, piece in enumerate(pieces, 1))


def updated(old: Sequence[DocumentPassage], pieces: Sequence[Piece]) -> Updated:
    """Passages of the newer file ``pieces``, with the work on ``old`` laid over them."""
    units = _units(old)
    before = [piece for unit in units for passage in unit for piece in passage.pieces]
    owner = [number for number, unit in enumerate(units) for passage in unit for _ in passage.pieces]
    matcher = difflib.SequenceMatcher(None, [piece.text for piece in before], [piece.text for piece in pieces], False)
    now: dict[int, int] = {}  # place in the file before → place now, for equal words
    for a, b, size in matcher.get_matching_blocks():
        now.update(zip(range(a, a + size), range(b, b + size), strict=True))
    places = {number: [at for at, own in enumerate(owner) if own == number] for number in set(owner)} if units else {}
    work = _Work(max((passage.number for passage in old), default=0) + 1)
    kept: dict[int, int] = {}  # first place now → unit
    for number, own in places.items():
        found = [now.get(at) for at in own]
        if None not in found and found == list(range(found[0] or 0, (found[0] or 0) + len(own))):
            kept[found[0] or 0] = number
    kept |= _moved(units, places, pieces, kept)
    partner = _partners(matcher.get_opcodes(), owner, set(kept.values()))
    at = 0
    used: set[int] = set()
    while at < len(pieces):
        if at in kept:
            unit = units[kept[at]]
            work.keep(unit, pieces[at : at + len(places[kept[at]])])
            used.add(kept[at])
            at += len(places[kept[at]])
            continue
        goes_with = partner.get(at)
        if goes_with is None or goes_with in used:
            work.put(pieces[at], None)
        else:
            work.put(pieces[at], units[goes_with])
            used.add(goes_with)
        at += 1
    work.removed += [passage.text for number, unit in enumerate(units) if number not in used for passage in unit]
    return work.done()


class _Work:
    """The passages made so far."""

    def __init__(self, following: int) -> None:
        self._following = following
        self._passages: list[DocumentPassage] = []
        self._added: list[int] = []
        self._changed: list[int] = []
        self._conflicts: list[int] = []
        self.removed: list[str] = []

    def keep(self, unit: Unit, pieces: Sequence[Piece]) -> None:
        """A unit whose words stayed; headings that moved follow the file unless they were edited."""
        if len(unit) == 1 and unit[0].as_read and len(pieces) == 1:
            piece = _source(pieces[0])
            self._passages.append(unit[0].model_copy(update={"headings": piece.headings, "pieces": (piece,)}))
            return
        new = [_source(piece) for piece in pieces]
        for passage in unit:
            own, new = new[: len(passage.pieces)], new[len(passage.pieces) :]
            follows = bool(passage.pieces) and passage.headings == passage.pieces[0].headings
            headings = own[0].headings if follows else passage.headings
            self._passages.append(passage.model_copy(update={"pieces": tuple(own), "headings": headings}))

    def put(self, piece: Piece, old: Unit | None) -> None:
        """A piece that is new, or in the place of ``old``, whose words changed."""
        if old is None:
            self._passages.append(_passage(self._following, piece))
            self._added.append(self._following)
            self._following += 1
            return
        first = old[0]
        edited = len(old) > 1 or first.earlier is not None or not _only_left_out(first)
        earlier = (first.earlier or "\n".join(passage.text for passage in old)) if edited else None
        passage = _passage(first.number, piece).model_copy(update={"earlier": earlier, "left_out": first.left_out})
        self._passages.append(passage)
        (self._conflicts if edited else self._changed).append(first.number)

    def done(self) -> Updated:
        return Updated(
            tuple(self._passages),
            tuple(self._added),
            tuple(self._changed),
            tuple(self.removed),
            tuple(self._conflicts),
        )


def _only_left_out(passage: DocumentPassage) -> bool:
    """Did the editor at most leave it out?"""
    return passage.model_copy(update={"left_out": False}).as_read


def _moved(
    units: Sequence[Unit], places: Mapping[int, Sequence[int]], pieces: Sequence[Piece], kept: Mapping[int, int]
) -> dict[int, int]:
    """Units that were edited and stand elsewhere now, word for word: first place now → unit."""
    taken = {at + more for at, number in kept.items() for more in range(len(places[number]))}
    where: dict[str, list[int]] = {}
    for at, piece in enumerate(pieces):
        where.setdefault(piece.text, []).append(at)
    found: dict[int, int] = {}
    for number, unit in enumerate(units):
        words = [piece.text for passage in unit for piece in passage.pieces]
        if number in kept.values() or not words or (len(unit) == 1 and unit[0].as_read):
            continue
        for at in where.get(words[0], []):
            span = set(range(at, at + len(words)))
            if not span & taken and [piece.text for piece in pieces[at : at + len(words)]] == words:
                found[at] = number
                taken |= span
                break
    return found


def _units(passages: Sequence[DocumentPassage]) -> list[Unit]:
    """Passages that rest on the same words of the file: what was split stays together."""
    units: list[list[DocumentPassage]] = []
    for passage in passages:
        if passage.pieces or not units:
            units.append([])
        units[-1].append(passage)
    return [tuple(unit) for unit in units]


def _partners(
    opcodes: Sequence[tuple[str, int, int, int, int]], owner: Sequence[int], kept: set[int]
) -> dict[int, int]:
    """For places of the newer file: the unit before whose words were changed to these, in order."""
    partner: dict[int, int] = {}
    for kind, a, b, c, d in opcodes:
        if kind == "replace":
            old = [number for number in dict.fromkeys(owner[a:b]) if number not in kept]
            partner.update(zip(range(c, d), old, strict=False))
        elif kind == "equal":
            # A merged passage of which only a part stayed.
            for at, number in zip(range(c, d), owner[a:b], strict=True):
                if number not in kept and number not in partner.values():
                    partner[at] = number
    return partner


def _source(piece: Piece) -> SourcePiece:
    return SourcePiece(headings=piece.headings, text=piece.text)


def _passage(number: int, piece: Piece) -> DocumentPassage:
    return DocumentPassage(number=number, headings=piece.headings, text=piece.text, pieces=(_source(piece),))
