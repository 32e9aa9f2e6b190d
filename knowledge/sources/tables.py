"""Tables out of xlsx and csv: cells as text, merged cells filled downwards, formulas and macros never run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from knowledge.normalise import for_display
from knowledge.sources.files import ImportRefused, decoded, package_checked, size_checked

MAX_ROWS, MAX_COLUMNS = 20_000, 60
DELIMITERS = (",", "\t", ";")
H = TypeVar("H")


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet. ``rows`` are as filled in, ``filled`` with merged cells repeated downwards; ``top`` with those merged
    sideways repeated too, which only a header needs. Rows count from 0; a formula is its own text, from ``=`` on."""

    sheet: str | None
    rows: tuple[tuple[str, ...], ...]
    filled: tuple[tuple[str, ...], ...]
    top: tuple[tuple[str, ...], ...]
    merges_known: bool


def read_tables(path: Path) -> list[list[Table]]:
    """Ways to read ``path``, each a list of sheets: one for xlsx, one for each delimiter of csv. ImportRefused when the
    file is of another kind, damaged, unsafe or too long."""
    kind = path.suffix.lower()
    if kind == ".xlsx":
        return [_workbook(path)]
    if kind in (".csv", ".txt", ".tsv"):
        size_checked(path)
        text = decoded(path.read_bytes(), path.name)
        return [[_csv(text, delimiter, path.name)] for delimiter in DELIMITERS]
    raise ImportRefused(
        f"{path.name}: 只收 xlsx、csv；xls、xlsm 请另存为 xlsx / only xlsx and csv; save xls and xlsm as xlsx"
    )


def under_headers(
    path: Path,
    find_header: Callable[[Table, str], H | None],
    not_understood: Callable[[Sequence[Table], str], ImportRefused],
) -> tuple[list[tuple[Table, H]], list[str]]:
    """The sheets of ``path`` with their headers, read in the first way in which any header is found, and a line for each
    other sheet that is not empty.

    Raises what :func:`read_tables` raises, and ``not_understood`` of the sheets cut the way that gives most columns.
    """
    # There, not above: the process that reads tables apart needs this module.
    from knowledge.documents.apart import tables_apart

    ways = tables_apart(path)
    for tables in ways:
        headers = [find_header(table, path.name) for table in tables]
        if any(headers):
            break
    else:
        raise not_understood(
            max(ways, key=lambda way: max((len(t.rows[0]) for t in way if t.rows), default=0)), path.name
        )
    pairs = list(zip(tables, headers, strict=True))
    skipped = [
        f"工作表“{table.sheet}”没有认得出的表头 / sheet {table.sheet}: no header was understood"
        for table, header in pairs
        if header is None and any(any(row) for row in table.rows)
    ]
    return [(table, header) for table, header in pairs if header is not None], skipped


def cell_text(value: Any) -> str:
    """A cell as a person reads it."""
    if value is None:
        return ""
    if hasattr(value, "ref"):  # openpyxl's objects for array and table formulas
        return f"={getattr(value, 'text', None) or ''}".replace("==", "=")
    if isinstance(value, datetime):
        value = value.date() if value.time() == datetime.min.time() else value.replace(microsecond=0)
    if isinstance(value, date):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return for_display(str(value))


def _workbook(path: Path) -> list[Table]:
    import openpyxl

    package_checked(path)
    try:
        # Formulas come as their text, and nothing outside of the file is looked up.
        book = openpyxl.load_workbook(path, keep_links=False, keep_vba=False)
    except Exception as error:  # openpyxl lets errors of every kind through when a package is damaged
        raise ImportRefused(f"{path.name}: 不是 xlsx 文件，或者已经损坏 / not an xlsx file, or damaged") from error
    tables = []
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            continue
        _few_rows(sheet.max_row, f"{path.name} {sheet.title}")
        width = min(sheet.max_column, MAX_COLUMNS)
        cells = [list(map(cell_text, row)) for row in sheet.iter_rows(max_col=width, values_only=True)]
        merges = [(m.min_row - 1, m.max_row, m.min_col - 1, m.max_col) for m in sheet.merged_cells.ranges]
        tables.append(_table(sheet.title, cells, merges))
    if len(tables) == 1:
        return [Table(None, tables[0].rows, tables[0].filled, tables[0].top, True)]
    return tables


def _csv(text: str, delimiter: str, name: str) -> Table:
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
        cells = []
        for row in reader:
            cells.append([cell_text(cell) for cell in row[:MAX_COLUMNS]])
            _few_rows(len(cells), name)
    except csv.Error as error:
        raise ImportRefused(f"{name}: 表格读不出来 / the table cannot be read: {error}") from error
    width = max(map(len, cells), default=0)
    rows = _frozen([row + [""] * (width - len(row)) for row in cells])
    return Table(None, rows, rows, rows, False)


def _few_rows(count: int, name: str) -> None:
    if count > MAX_ROWS:
        raise ImportRefused(
            f"{name}: 超过 {MAX_ROWS} 行；表下面的空行请删掉 / more than {MAX_ROWS} rows; delete empty rows below the table"
        )


def _table(sheet: str, cells: list[list[str]], merges: Sequence[tuple[int, int, int, int]]) -> Table:
    filled, top = [list(row) for row in cells], [list(row) for row in cells]
    for first, last, left, right in merges:
        for row in range(first, min(last, len(cells))):
            if left >= len(cells[row]):
                continue
            filled[row][left] = cells[first][left]
            for column in range(left, min(right, len(cells[row]))):
                top[row][column] = cells[first][left]
    return Table(sheet, _frozen(cells), _frozen(filled), _frozen(top), True)


def _frozen(cells: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(row) for row in cells)
