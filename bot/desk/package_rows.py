"""Rows of a package as records: checked one by one, in a form that does not depend on the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from bot.editing.entries import DRAFT, REPLACED, STATES, to_choose
from knowledge.entries import Entry, validated

Name = Annotated[str, Field(min_length=1, max_length=64)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Row(BaseModel):
    """One row. ``key`` tells rows apart in a table, ``called`` names it in a message; ``values`` go into the table."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    table: ClassVar[str]

    @property
    def key(self) -> tuple[str | int, ...]:
        raise NotImplementedError

    @property
    def called(self) -> str:
        raise NotImplementedError

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Self:
        return cls.model_validate({name: _utc(row[name]) for name in cls.model_fields})

    def values(self) -> dict[str, Any]:
        return self.model_dump()


def _utc(value: Any) -> Any:
    """Databases give times in zones of their own."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value


class PersonRow(Row):
    """Somebody on the duty table."""

    table: ClassVar[str] = "people"
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{1,31}$")]
    shown: Name

    @property
    def key(self) -> tuple[str | int, ...]:
        return (self.name,)

    @property
    def called(self) -> str:
        return f"人员 {self.name}"


class EntryRow(Row):
    """One version of an entry. What is not replaced must be a sound record of its kind."""

    table: ClassVar[str] = "entries"
    kind: Annotated[str, Field(max_length=16)]
    key_: Annotated[str, Field(alias="key", min_length=1, max_length=128)]
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    body: dict[str, Any] | None
    state: str
    author: Name
    reviewer: Name | None
    note: Annotated[str, Field(max_length=2_000)]
    created_at: AwareDatetime
    decided_at: AwareDatetime | None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.state not in STATES:
            raise ValueError(f"没有“{self.state}”这种状态")
        if self.state not in (DRAFT, REPLACED) and self.author == self.reviewer:
            raise ValueError("自己写的不能自己审")
        if self.state not in (DRAFT, REPLACED) and to_choose(self.body):
            raise ValueError("有段落还没有选用哪个")
        if self.state != REPLACED:
            validated(Entry(self.kind, self.key_, self.body))
        return self

    @property
    def key(self) -> tuple[str | int, ...]:
        return (self.kind, self.key_, self.version)

    @property
    def called(self) -> str:
        return f"{self.kind}:{self.key_} 第 {self.version} 版"

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Self:
        # Not checked: what another version of the software stored is taken along as it is.
        return cls.model_construct(**{name: _utc(row[name]) for name in row if name != "id"})

    def values(self) -> dict[str, Any]:
        return self.model_dump(by_alias=True)


class ShiftRow(Row):
    """One shift of the duty table."""

    table: ClassVar[str] = "duty"
    id: Id
    person: Name
    starts_at: AwareDatetime
    ends_at: AwareDatetime

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.starts_at >= self.ends_at:
            raise ValueError("结束比开始早")
        return self

    @property
    def key(self) -> tuple[str | int, ...]:
        return (self.id,)

    @property
    def called(self) -> str:
        return f"{self.person} 的值班"

    def values(self) -> dict[str, Any]:
        return self.model_dump(exclude={"person"})


class CannedRow(Row):
    """A canned reply."""

    table: ClassVar[str] = "canned"
    id: Id
    title: Name
    text: Annotated[str, Field(min_length=1, max_length=600)]

    @property
    def key(self) -> tuple[str | int, ...]:
        return (self.id,)

    @property
    def called(self) -> str:
        return f"常用语“{self.title}”"


KINDS: Mapping[str, type[Row]] = {row.table: row for row in (PersonRow, EntryRow, ShiftRow, CannedRow)}
NAMES = {"people": "人员", "entries": "知识条目", "duty": "值班表", "canned": "常用语"}
Table = Literal["people", "entries", "duty", "canned"]


def read_rows(table: str, body: bytes) -> list[Row]:
    """Rows of a file of the package. ValueError that names the table, the row and what is wrong, in Chinese."""
    kind: Any = KINDS[table]
    try:
        rows: list[Row] = TypeAdapter(list[kind]).validate_json(body)
    except ValidationError as error:
        fault = error.errors()[0]
        where = f"第 {int(fault['loc'][0]) + 1} 行" if fault["loc"] and isinstance(fault["loc"][0], int) else ""
        what = ".".join(str(step) for step in fault["loc"][1:])
        raise ValueError(f"{NAMES[table]}{where}不对（{what} {fault['msg']}）") from error
    if len({row.key for row in rows}) != len(rows):
        raise ValueError(f"{NAMES[table]}里有重复的行")
    return rows
