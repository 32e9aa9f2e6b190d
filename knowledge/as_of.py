"""What of a release is valid on one day. Made anew at midnight, so that things withdraw themselves without a new release."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any

from knowledge.catalogue import Catalogue, Statement
from knowledge.hours.records import HoursTable
from knowledge.imported import AdvisorList, ProofList
from knowledge.passages import Citer
from knowledge.places.advisor_answers import AdvisorAnswers
from knowledge.places.advisors import Advisors
from knowledge.places.find import Places
from knowledge.proof_answers import ProofAnswers
from knowledge.records import Answer, Citation
from knowledge.validity import things, within


class AsOf:
    """The catalogue on ``day``. Safe to share between threads: nothing changes once it is worked out."""

    def __init__(
        self,
        day: date,
        catalogue: Catalogue,
        citer: Citer,
        places: Places,
        status: Callable[[str], Answer],
        today: Callable[[], date],
        stale_days: int,
    ) -> None:
        self.day = day
        self._citer = citer
        self._places = places
        self._status = status
        self._today = today
        self._stale_days = stale_days
        self._gone = {f"{row.kind}:{row.key}" for row in things(catalogue) if not row.valid(day)}
        cards = [card for card in catalogue.channels if f"channel:{card.id}" in self._gone]
        self._doors = {(card.name, card.number) for card in cards}
        numbers = [re.escape(card.number) for card in cards if card.number]
        self._numbers = re.compile(rf"(?<!\d)(?:{'|'.join(numbers)})(?!\d)") if numbers else None
        self._titles = {law.title for law in catalogue.laws if f"law:{law.name}" in self._gone}
        self._titles |= {row.title for row in catalogue.documents if f"document:{row.id}" in self._gone}
        lists = {
            "proof_lists": tuple(filter(None, (_proofs(each, day) for each in catalogue.proof_lists))),
            "advisor_lists": tuple(filter(None, (_advisors(each, day) for each in catalogue.advisor_lists))),
            "hours_tables": tuple(filter(None, (_hours(each, day) for each in catalogue.hours_tables))),
        }
        shipped = {row.reason: row for row in catalogue.stand_ins}
        always = tuple(
            row for row in catalogue.hours_words.always if row.basis.law is None or self.valid(f"law:{row.basis.law}")
        )
        changed: dict[str, Any] = lists | {
            "statuses": tuple(row if within(row, day) else shipped.get(row.reason, row) for row in catalogue.statuses),
            "hours_words": catalogue.hours_words.model_copy(update={"always": always}),
        }
        # Not copied: a copy keeps what was worked out for the rows before (cached properties).
        self.catalogue = Catalogue.model_construct(
            **{name: changed.get(name, getattr(catalogue, name)) for name in Catalogue.model_fields}
        )

    def valid(self, key: str) -> bool:
        """Is ``kind:key`` (a guide, card, scope note, law or document) within its dates?"""
        return key not in self._gone

    @cached_property
    def gone_questions(self) -> frozenset[str]:
        """Known questions of guides and cards that are outside their dates: nobody is led there."""
        rows = [
            *((f"guide:{guide.id}", section.questions) for guide, section in self.catalogue.sections()),
            *((f"channel:{card.id}", (card.name, *card.aliases, *card.questions)) for card in self.catalogue.channels),
        ]
        return frozenset(question for key, questions in rows if key in self._gone for question in questions)

    def names_gone_door(self, text: str) -> bool:
        """Does ``text`` say a number whose card is outside its dates?"""
        return self._numbers is not None and self._numbers.search(text) is not None

    def citations(self, statement: Statement) -> list[Citation]:
        """What the statement rests on, without laws and documents that are outside their dates."""
        return [row for row in self._citer.statement(statement) if row.document not in self._titles]

    def stands(self, statement: Statement) -> bool:
        """May it be told? Something valid must be left that it rests on, and it must not send to a door that is gone."""
        if self.names_gone_door(statement.text):
            return False
        return not self._titles or bool(self.citations(statement))

    def answer(self, answer: Answer) -> Answer:
        """``answer`` without doors that are gone."""
        if not self._doors:
            return answer
        kept = tuple(door for door in answer.routes if (door.name, door.number) not in self._doors)
        return answer if len(kept) == len(answer.routes) else replace(answer, routes=kept)

    @cached_property
    def proofs(self) -> ProofAnswers:
        return ProofAnswers(self.catalogue, self._citer, self._status)

    @cached_property
    def advisors(self) -> Advisors:
        return Advisors(self.catalogue.advisor_lists)

    @cached_property
    def advisor_answers(self) -> AdvisorAnswers:
        return AdvisorAnswers(
            self._places, self.advisors, self.catalogue, self._citer, self._status, self._today, self._stale_days
        )


def _proofs(source: ProofList, day: date) -> ProofList | None:
    """The list with the rows that are valid, None when it is not or none is."""
    rows = tuple(row for row in source.items if within(row, day)) if within(source, day) else ()
    return source.model_copy(update={"items": rows}) if rows else None


def _advisors(source: AdvisorList, day: date) -> AdvisorList | None:
    rows = tuple(row for row in source.entries if within(row, day)) if within(source, day) else ()
    return source.model_copy(update={"entries": rows}) if rows else None


def _hours(source: HoursTable, day: date) -> HoursTable | None:
    rows = tuple(row for row in source.doors if within(row, day)) if within(source, day) else ()
    return source.model_copy(update={"doors": rows}) if rows else None
