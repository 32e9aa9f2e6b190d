"""Known questions as a sheet: out, to be worked on in a table; in, as drafts of guides, cards and notes with more questions.

Columns: 编号 (the key of what answers), 事项, 小节, 问法 (a line each), 答复 (to read only: answers need their legal basis and are
written in the form).
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from knowledge.catalogue import Catalogue
from knowledge.entries import Entry, record
from knowledge.passages import searchable
from knowledge.sources.files import MAX_BYTES, ImportRefused, decoded
from knowledge.sources.tables import DELIMITERS, MAX_ROWS, Table, cell_text, under_headers

HEADS = ("编号", "事项", "小节", "问法", "答复")
LONGEST, MOST_TOLD = 200, 200
_FORMULA = ("=", "+", "-", "@")
_NAMES = {
    "编号": "key",
    "事项": "matter",
    "小节": "section",
    "问法": "asked",
    "答复": "answer",
    "问题": "asked",
    "答案": "answer",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What answers: ``key`` is ``guide:<id>/<section>``, ``channel:<id>`` or ``scope:<id>``."""

    key: str
    matter: str
    section: str
    questions: tuple[str, ...]
    answer: str


@dataclass(slots=True)
class Sheet:
    """What a sheet gave: new questions by what answers them, and a line each for rows that were refused or ignored."""

    new: dict[str, list[str]] = field(default_factory=dict)
    rows: int = 0
    known: int = 0
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def questions(self) -> int:
        return sum(map(len, self.new.values()))


def answering(catalogue: Catalogue) -> list[Known]:
    """Everything that has known questions, in the order of the content."""
    found = [
        Known(
            f"guide:{guide.id}/{section.id}",
            guide.title,
            section.title,
            section.questions,
            "\n".join(row.text for row in section.statements),
        )
        for guide, section in catalogue.sections()
    ]
    found += [
        Known(f"channel:{row.id}", row.name, "", row.questions, f"{row.name}：{row.handles}")
        for row in catalogue.channels
        if row.questions
    ]
    statuses = catalogue.status
    return found + [
        Known(f"scope:{row.id}", statuses[row.reason].label, "", row.questions, row.text or statuses[row.reason].text)
        for row in catalogue.scope
    ]


def as_rows(catalogue: Catalogue) -> list[tuple[str, ...]]:
    """The sheet with its head: one row for each thing that answers, its questions a line each."""
    rows = [(row.key, row.matter, row.section, "\n".join(row.questions), row.answer) for row in answering(catalogue)]
    return [HEADS, *(tuple(map(_cell, row)) for row in rows)]


def as_csv(catalogue: Catalogue) -> bytes:
    """For any spreadsheet; UTF-8 with a mark, so that Excel reads it rightly."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(as_rows(catalogue))
    return out.getvalue().encode("utf-8-sig")


def read_sheet(name: str, content: bytes, catalogue: Catalogue) -> Sheet:
    """What the uploaded sheet adds. ImportRefused when it cannot be read, or has no head that is understood."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in (".xlsx", ".csv"):
        raise ImportRefused(f"{PurePath(name).name}: 只收 xlsx、csv；xls 请另存为 xlsx")
    if not content or len(content) > MAX_BYTES:
        raise ImportRefused("文件是空的，或者超过 20 MB")
    reader = _Reader(catalogue)
    if suffix == ".csv":
        table = _csv(decoded(content, PurePath(name).name))
        head = _head(table, name)
        if head is None:
            raise _not_understood([table], name)
        reader.read(table, *head)
        return reader.sheet
    with tempfile.TemporaryDirectory(prefix="yinfawen-") as home:
        path = Path(home) / "upload.xlsx"  # the name as uploaded never becomes a path
        path.write_bytes(content)
        tables, skipped = under_headers(path, _head, _not_understood)
    reader.sheet.notes += skipped
    for table, (first, columns) in tables:
        reader.read(table, first, columns)
    return reader.sheet


def drafts(catalogue: Catalogue, sheet: Sheet) -> list[Entry]:
    """One entry for each record that gets more questions. LookupError when the catalogue has it no more."""
    bodies: dict[tuple[str, str], dict[str, Any]] = {}
    for target, questions in sheet.new.items():
        kind, _, rest = target.partition(":")
        key, _, section = rest.partition("/")
        if (kind, key) not in bodies:
            body = record(catalogue, kind, key)
            if body is None:
                raise LookupError(target)
            bodies[kind, key] = body
        body = bodies[kind, key]
        holder = next(row for row in body["sections"] if row["id"] == section) if section else body
        holder["questions"] = [*holder.get("questions", ()), *questions]
    return [Entry(kind, key, body) for (kind, key), body in bodies.items()]


