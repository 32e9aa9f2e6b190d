"""Importing a directory of advisors: read its rows, compare with what was there, keep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from knowledge.imported import AdvisorEntry, AdvisorList, Changes, keep
from knowledge.importing import ImportReport, before
from knowledge.passages import digest
from knowledge.places.advisor_rows import parse_directory
from knowledge.places.find import Places
from knowledge.places.register import Register


def import_advisors(
    path: Path,
    folder: Path,
    places: Places,
    title: str,
    issuer: str,
    published: date,
    source: str | None = None,
    confirmed: date | None = None,
    today: date | None = None,
) -> ImportReport:
    """Import the directory in ``path``; one of the same issuer and title is replaced. ``confirmed`` is the day on which
    rows were confirmed that do not say it themselves; by default the day of publication. ImportRefused, with nothing
    changed, when nothing can be taken."""
    id = digest("advisors", issuer, title)
    register = Register(places)
    parsed = parse_directory(path, id, register, confirmed or published, today or date.today())
    document = AdvisorList(
        id=id, title=title, issuer=issuer, published=published, source=source, entries=tuple(parsed.entries)
    )
    was = before(folder / document.file, AdvisorList)
    keep(folder, document)
    old, new = (was.entries if was else ()), document.entries
    names = {entry.id: _called(entry, places) for entry in (*old, *new)}
    changes = Changes.between(_said(old), _said(new))
    served = {code for entry in new for code in entry.villages}
    notes = [*parsed.notes, f"{len(served)} 个村（社区）有了法律顾问 / villages have an advisor"]
    return ImportReport(
        kept=f"{title}（imported/{document.file}）",
        total=len(new),
        changes=Changes(*(tuple(names[id] for id in ids) for ids in (changes.added, changes.changed, changes.removed))),
        skipped=tuple(parsed.skipped),
        refused=tuple(parsed.refused),
        notes=tuple(notes),
    )


def _called(entry: AdvisorEntry, places: Places) -> str:
    villages = [places.code[code].label if code in places.code else code for code in entry.villages]
    return f"{'、'.join(villages)}：{entry.name}"


def _said(entries: Sequence[AdvisorEntry]) -> dict[str, str]:
    """Entries with everything that a resident may be told of them; the place in the file is none of it."""
    return {entry.id: entry.model_dump_json(exclude={"row", "sheet", "quote"}) for entry in entries}
