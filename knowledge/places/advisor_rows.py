"""The rows of a directory of advisors; every row is imported, skipped or refused, and each of the last two is told."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from knowledge.imported import AdvisorEntry
from knowledge.normalise import close_gaps, normalise
from knowledge.passages import digest
from knowledge.places.advisor_cells import AS_ABOVE, Fault, day_of, person_of, phones_of
from knowledge.places.advisor_columns import Header, field_of, find_header, not_understood
from knowledge.places.divisions import Place
from knowledge.places.register import Register, UnknownVillage
from knowledge.sources.files import ImportRefused
from knowledge.sources.tables import Table, under_headers

_TOTAL = re.compile(r"(?:合|总|共|小)\s*计")
_FOOTNOTE = re.compile(r"(?:注|备注|附注|说明|填表说明|填表人|制表人?|联系人)\s*[:：]")
_NOTHING = frozenset(("", "-", "—", "——", "－", "/", "\\", "无", "暂无", "未见", "空缺", "待定"))
_LONGEST = 300


@dataclass(slots=True)
class ParsedDirectory:
    """What one file gave: entries in order, and a line each for rows that were skipped, refused or read with a guess."""

    entries: list[AdvisorEntry] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def parse_directory(path: Path, list_id: str, register: Register, confirmed: date, today: date) -> ParsedDirectory:
    """Entries of the directory in ``path``; ``confirmed`` is the day for rows that do not say when they were confirmed.

    ImportRefused when the file is unsafe or damaged, its header is not understood, or no row can be used.
    """
    sheets, skipped = under_headers(path, find_header, not_understood)
    parsed = ParsedDirectory(skipped=skipped)
    seen: dict[tuple[str, str], str] = {}
    for table, header in sheets:
        _Rows(table, header, list_id, register, confirmed, today, parsed, seen).read()
    if not parsed.entries:
        raise ImportRefused("\n".join([f"{path.name}: 没有一行能导入 / no row can be imported", *parsed.refused]))
    return parsed


@dataclass(slots=True)
class _Rows:
    """Reads the rows of one sheet below its header into ``parsed``; ``seen`` has the place of each advisor and village."""

    table: Table
    header: Header
    list_id: str
    register: Register
    confirmed: date
    today: date
    parsed: ParsedDirectory
    seen: dict[tuple[str, str], str]
    town: str = ""

    def read(self) -> None:
        if self.header.unused:
            names = "、".join(self.header.unused)
            self.parsed.notes.append(f"没有用到的列，不保存 / columns not used, not kept: {names}")
        for row in range(self.header.below, len(self.table.rows)):
            cells = [cell for cell in self.table.rows[row] if cell]
            if not cells:
                continue
            why = self._not_an_entry(row, cells)
            if why is not None:
                self.parsed.skipped.append(f"{self._where(row)}: {why}")
                continue
            try:
                entry = self._entry(row)
            except (Fault, UnknownVillage) as error:
                self.parsed.refused.append(f"{self._where(row)}: {error}")
                continue
            self.parsed.entries.append(entry)

    def _where(self, row: int) -> str:
        sheet = f"{self.table.sheet} " if self.table.sheet else ""
        return f"{sheet}第 {row + 1} 行 / {sheet}row {row + 1}"

    def _not_an_entry(self, row: int, cells: list[str]) -> str | None:
        if all(field_of(cell) for cell in cells):
            return "又是表头，跳过 / the header again, skipped"
        if _TOTAL.match(cells[0]):
            return "合计行，跳过 / a total, skipped"
        if _FOOTNOTE.match(cells[0]):
            return "注释，跳过 / a footnote, skipped"
        if len(cells) == 1 and not self._value(row, "name") and not self._value(row, "villages"):
            return f"只有一格有字，当作分组或说明，跳过 / one cell only, skipped: {cells[0][:40]}"
        return None

    def _value(self, row: int, name: str) -> str:
        cells = self.table.filled[row]
        said = [cells[column] for column in self.header.fields.get(name, ()) if cells[column]]
        text = "\n".join(said) if name == "villages" else " ".join(" ".join(said).split())
        return "" if text.strip() in _NOTHING else text

    def _entry(self, row: int) -> AdvisorEntry:
        for name in self.header.fields:
            value = self._value(row, name)
            if value.startswith("=") and name != "number":
                raise Fault(f"是公式，不是文字，请粘贴为数值 / a formula, paste its value: {value[:40]}")
            if len(value) > _LONGEST:
                raise Fault(f"有一格超过 {_LONGEST} 个字 / a cell is longer than {_LONGEST} characters")
        person = person_of(self._value(row, "name"))
        villages = self._villages(row)
        confirmed = day_of(self._value(row, "confirmed"), self.today) or self.confirmed
        begins, ends = (day_of(self._value(row, name), date.max) for name in ("valid_from", "valid_until"))
        if begins is not None and ends is not None and begins > ends:
            raise Fault(f"从 {begins} 起，到 {ends} 止，反了 / begins after it ends")
        phones = tuple(phones_of(self._value(row, "phones")))
        if not phones:
            self.parsed.notes.append(f"{self._where(row)}: 没有电话，照收 / no telephone number, taken all the same")
        self._refuse_doubles(row, person, villages)
        return AdvisorEntry(
            id=digest(self.list_id, person, *(place.code for place in villages)),
            name=person,
            role=self._value(row, "role") or None,
            office=self._value(row, "office") or None,
            phones=phones,
            villages=tuple(place.code for place in villages),
            confirmed=confirmed,
            valid_from=begins,
            valid_until=ends,
            sheet=self.table.sheet,
            row=row + 1,
            quote=self._quote(row),
        )

    def _villages(self, row: int) -> tuple[Place, ...]:
        names, codes = self._value(row, "villages"), re.findall(r"[^\s、,，;；/]+", self._value(row, "code"))
        town = close_gaps(normalise(self._value(row, "town")))
        if not town and not self.table.merges_known and self.town and "town" in self.header.fields and not codes:
            town = self.town
            self.parsed.notes.append(
                f"{self._where(row)}: 乡镇空着，按上一行“{town}”算 / town empty, as in the row above"
            )
        self.town = town
        by_code = tuple(dict.fromkeys(self.register.by_code(code) for code in codes))
        if not by_code:
            if not names or names in AS_ABOVE:
                raise Fault("没有村（社区）名 / no village")
            return self.register.by_names(normalise(names), town)
        if names:
            self._agree(by_code, normalise(names), town)
        return by_code

    def _agree(self, by_code: tuple[Place, ...], names: str, town: str) -> None:
        """Where a row gives codes and names, both must mean the same villages."""
        try:
            named = self.register.by_names(names, town)
        except UnknownVillage:
            named = tuple(place for place in by_code if place.short in names)
        if set(named) != set(by_code):
            official = "、".join(place.label for place in by_code)
            raise Fault(f"代码和村名对不上：代码是{official}，写的是{names[:40]} / code and name differ")

    def _refuse_doubles(self, row: int, person: str, villages: tuple[Place, ...]) -> None:
        where = self._where(row)
        for place in villages:
            if (person, place.code) in self.seen:
                first = self.seen[person, place.code]
                raise Fault(f"重复：{person}在{place.label}已经有了（{first}） / the same advisor and village again")
        self.seen.update({(person, place.code): where for place in villages})

    def _quote(self, row: int) -> str:
        """The row's own words, of the columns that are understood only."""
        used = sorted(column for name, columns in self.header.fields.items() if name != "number" for column in columns)
        cells = self.table.filled[row]
        return "；".join(f"{self.header.labels[c]}：{' '.join(cells[c].split())}" for c in used if cells[c])