class _Reader:
    def __init__(self, catalogue: Catalogue) -> None:
        self.sheet = Sheet()
        rows = answering(catalogue)
        self._by_key = {row.key: row for row in rows}
        self._by_name: dict[tuple[str, str], list[Known]] = {}
        for row in rows:
            self._by_name.setdefault((row.matter, row.section), []).append(row)
        self._owner = {searchable(question): row for row in rows for question in row.questions}

    def read(self, table: Table, first: int, columns: dict[str, int]) -> None:
        place = f"{table.sheet} " if table.sheet else ""
        # Cells that were merged downwards belong to each of their rows; questions do not.
        for number, (row, filled) in enumerate(zip(table.rows[first:], table.filled[first:], strict=True), first + 1):
            given = {name: (row if name == "asked" else filled)[column] for name, column in columns.items()}
            if any(given.values()):
                self.sheet.rows += 1
                self._row(f"{place}第 {number} 行", given)

    def _row(self, where: str, given: dict[str, str]) -> None:
        target = self._target(where, given)
        if target is None:
            return
        questions = [line.strip() for line in given.get("asked", "").splitlines() if line.strip()]
        if not questions:
            self._refuse(where, "“问法”是空的")
        if given.get("answer") and _plain(given["answer"]) != _plain(target.answer):
            self._note(where, "“答复”和现在的不一样，没有收：答复要有依据，请在表单里改")
        for question in questions:
            self._question(where, target, question)

    def _target(self, where: str, given: dict[str, str]) -> Known | None:
        key, matter, section = (given.get(name, "") for name in ("key", "matter", "section"))
        if key:
            if key not in self._by_key:
                self._refuse(where, f"没有编号“{key[:80]}”")
            return self._by_key.get(key)
        found = self._by_name.get((matter, section), [])
        if len(found) != 1:
            what = f"“{matter[:40]}{'：' if section else ''}{section[:40]}”"
            more = "有好几个，请写编号" if found else "没有；新的指引要在表单里写，因为每一句都要有依据"
            self._refuse(where, f"事项{what}{more}")
            return None
        return found[0]

    def _question(self, where: str, target: Known, question: str) -> None:
        if question[:1] == "'" and question[1:2] in _FORMULA:
            question = question[1:]
        form = searchable(question)
        if len(question) > LONGEST:
            return self._refuse(where, f"“{question[:20]}……”超过 {LONGEST} 个字")
        if not form:
            return self._refuse(where, f"“{question}”里没有字")
        owner = self._owner.get(form)
        if owner is None:
            self._owner[form] = target
            self.sheet.new.setdefault(target.key, []).append(question)
        elif owner.key == target.key:
            self.sheet.known += 1
        else:
            self._refuse(where, f"“{question[:40]}”已经是“{owner.matter}{owner.section and '：'}{owner.section}”的问法")
        return None

    def _refuse(self, where: str, why: str) -> None:
        _told(self.sheet.refused, f"{where}：{why}")

    def _note(self, where: str, what: str) -> None:
        _told(self.sheet.notes, f"{where}：{what}")


def _told(lines: list[str], line: str) -> None:
    """A wrong sheet has thousands of faults: the first hundreds are enough to mend it."""
    if len(lines) < MOST_TOLD:
        lines.append(line)
    elif len(lines) == MOST_TOLD:
        lines.append("……后面还有")


def _csv(text: str) -> Table:
    """Cut by the delimiter of the first line alone: by another one, quoted lines would fall apart into thousands of rows."""
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    try:
        cells = [
            [cell_text(cell) for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        ]
    except csv.Error as error:
        raise ImportRefused(f"表格读不出来：{error}") from error
    if len(cells) > MAX_ROWS:
        raise ImportRefused(f"超过 {MAX_ROWS} 行；表下面的空行请删掉")
    width = max(map(len, cells), default=0)
    rows = tuple(tuple(row + [""] * (width - len(row))) for row in cells)
    return Table(None, rows, rows, rows, False)


def _head(table: Table, name: str) -> tuple[int, dict[str, int]] | None:
    """First row below the head, and the column of each name; the head is among the first rows."""
    for number, row in enumerate(table.rows[:10]):
        columns = {_NAMES[cell]: column for column, cell in enumerate(row) if cell in _NAMES}
        if "asked" in columns and ("key" in columns or "matter" in columns):
            return number + 1, columns
    return None


def _not_understood(tables: Sequence[Table], name: str) -> ImportRefused:
    return ImportRefused("没有认出表头。第一行要有“问法”，还要有“编号”或“事项”（可以再有“小节”“答复”）")


def _plain(text: str) -> str:
    return searchable("".join(text.split()).removeprefix("'"))


def _cell(value: str) -> str:
    """Text that no spreadsheet runs as a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value
