"""One golden question asked: what was given, why, and what of it is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from knowledge.answer import Knowledge
from knowledge.catalogue import Catalogue
from knowledge.evaluate.golden import CHANNEL, Golden
from knowledge.records import Answer, Status
from knowledge.search import SCOPE

TOP = 3
QUOTE, TALK = "document:", "talk:"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A target that search offered, with its evidence."""

    key: str
    group: str
    probability: float
    question: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A judged answer. A judgement is None where the row does not ask for it.

    ``matter`` is the group of the guide or card that answered, ``document:<id>`` for a quoted sentence,
    ``talk:<reason>`` for small talk, None when nothing was answered. ``first_right`` tells whether the best target was right, whatever was then answered.
    """

    row: Golden
    answer: Answer
    matter: str | None
    door: str | None
    top: tuple[Candidate, ...]
    status_ok: bool
    matter_ok: bool | None
    section_ok: bool | None
    door_ok: bool | None
    figures_ok: bool | None
    never_ok: bool | None
    first_right: bool | None

    @property
    def good(self) -> bool:
        """Nothing that was judged about status, matter, section and text is wrong; the door is measured apart."""
        judged = (self.status_ok, self.matter_ok, self.section_ok, self.figures_ok, self.never_ok)
        return False not in judged

    @property
    def given(self) -> str:
        """For people: the matter, or the status when there is none."""
        return self.matter or f"({self.answer.status.value})"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready row of rows.jsonl."""
        return {
            **self.row.model_dump(mode="json"),
            "given": {
                "status": self.answer.status.value,
                "reason": self.answer.reason,
                "matter": self.matter,
                "door": self.door,
                "text": self.answer.text,
            },
            "right": {
                "good": self.good,
                "status": self.status_ok,
                "matter": self.matter_ok,
                "section": self.section_ok,
                "door": self.door_ok,
                "figures": self.figures_ok,
                "never": self.never_ok,
            },
            "top": [
                {"key": item.key, "probability": round(item.probability, 4), "question": item.question}
                for item in self.top
            ],
        }


class Judge:
    """Asks golden questions and judges the answers by the names of one catalogue."""

    def __init__(self, knowledge: Knowledge) -> None:
        catalogue: Catalogue = knowledge.release.catalogue
        self._knowledge = knowledge
        self._door_names: Mapping[str, str] = {row.id: row.name for row in catalogue.channels}
        self._groups: dict[str, list[str]] = {}
        for guide in catalogue.guides:
            self._groups.setdefault(guide.matter, []).append(f"guide:{guide.id}")
        for row in catalogue.channels:
            self._groups.setdefault(row.name, []).append(CHANNEL + row.id)

    def ask(self, row: Golden) -> Outcome:
        """Ask ``row`` and judge the answer."""
        answer = self._knowledge.answer(row.q)
        top = tuple(
            Candidate(item.target.key, item.target.group, item.probability, item.question)
            for item in self._knowledge.search(row.q).targets[:TOP]
        )
        matter = self._matter(answer, top)
        door = answer.routes[0].name if answer.routes else None
        figures_ok = all(figure in answer.text for figure in row.figures) if row.figures else None
        return Outcome(
            row=row,
            answer=answer,
            matter=matter,
            door=door,
            top=top,
            status_ok=answer.status in row.status,
            matter_ok=self._matter_ok(row, matter, figures_ok),
            section_ok=_section_ok(row, matter, top),
            door_ok=door in {self._door_names.get(key) for key in row.doors} if row.doors else None,
            figures_ok=figures_ok,
            never_ok=not any(words in answer.text for words in row.never) if row.never else None,
            first_right=_first_right(row, top),
        )

    def _matter(self, answer: Answer, top: tuple[Candidate, ...]) -> str | None:
        """An answer names its matter for residents; guides that share one name are told apart by the best target."""
        if answer.status is not Status.ANSWERED:
            return None
        if answer.matter is None:
            place = answer.citations[0].passage_id if answer.citations else None
            return QUOTE + place.partition("/")[0] if place else TALK + answer.reason
        groups = self._groups[answer.matter]
        return top[0].group if top and top[0].group in groups else groups[0]

    def _matter_ok(self, row: Golden, matter: str | None, figures_ok: bool | None) -> bool | None:
        if matter is None or not row.guides:
            return None
        # A quoted sentence belongs to no guide; it is right where the figures prove that it is the right sentence.
        if matter.startswith(QUOTE):
            return row.kind == "report" and bool(figures_ok)
        return matter in row.groups


def _section_ok(row: Golden, matter: str | None, top: tuple[Candidate, ...]) -> bool | None:
    """Judged where a guide answered: did it say the part that was asked for?"""
    if not row.sections or matter is None or not matter.startswith("guide:") or not top:
        return None
    return top[0].key.removeprefix("guide:") in row.sections


def _first_right(row: Golden, top: tuple[Candidate, ...]) -> bool | None:
    """Not judged for danger, which never comes to search; a scope note is right for what we must not answer."""
    if row.kind == "crisis" or not top:
        return None
    return top[0].group in row.groups or (row.silent and top[0].key.startswith(SCOPE))
