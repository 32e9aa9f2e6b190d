"""Importing a proof list: read its rows, compare with what was there, keep."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from knowledge.imported import Changes, ProofItem, ProofList, keep
from knowledge.importing import ImportReport, before
from knowledge.passages import digest
from knowledge.sources.proof_list import parse_proof_list

VERDICTS = {"yes": True, "no": False, "unknown": None}
_NO_PROMISE = re.compile(r"不[能可宜]?(?:实行|适用|采用).*承诺")


def import_proofs(
    path: Path,
    folder: Path,
    title: str,
    issuer: str,
    published: date,
    source: str | None = None,
    declared: str | None = None,
) -> ImportReport:
    """Import the proof list in ``path``; a list of the same issuer and title is replaced. ``declared`` (yes, no, unknown)
    says for all rows that do not say it themselves whether a promise replaces the proof; when it is None, the title may.
    ImportRefused, with nothing changed, when nothing can be taken."""
    id = digest(issuer, title)
    by_title = said_by_title(title) if declared is None else None
    parsed = parse_proof_list(path, id, by_title if declared is None else VERDICTS[declared])
    if by_title is not None:
        verdict = ("能用承诺代替", "replaceable") if by_title else ("不能用承诺代替", "not replaceable")
        parsed.notes.append(f"按标题，没写明的各项都算{verdict[0]}（--replaceable 可改）/ by the title: {verdict[1]}")
    document = ProofList(
        id=id, title=title, issuer=issuer, published=published, source=source, items=tuple(parsed.items)
    )
    was = before(folder / document.file, ProofList)
    keep(folder, document)
    old, new = (was.items if was else ()), document.items
    names = {item.id: f"{item.matter}：{item.proof}" for item in (*old, *new)}
    changes = Changes.between(_said(old), _said(new))
    return ImportReport(
        kept=f"{title}（imported/{document.file}）",
        total=len(new),
        changes=Changes(*(tuple(names[id] for id in ids) for ids in (changes.added, changes.changed, changes.removed))),
        skipped=tuple(parsed.skipped),
        refused=tuple(parsed.refused),
        notes=tuple(parsed.notes),
    )


def said_by_title(title: str) -> bool | None:
    """Does the list's title say that a promise replaces its proofs? None when it says neither."""
    if _NO_PROMISE.search(title):
        return False
    return True if "知承诺" in title and "保留" not in title else None


def _said(items: Sequence[ProofItem]) -> dict[str, str]:
    """Items with everything that a resident may be told of them; the place in the file is none of it."""
    return {item.id: item.model_dump_json(exclude={"row", "sheet", "number", "quote"}) for item in items}
