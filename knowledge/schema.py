"""The base of all records that come from files, and the one error for files that break their schema."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Text = Annotated[str, Field(min_length=1)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class ContentError(ValueError):
    """A content file breaks the schema; the message holds one line per fault: ``file:line: what is wrong``."""


class Row(BaseModel):
    """Base of all content records: unknown keys are refused, values never change.

    Fields are also taken by their own name where a file calls them otherwise: a release is written by names.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Dated(Row):
    """A record that is used from ``valid_from`` to ``valid_until`` only, both days included; None limits nothing."""

    valid_from: date | None = None
    valid_until: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_from is not None and self.valid_until is not None and self.valid_from > self.valid_until:
            raise ValueError("valid_from is after valid_until")
        return self


class Basis(Row):
    """What a statement rests on: an article of a law, words of the report, or another named source. Exactly one."""

    law: str | None = None
    article: str | None = None
    report: str | None = None
    source: str | None = None
    issuer: str | None = None
    date: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Basis:
        if sum(value is not None for value in (self.law, self.report, self.source)) != 1:
            raise ValueError("give exactly one of law, report or source")
        if (self.law is None) != (self.article is None):
            raise ValueError("law and article go together")
        if self.source is not None and self.date is None:
            raise ValueError("a source needs its date")
        return self


class RouteRef(Row):
    """A door by the id of its channel card, and why this door for this matter; the card's source stands for ``basis``."""

    door: Text
    why: Text
    basis: Basis | None = None
