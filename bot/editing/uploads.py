"""A file that was uploaded becomes an entry: the imports of the knowledge do the reading, in a folder of their own."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path, PurePath

from knowledge.catalogue import Catalogue
from knowledge.entries import IMPORT, Entry, documents, name_of, record
from knowledge.hours.holiday_import import import_holidays
from knowledge.hours.hours_import import import_hours
from knowledge.importing import ImportReport
from knowledge.law_import import import_law
from knowledge.places.advisor_import import import_advisors
from knowledge.places.find import shipped_places
from knowledge.proof_import import VERDICTS, import_proofs
from knowledge.sources.files import MAX_BYTES, ImportRefused

KINDS = {
    "advisors": "法律顾问名册（xlsx、csv）",
    "proofs": "证明事项清单（xlsx、csv）",
    "hours": "服务时间（xlsx、csv）",
    "holidays": "放假安排（xlsx、csv）",
    "law": "一部法律（txt、html、docx、pdf）",
}
SUFFIXES = {".xlsx", ".csv", ".txt", ".html", ".htm", ".docx", ".pdf"}


def read_upload(
    kind: str, name: str, content: bytes, given: Mapping[str, str], catalogue: Catalogue
) -> tuple[Entry, ImportReport]:
    """The entry that the file makes, and row by row what was not taken. ImportRefused says why nothing was."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise ImportRefused(f"{PurePath(name).name}: 不收这种文件；doc 请另存为 docx，xls 请另存为 xlsx")
    if not content or len(content) > MAX_BYTES:
        raise ImportRefused("文件是空的，或者超过 20 MB")
    reader = _READERS.get(kind)
    if reader is None:
        raise ImportRefused("没有选文件的种类")
    with tempfile.TemporaryDirectory(prefix="yinfawen-") as home:
        # The name as uploaded never becomes a path.
        path, folder = Path(home) / f"upload{suffix}", Path(home) / "imported"
        path.write_bytes(content)
        folder.mkdir()
        # What is published already, so that the report says what changes.
        for document in documents(catalogue):
            (folder / name_of(IMPORT, document)).write_text(document.model_dump_json(), encoding="utf-8")
        before = {item.name: item.stat().st_mtime_ns for item in folder.iterdir()}
        report = reader(path, folder, given, catalogue)
        made = [item for item in folder.iterdir() if before.get(item.name) != item.stat().st_mtime_ns]
        if len(made) != 1:
            raise ImportRefused("文件和已经发布的完全一样")
        return Entry(IMPORT, made[0].name, json.loads(made[0].read_text(encoding="utf-8"))), report


def unchanged(entry: Entry, catalogue: Catalogue) -> bool:
    """It says what is published already."""
    return record(catalogue, IMPORT, entry.key) == entry.body


def _needed(given: Mapping[str, str], name: str, label: str) -> str:
    value = given.get(name, "").strip()
    if not value:
        raise ImportRefused(f"要填“{label}”")
    return value


def _day(given: Mapping[str, str], name: str, label: str) -> date:
    try:
        return date.fromisoformat(_needed(given, name, label))
    except ValueError as error:
        raise ImportRefused(f"“{label}”要写成 2022-07-11 这样") from error


def _published(given: Mapping[str, str]) -> tuple[str, str, date, str | None]:
    return (
        _needed(given, "title", "标题"),
        _needed(given, "issuer", "公布单位"),
        _day(given, "published", "公布日期"),
        given.get("source", "").strip() or None,
    )


def _advisors(path: Path, folder: Path, given: Mapping[str, str], catalogue: Catalogue) -> ImportReport:
    title, issuer, published, source = _published(given)
    confirmed = _day(given, "confirmed", "核对日期") if given.get("confirmed", "").strip() else None
    return import_advisors(path, folder, shipped_places(), title, issuer, published, source, confirmed)


def _proofs(path: Path, folder: Path, given: Mapping[str, str], catalogue: Catalogue) -> ImportReport:
    declared = given.get("replaceable", "").strip() or None
    if declared not in (None, *VERDICTS):
        raise ImportRefused("“能不能用承诺代替”选得不对")
    return import_proofs(path, folder, *_published(given), declared)


def _hours(path: Path, folder: Path, given: Mapping[str, str], catalogue: Catalogue) -> ImportReport:
    return import_hours(path, folder, catalogue, date.today())


def _holidays(path: Path, folder: Path, given: Mapping[str, str], catalogue: Catalogue) -> ImportReport:
    return import_holidays(path, folder, _needed(given, "source", "出处"))


def _law(path: Path, folder: Path, given: Mapping[str, str], catalogue: Catalogue) -> ImportReport:
    return import_law(path, catalogue, folder, given.get("title", "").strip() or None, False)


_READERS: Mapping[str, Callable[[Path, Path, Mapping[str, str], Catalogue], ImportReport]] = {
    "advisors": _advisors,
    "proofs": _proofs,
    "hours": _hours,
    "holidays": _holidays,
    "law": _law,
}
