"""Importing the hours of doors: a row for each span of time, all rows of a door taken or none."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from pathlib import Path

from knowledge.catalogue import Catalogue
from knowledge.hours.records import DoorHours, HoursTable, OpenTime
from knowledge.hours.table import CellFault, TableRow, day_in, table_rows
from knowledge.imported import Changes, keep
from knowledge.importing import ImportReport, before
from knowledge.passages import searchable
from knowledge.sources.files import ImportRefused

NAMES = {
    "door": "去处|渠道|渠道卡|热线|单位|名称|编号|door",
    "weekdays": "星期|周几|上班日|weekdays",
    "start": "开始|开始时间|上班|上班时间|开门|from",
    "end": "结束|结束时间|下班|下班时间|关门|to",
    "holidays": "节假日|法定节假日|放假|holidays",
    "source": "来源|出处|source",
    "confirmed": "核对日期|最近核对|核对时间|确认日期|confirmed",
    "valid_from": "有效期起|有效从|起用日期|从哪天起用|valid_from",
    "valid_until": "有效期至|有效期止|有效到|用到哪天|valid_until",
}
_DATES = ("valid_from", "valid_until")
_NEEDED = frozenset(NAMES) - set(_DATES)
_OPEN_END = frozenset({"", "长期", "无", "-"})
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2})(?::00)?|[点时](?:(\d{1,2})分?|(半))?)")
_CLOSED, _OPEN = (
    frozenset({"休息", "不上班", "放假", "关门", "closed"}),
    frozenset({"照常", "上班", "不休息", "开门", "open"}),
)
_WEEKDAYS = {
    sign: day for day, signs in enumerate(("一1", "二2", "三3", "四4", "五5", "六6", "日天7")) for sign in signs
}
_WHOLE = {"每天": range(7), "天天": range(7), "工作日": range(5), "周末": range(5, 7), "双休日": range(5, 7)}


def import_hours(path: Path, folder: Path, catalogue: Catalogue, today: date) -> ImportReport:
    """Import the table in ``path``; it replaces what was entered before. ImportRefused, with nothing changed, when no row
    can be taken. A door with a row that cannot be taken is left out altogether: half of its hours would be wrong hours."""
    doors = _doors(catalogue)
    taken: dict[str, list[tuple[TableRow, DoorHours]]] = {}
    refused: list[str] = []
    spoilt: set[str] = set()
    for row in table_rows(path, NAMES, _NEEDED):
        door = doors.get(searchable(row.cells["door"]))
        try:
            if door is None:
                raise CellFault(f"渠道卡里没有“{row.cells['door'][:40]}” / no such channel card")
            taken.setdefault(door, []).append((row, _hours(row, door, today)))
        except CellFault as fault:
            refused.append(f"{row.where}: {fault}")
            spoilt |= {door} if door else set()
    found: list[DoorHours] = []
    for door, rows in taken.items():
        if door in spoilt:
            refused += [
                f"{row.where}: “{door}”别的行有错，这一行也没收 / another row of this door is wrong" for row, _ in rows
            ]
            continue
        try:
            found.append(_joined([hours for _, hours in rows]))
        except CellFault as fault:
            refused += [f"{row.where}: “{door}”{fault}" for row, _ in rows]
    if not found:
        raise ImportRefused("\n".join([f"{path.name}: 没有一行能导入 / no row can be imported", *refused]))
    return _kept(folder, HoursTable(doors=tuple(found)), refused)


def _kept(folder: Path, document: HoursTable, refused: list[str]) -> ImportReport:
    was = before(folder / document.file, HoursTable)
    keep(folder, document)
    old = {row.door: row.model_dump_json() for row in was.doors} if was else {}
    new = {row.door: row.model_dump_json() for row in document.doors}
    return ImportReport(
        f"服务时间（imported/{document.file}）", len(new), Changes.between(old, new), refused=tuple(refused)
    )


def _doors(catalogue: Catalogue) -> dict[str, str]:
    """Every way to call a channel card; one that two cards share calls none."""
    doors: dict[str, str] = {}
    shared: set[str] = set()
    for row in catalogue.channels:
        for name in {searchable(name) for name in (row.id, row.number or row.id, row.name, *row.aliases)}:
            shared |= {name} if doors.setdefault(name, row.id) != row.id else set()
    return {name: door for name, door in doors.items() if name not in shared} | {
        row.id: row.id for row in catalogue.channels
    }


def _hours(row: TableRow, door: str, today: date) -> DoorHours:
    start, end = _minute(row.need("start", "开始")), _minute(row.need("end", "结束"))
    if start >= end:
        raise CellFault("开始时间要早于结束时间，跨过半夜的分两行写 / start must be before end; cut at midnight")
    said = row.need("holidays", "节假日")
    if said not in _CLOSED | _OPEN:
        raise CellFault(f"“节假日”要写 休息 或 照常 / holidays must be closed or open: {said[:40]}")
    confirmed = day_in(row.need("confirmed", "核对日期"))
    if confirmed > today:
        raise CellFault(f"核对日期还没到 / confirmed is in the future: {confirmed}")
    begins, ends = (_dated(row.cells.get(name, "")) for name in _DATES)
    if begins is not None and ends is not None and begins > ends:
        raise CellFault(f"从 {begins} 起，到 {ends} 止，反了 / begins after it ends")
    times = (OpenTime(weekdays=_weekdays(row.need("weekdays", "星期")), start=start, end=end),)
    holidays = "closed" if said in _CLOSED else "open"
    return DoorHours.model_validate(
        {
            "door": door,
            "times": times,
            "holidays": holidays,
            "source": row.need("source", "来源"),
            "confirmed": confirmed,
            "valid_from": begins,
            "valid_until": ends,
        }
    )


def _dated(text: str) -> date | None:
    return None if text in _OPEN_END else day_in(text)


def _joined(rows: list[DoorHours]) -> DoorHours:
    """All rows of one door as one record. CellFault when they contradict each other."""
    first = rows[0]
    if len({row.holidays for row in rows}) > 1:
        raise CellFault("各行的“节假日”写得不一样 / rows differ in holidays")
    if len({(row.valid_from, row.valid_until) for row in rows}) > 1:
        raise CellFault("各行的有效期写得不一样 / rows differ in their dates")
    joined = first.model_copy(
        update={
            "times": tuple(time for row in rows for time in row.times),
            "source": "；".join(dict.fromkeys(row.source for row in rows)),
            "confirmed": min(row.confirmed for row in rows),
        }
    )
    for weekday in range(7):
        spans = joined.on(weekday)
        if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
            raise CellFault("同一天的时间重叠了 / times of one day overlap")
    return joined


def _minute(text: str) -> int:
    match = _CLOCK.fullmatch(text)
    hour, minute = (int(match[1]), int(match[2] or match[3] or (30 if match[4] else 0))) if match else (99, 0)
    if hour * 60 + minute > 24 * 60 or minute > 59:
        raise CellFault(f"不是时间，要写成 8:30 这样 / no time of day: {text[:40]}")
    return hour * 60 + minute


def _weekdays(text: str) -> tuple[int, ...]:
    """周一至周五, 一到五, 周六、周日, 1-5, 每天, 工作日."""
    plain = re.sub(r"周(?!末)|星期|礼拜|\s", "", text)
    days: set[int] = set()
    for part in re.split(r"[、,;/和及]", plain):
        span = re.fullmatch(r"([一二三四五六日天1-7])(?:至|到|-|~)([一二三四五六日天1-7])", part)
        if part in _WHOLE:
            days |= set(_WHOLE[part])
        elif span and _WEEKDAYS[span[1]] < _WEEKDAYS[span[2]]:
            days |= set(range(_WEEKDAYS[span[1]], _WEEKDAYS[span[2]] + 1))
        elif part and all(sign in _WEEKDAYS for sign in part):
            days |= {_WEEKDAYS[sign] for sign in part}
        else:
            raise CellFault(f"看不懂星期，要写成 周一至周五 这样 / weekdays not understood: {text[:40]}")
    return tuple(sorted(days))
