"""The rows of a proof list as items; every row is imported, skipped or refused, and each of the last two is told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from knowledge.imported import ProofItem
from knowledge.normalise import close_gaps
from knowledge.passages import digest
from knowledge.places.advisor_cells import Fault, day_of
from knowledge.sources.files import ImportRefused
from knowledge.sources.proof_columns import Header, field_of, find_header, not_understood
from knowledge.sources.tables import Table, under_headers

_TOTAL = re.compile(r"(?:合|总|共|小)\s*计")
_FOOTNOTE = re.compile(r"(?:注|备注|附注|说明|填表说明|填表人|制表人?|联系人|联系电话)\s*[:：]")
_ERROR = re.compile(r"#(?:REF!|N/A|VALUE!|NAME\?|DIV/0!|NULL!|NUM!)")
_NOTHING = frozenset(("", "-", "—", "——", "－", "/", "\\", "无", "暂无", "未见"))
_AS_ABOVE = frozenset(("同上", "〃", "″"))
_YES = re.compile(r"(?:是|可|能|实行|√|✓|✔|y(?:es)?$)", re.IGNORECASE)
_NO = re.compile(r"(?:否|不|×|✗|✘|x$|n(?:o)?$)", re.IGNORECASE)
_PROMISE_AFTER_ALL = re.compile(r"(?:已经?|可以?|能够?)?实行告知承诺")
_AS_SAID = ("legal_basis", "basis_level", "level", "asking_unit", "issuing_unit", "item_type", "note")
_DAYS = ("valid_from", "valid_until")
_LONGEST = {"proof": 200, "matter": 300}
_LONGEST_OTHER = 8_000


@dataclass(slots=True)
class ParsedList:
    """What one file gave: items in order, and a line each for rows that were skipped or refused, or read with a guess."""

    items: list[ProofItem] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def parse_proof_list(path: Path, list_id: str, replaceable: bool | None) -> ParsedList:
    """Items of the list in ``path``. ``replaceable`` is what the list as a whole says, for rows that say nothing.

    ImportRefused when the file is unsafe or damaged, its header is not understood, or no row can be used.
    """
    sheets, skipped = under_headers(path, find_header, not_understood)
    parsed = ParsedList(skipped=skipped)
    for table, header in sheets:
        _Rows(table, header, replaceable, parsed).read()
    if not parsed.items:
        raise ImportRefused("\n".join([f"{path.name}: 没有一行能导入 / no row can be imported", *parsed.refused]))
    parsed.items = list(_with_ids(parsed.items, list_id))
    return parsed


class _Rows:
    """Reads the rows of one sheet below its header into ``parsed``."""

    def __init__(self, table: Table, header: Header, replaceable: bool | None, parsed: ParsedList) -> None:
        self._table = table
        self._header = header
        self._replaceable = replaceable
        self._parsed = parsed
        self._last: ProofItem | None = None

    def read(self) -> None:
        if self._header.unused:
            names = "、".join(self._header.unused)
            self._parsed.notes.append(f"没有用到的列（原话仍保留）/ columns not used: {names}")
        for row in range(self._header.below, len(self._table.rows)):
            raw = self._table.rows[row]
            if not any(raw):
                continue
            why = self._not_an_item(row)
            if why is not None:
                self._parsed.skipped.append(f"{self._where(row)}: {why}")
                continue
            faults = list(self._faults(row))
            if faults:
                self._parsed.refused.extend(faults)
                self._last = None
            else:
                self._last = self._item(row)
                self._parsed.items.append(self._last)

    def _where(self, row: int) -> str:
        sheet = f"{self._table.sheet} " if self._table.sheet else ""
        return f"{sheet}第 {row + 1} 行 / {sheet}row {row + 1}"

    def _not_an_item(self, row: int) -> str | None:
        """Why this row is no item at all, None when it should be one."""
        raw = self._table.rows[row]
        said = [cell for cell in raw if cell]
        if raw in self._header.printed or all(field_of(cell) for cell in said):
            return "又是表头，跳过 / the header again, skipped"
        if _TOTAL.match(said[0]):
            return "合计行，跳过 / a total, skipped"
        if _FOOTNOTE.match(said[0]):
            return "注释，跳过 / a footnote, skipped"
        alone = len(said) == 1 and (not self._value(row, "proof") or not any(self._others(row)))
        if alone:
            return f"只有一格有字，当作分组或说明，跳过 / one cell only, skipped: {said[0][:40]}"
        return None

    def _others(self, row: int) -> Iterator[str]:
        """What a row with a proof only would go without: merged cells above it, or a row before that it continues."""
        yield from (self._value(row, name) for name in self._header.fields if name != "proof")
        if not self._table.merges_known and self._last is not None:
            yield self._last.matter

    def _value(self, row: int, name: str) -> str:
        cells = self._table.filled[row]
        said = [cells[column] for column in self._header.fields.get(name, ()) if cells[column]]
        return close_gaps(" ".join(" ".join(said).split()))

    def _faults(self, row: int) -> Iterator[str]:
        for name in self._header.fields:
            value = self._value(row, name)
            label = self._header.labels[self._header.fields[name][0]]
            where = f"{self._where(row)}，“{label}”列 / column"
            if value.startswith("=") and name != "number":
                yield f"{where}: 是公式，不是文字，请粘贴为数值 / a formula, paste its value: {value[:40]}"
            elif _ERROR.match(value):
                yield f"{where}: 是出错的公式 / a formula's error: {value}"
            elif name in _DAYS and (fault := _day_fault(value)):
                yield f"{where}: {fault}"
            elif name == "proof" and value in _NOTHING:
                yield f"{where}: 没有证明名称 / the proof has no name"
            elif len(value) > (longest := _LONGEST.get(name, _LONGEST_OTHER)):
                yield f"{where}: 超过 {longest} 个字 / longer than {longest} characters"
        yield from self._span_fault(row)

    def _span_fault(self, row: int) -> Iterator[str]:
        try:
            begins, ends = (_day(self._value(row, name)) for name in _DAYS)
        except Fault:
            return  # told already
        if begins is not None and ends is not None and begins > ends:
            yield f"{self._where(row)}: 从 {begins} 起，到 {ends} 止，反了 / begins after it ends"

    def _item(self, row: int) -> ProofItem:
        value = {name: self._value(row, name) for name in self._header.fields}
        said = {name: None if text in _NOTHING else text for name, text in value.items()}
        if self._last is not None:
            said |= {name: getattr(self._last, name, None) for name, text in value.items() if text in _AS_ABOVE}
        number = said.get("number")
        matter = said.get("matter") or ""
        if not matter and number is None and self._last is not None and not self._table.merges_known:
            matter = self._last.matter
            self._parsed.notes.append(
                f"{self._where(row)}: 办理事项空着，按上一行“{matter}”算 / matter empty, taken from the row above"
            )
        days = {name: _day(said.get(name)) for name in _DAYS}
        replaceable, reason = self._promise(row, said.get("replaceable"), said.get("reason"))
        return ProofItem.model_validate(
            {name: said.get(name) for name in _AS_SAID}
            | days
            | {
                "id": "?",
                "number": None if number is None or number.startswith("=") else number,
                "matter": matter,
                "proof": value["proof"],
                "replaceable": replaceable,
                "reason": reason,
                "sheet": self._table.sheet,
                "row": row + 1,
                "quote": self._quote(row),
            }
        )

    def _promise(self, row: int, column: str | None, reason: str | None) -> tuple[bool | None, str | None]:
        """Does a promise replace the proof: by the row's own columns first, then by what holds for the whole list."""
        if column is not None:
            if _NO.match(column):
                return False, reason
            if _YES.match(column):
                return True, reason
            self._parsed.notes.append(f"{self._where(row)}: 看不懂能不能承诺 / unclear: {column[:40]}")
            return None, reason
        if reason is not None:
            return bool(_PROMISE_AFTER_ALL.match(reason)), reason
        return self._replaceable, None

    def _quote(self, row: int) -> str:
        cells = zip(self._header.labels, self._table.filled[row], strict=True)
        return "；".join(f"{label}：{' '.join(cell.split())}" if label else cell for label, cell in cells if cell)


def _day(given: str | date | None) -> date | None:
    """A day of the row before is one already."""
    if isinstance(given, date):
        return given
    return None if given is None or given in _NOTHING or given in _AS_ABOVE else day_of(given, date.max)


def _day_fault(text: str) -> str:
    """What is wrong with a day, empty when nothing is."""
    try:
        _day(text)
    except Fault as fault:
        return str(fault)
    return ""


def _with_ids(items: list[ProofItem], list_id: str) -> Iterator[ProofItem]:
    """Ids by matter and proof, so that they outlive a changed order; by the asking unit and a count where that is not
    enough."""
    counts = Counter((item.matter, item.proof) for item in items)
    seen: Counter[tuple[str, ...]] = Counter()
    for item in items:
        parts: tuple[str, ...] = (item.matter, item.proof)
        if counts[item.matter, item.proof] > 1:
            parts = (*parts, item.asking_unit or "")
        seen[parts] += 1
        yield item.model_copy(update={"id": digest(list_id, *parts, *["again"] * (seen[parts] - 1))})
