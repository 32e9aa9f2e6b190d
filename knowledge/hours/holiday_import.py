"""Importing the arrangement of public holidays for years that the calendar package does not know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from knowledge.hours.records import CalendarDay, HolidayTable
from knowledge.hours.table import CellFault, TableRow, day_in, table_rows
from knowledge.imported import Changes, keep
from knowledge.importing import ImportReport, before
from knowledge.sources.files import ImportRefused

NAMES = {
    "day": "日期|开始|开始日期|day",
    "last": "结束|结束日期|最后一天|last",
    "arrangement": "安排|放假或上班|arrangement",
    "name": "节日|名称|节日名称|name",
}
_NEEDED = frozenset({"day", "arrangement", "name"})
_OFF = {"放假": True, "休息": True, "off": True, "上班": False, "调休上班": False, "补班": False, "work": False}
_LONGEST = 31
_ONE_DAY = timedelta(days=1)


def import_holidays(path: Path, folder: Path, source: str) -> ImportReport:
    """Import the table in ``path``, published by ``source``; it replaces the one before. ImportRefused, with nothing
    changed, when a row cannot be taken: a year with a holiday missing would be answered wrongly."""
    days: dict[str, CalendarDay] = {}
    faults: list[str] = []
    for row in table_rows(path, NAMES, _NEEDED):
        try:
            for day in _days(row):
                if days.setdefault(day.day.isoformat(), day) != day:
                    raise CellFault(f"{day.day} 前面已经写过，安排不一样 / arranged otherwise above")
        except CellFault as fault:
            faults.append(f"{row.where}: {fault}")
    if faults or not days:
        raise ImportRefused("\n".join([f"{path.name}: 什么都没导入 / nothing was imported", *faults]))
    document = HolidayTable(days=tuple(days[day] for day in sorted(days)), source=source)
    was = before(folder / document.file, HolidayTable)
    keep(folder, document)
    old = {str(day.day): day.model_dump_json() for day in was.days} if was else {}
    new = {day: row.model_dump_json() for day, row in sorted(days.items())}
    years = "、".join(sorted({day[:4] for day in days}))
    note = f"{years} 年只按这张表算，这些年的放假和调休要写全 / these years are now taken from this table alone"
    return ImportReport(f"节假日安排（imported/{document.file}）", len(new), Changes.between(old, new), notes=(note,))


def _days(row: TableRow) -> Iterator[CalendarDay]:
    first = day_in(row.need("day", "日期"))
    last = day_in(row.cells["last"]) if row.cells.get("last") else first
    if not first <= last < first + _LONGEST * _ONE_DAY:
        raise CellFault("结束日期要在开始日期之后，不超过一个月 / the last day must follow within a month")
    said = row.need("arrangement", "安排")
    if said not in _OFF:
        raise CellFault(f"“安排”要写 放假 或 上班 / must be off or work: {said[:40]}")
    name = row.need("name", "节日")
    for offset in range((last - first).days + 1):
        yield CalendarDay(day=first + offset * _ONE_DAY, off=_OFF[said], name=name)
