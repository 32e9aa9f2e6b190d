"""Published entries that no longer fit the shipped content: set aside, named with their faults, never lost.

New shipped content can take away a door that an entry names, or the sentence that it quotes. The shipped record is used
then, and ``releases/set-aside.json`` keeps the entry until somebody mends it or newer content fits it again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from knowledge.catalogue import CONTENT, Catalogue
from knowledge.entries import Entry, overlaid
from knowledge.passages import document_passages
from knowledge.release import check_quotes, current, entries_of
from knowledge.schema import ContentError

FILE = "set-aside.json"


@dataclass(frozen=True, slots=True)
class SetAside:
    """An entry that is not in use, and why: one fault a line."""

    entry: Entry
    fault: str


_ROWS: TypeAdapter[list[SetAside]] = TypeAdapter(list[SetAside])


def fitting(
    catalogue: Catalogue, entries: Sequence[Entry], content: Path = CONTENT, given: Sequence[Entry] = ()
) -> tuple[list[Entry], list[SetAside]]:
    """``given`` and as many of ``entries`` as fit over ``catalogue``, and the others with their faults.

    Raises ContentError when ``given`` alone does not fit.
    """
    together = [*given, *entries]
    if _fault(catalogue, together, content) is None:
        return together, []
    if (fault := _fault(catalogue, list(given), content)) is not None:
        raise ContentError(fault)
    # An entry may need another one (a new door), so those that failed are tried again after each round that got further.
    kept, waiting, further = list(given), list(entries), True
    while further:
        further, left = False, []
        for entry in waiting:
            if _fault(catalogue, [*kept, entry], content) is None:
                kept.append(entry)
                further = True
            else:
                left.append(entry)
        waiting = left
    faults = [(entry, _fault(catalogue, [*kept, entry], content) or "") for entry in waiting]
    return [entry for entry in together if entry in kept], [SetAside(entry, fault) for entry, fault in faults]


def published(folder: Path) -> list[Entry]:
    """What administrators published: the entries of the current release, and those set aside."""
    return [*entries_of(folder, current(folder)), *(row.entry for row in set_aside(folder))]


def set_aside(folder: Path) -> list[SetAside]:
    """Entries that wait to be mended; none once a release holds another version of them. ContentError for a damaged file."""
    path = folder / FILE
    if not path.is_file():
        return []
    try:
        rows = _ROWS.validate_json(path.read_bytes())
    except ValidationError as error:
        raise ContentError(f"{FILE}: 文件损坏 / damaged: {error.errors()[0]['msg']}") from error
    mended = {(entry.kind, entry.key) for entry in entries_of(folder, current(folder))}
    return [row for row in rows if (row.entry.kind, row.entry.key) not in mended]


def keep(folder: Path, rows: Sequence[SetAside]) -> None:
    """Remember exactly ``rows``: one atomic rename."""
    path, aside = folder / FILE, folder / f".{FILE}.{os.getpid()}"
    if not rows:
        path.unlink(missing_ok=True)
        return
    folder.mkdir(parents=True, exist_ok=True)
    aside.write_bytes(_ROWS.dump_json(list(rows), indent=1))
    os.replace(aside, path)


def _fault(catalogue: Catalogue, entries: Sequence[Entry], content: Path) -> str | None:
    try:
        laid = overlaid(catalogue, entries, content)
        check_quotes(laid, document_passages(laid, content))
    except ContentError as error:
        return str(error)
    return None
