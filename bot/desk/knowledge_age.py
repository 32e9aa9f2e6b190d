"""How fresh the published knowledge is, in words for pages and reports."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from bot.desk.knowledge_site import KIND_NAMES
from knowledge.catalogue import Catalogue
from knowledge.validity import OLD, SOON, Thing, things

AGES = ("三个月以内", "三个月到半年", "半年到一年", "超过一年")
NAMES = {kind: KIND_NAMES[kind] for kind in ("guide", "channel", "scope", "status", "law", "document")}
NAMES |= {"proofs": "证明事项清单", "advisors": "法律顾问名册", "hours.json": "服务时间"}


@dataclass(frozen=True, slots=True)
class Freshness:
    """Of one kind: how many there are, how long ago they were confirmed (counts in the order of AGES), how many run out soon,
    and how many are outside their dates and so not used."""

    kind: str
    total: int
    ages: tuple[int, ...]
    soon: int
    withdrawn: int


def freshness(catalogue: Catalogue, day: date) -> list[Freshness]:
    """One row for each kind that there is something of. What never bore a date counts in no age."""
    found = []
    every = list(things(catalogue))
    for kind, name in NAMES.items():
        own = [thing for thing in every if _kind(thing) == kind]
        if not own:
            continue
        ages = Counter(_age(day, thing.confirmed) for thing in own if thing.confirmed is not None)
        soon = sum(
            thing.valid(day) and thing.valid_until is not None and thing.valid_until <= day + SOON for thing in own
        )
        withdrawn = sum(not thing.valid(day) for thing in own)
        found.append(Freshness(name, len(own), tuple(ages[age] for age in AGES), soon, withdrawn))
    return found


def _kind(thing: Thing) -> str:
    """Imported documents by what they are, which their keys begin with."""
    return thing.key.partition("-")[0] if thing.kind == "import" else thing.kind


def _age(day: date, confirmed: date) -> str:
    days = (day - confirmed).days
    if days > OLD.days:
        return AGES[3]
    return AGES[0] if days <= 91 else AGES[1] if days <= 182 else AGES[2]
