"""What the imports of hours and of holidays have in common: columns found by their names, cells read one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from knowledge.documents.apart import tables_apart
from knowledge.normalise import close_gaps, normalise
from knowledge.sources.files import ImportRefused
from knowledge.sources.tables import Table

_SEARCHED_ROWS = 12
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")


class CellFault(ValueError):
    """A cell cannot be taken; the message says why, in Chinese and English."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row below the header: cells by the field's name, normalised; ``number`` counts from 1 as the sheet does."""

    number: int
    cells: Mapping[str, str]

    @property
    def where(self) -> str:
        return f"第 {self.number} 行 / row {self.number}"

    def need(self, field: str, label: str) -> str:
        """The cell of a field that must not be empty."""
        value = self.cells.get(field, "")
        if not value:
            raise CellFault(f"“{label}”空着 / {field} is empty")
        return value


def table_rows(path: Path, names: Mapping[str, str], needed: frozenset[str]) -> Iterator[TableRow]:
    """Rows of the first sheet that has a header with all ``needed`` fields; ``names`` are patterns of the columns' names.

    ImportRefused when there is no such header.
    """
    for tables in tables_apart(path):
        for table in tables:
            header = _header(table, names, needed)
            if header is not None:
                yield from _below(table, *header)
                return
    known = "、".join(pattern.split("|")[0] for field, pattern in names.items() if field in needed)
    raise ImportRefused(
        f"{path.name}: 认不出表头，要有这几列：{known} / columns not found, needed: {', '.join(sorted(needed))}"
    )


def _header(table: Table, names: Mapping[str, str], needed: frozenset[str]) -> tuple[int, dict[int, str]] | None:
    for number, row in enumerate(table.rows[:_SEARCHED_ROWS]):
        columns: dict[int, str] = {}
        for column, cell in enumerate(row):
            label = re.sub(r"[(（].*?[)）]|\s", "", normalise(cell))
            field = next((field for field, pattern in names.items() if re.fullmatch(pattern, label)), None)
            if field is not None and field not in columns.values():
                columns[column] = field
        if needed <= set(columns.values()):
            return number, columns
    return None


def _below(table: Table, header: int, columns: Mapping[int, str]) -> Iterator[TableRow]:
    for number in range(header + 1, len(table.rows)):
        cells = {field: close_gaps(normalise(table.filled[number][column])) for column, field in columns.items()}
        if any(table.rows[number]):
            yield TableRow(number + 1, cells)


def day_in(text: str) -> date:
    """A day as people write it: 2027-10-01, 2027/10/1, 2027年10月1日. CellFault otherwise."""
    match = _DAY.fullmatch(text)
    try:
        if match:
            return date(*map(int, match.groups()))
    except ValueError:
        pass
    raise CellFault(f"不是日期，要写成 2027-10-01 这样 / no date: {text[:40]}")
