"""The villages, communities and towns of the district, and places elsewhere: ``content/divisions.csv`` and ``outside.csv``."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationError

from knowledge.schema import ContentError, Row, Text

DIVISIONS_FILE, OUTSIDE_FILE = "divisions.csv", "outside.csv"
Kind = Literal["village", "town", "outside"]
Code = Annotated[str, Field(pattern=r"^\d{12}$")]


class DivisionRow(Row):
    """One village or community as the statistics office lists it; ``aliases`` are short names of 2021, ``;`` between."""

    code: Code
    official_name: Text
    short_name: Text
    type: Literal["村", "社区"]
    town_code: Code
    town: Text
    town_type: Literal["街道", "镇", "乡"]
    statistics_county: Text
    aliases: str
    date: Text


class OutsideRow(Row):
    """A place outside the district; ``within`` names what it belongs to, empty for provinces."""

    code: Annotated[str, Field(pattern=r"^\d{2,12}$")]
    name: Text
    short_name: Text
    level: Literal["省级", "地级", "县级", "乡级", "村"]
    within: str
    date: Text


@dataclass(frozen=True, slots=True)
class Place:
    """A place that can be meant. ``name`` is as residents read it (东街社区), ``short`` is bare (东街); ``within`` is the town
    of a village, what a place elsewhere belongs to, empty for a town. ``code`` is that of the statistics office."""

    code: str
    name: str
    short: str
    kind: Kind
    within: str = ""
    level: str = ""

    @property
    def label(self) -> str:
        """Name with what it lies in: 水冶镇东街社区, 安阳市文峰区."""
        return f"{self.within}{self.name}"

    @property
    def question(self) -> str:
        """Words that name this place and no other; :meth:`Places.find` proves it for every place (tested)."""
        return f"{self.within} {self.name}".strip()


@dataclass(frozen=True, slots=True)
class Divisions:
    """All places, in the order of the files; ``aliases`` are other short names by code."""

    villages: tuple[Place, ...]
    towns: tuple[Place, ...]
    outside: tuple[Place, ...]
    aliases: dict[str, tuple[str, ...]]

    def by_code(self) -> dict[str, Place]:
        return {place.code: place for place in (*self.villages, *self.towns, *self.outside)}


def load_divisions(folder: Path) -> Divisions:
    """Both tables below ``folder``. ContentError names file and line of every fault."""
    rows = list(_rows(folder / DIVISIONS_FILE, DivisionRow))
    towns = {row.town_code: Place(row.town_code, row.town, _bare(row.town, row.town_type), "town") for row in rows}
    return Divisions(
        villages=tuple(_village(row) for row in rows),
        towns=tuple(towns.values()),
        outside=tuple(
            Place(row.code, row.name, row.short_name, "outside", row.within, row.level)
            for row in _rows(folder / OUTSIDE_FILE, OutsideRow)
        ),
        aliases={row.code: tuple(row.aliases.split(";")) for row in rows if row.aliases},
    )


def _village(row: DivisionRow) -> Place:
    ending = "社区" if row.type == "社区" else "村"
    name = row.short_name if row.short_name.endswith("村") and row.type == "村" else row.short_name + ending
    return Place(row.code, name, row.short_name, "village", row.town)


def _bare(town: str, kind: str) -> str:
    return town.removesuffix(kind)


R = TypeVar("R", DivisionRow, OutsideRow)


def _rows(path: Path, kind: type[R]) -> Iterator[R]:
    faults, codes = [], set()
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        for cells in reader:
            where = f"{path.name}:{reader.line_num}"
            try:
                row = kind.model_validate(cells)
            except ValidationError as error:
                faults += [f"{where}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
                continue
            if row.code in codes:
                faults.append(f"{where}: code {row.code} occurs more than once")
            codes.add(row.code)
            yield row
    if faults:
        raise ContentError("\n".join(faults))
