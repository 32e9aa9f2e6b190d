"""What the forms have in common. Rasa calls ``validate_<form>`` at each of its turns, and that call does everything: it
reads the reply, asks the next question or answers what was asked in between, in exactly one answer and one action call.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.talk import (
    Events,
    confidence_of,
    focus_of,
    handover,
    intent_of,
    remember,
    replied,
    say,
    text_of,
    with_offer,
)
from knowledge import live
from knowledge.answer import Knowledge
from knowledge.context.focus import MISSES, Focus
from knowledge.context.talk import converse
from knowledge.passages import searchable
from knowledge.records import Answer, Status

# So often in a row something else is said before the form stops asking.
PATIENCE = 3
SURE_PERSON = 0.5
WANTS_A_PERSON = ("talk_to_person", "call_back")


@dataclass(frozen=True, slots=True)
class Filled:
    """What a message made of the form: what is said now, the slots, and the slot asked for next (None: the form ends)."""

    answer: Answer
    slots: dict[str, Any] = field(default_factory=dict)
    asked: str | None = None


class Form(Action, ABC):
    """One form. ``remember``-ed slots survive it, so it can be taken up again."""

    form: str
    intent: str
    heeds_danger = True
    # Facets of questions that are no wish to begin: they are answered.
    informing: frozenset[str] = frozenset({"bring", "deadline", "cost"})

    def name(self) -> str:
        return f"validate_{self.form}"

    @abstractmethod
    async def start(self, knowledge: Knowledge, tracker: Tracker) -> Filled:
        """The form begins, or goes on after it was left."""

    @abstractmethod
    async def take(self, knowledge: Knowledge, tracker: Tracker) -> Filled | None:
        """What the message fills in or changes; None when it is something else."""

    @abstractmethod
    def pending(self, knowledge: Knowledge, tracker: Tracker, again: bool) -> Answer:
        """The open question; ``again`` when the reply to it was not understood."""

    @abstractmethod
    def left(self, knowledge: Knowledge) -> Answer:
        """What is said when the resident has enough."""

    def informs(self, knowledge: Knowledge, tracker: Tracker) -> bool:
        """Does the message that began the form only ask about something?"""
        message = knowledge.release.catalogue.context.read(searchable(text_of(tracker)))
        return bool(self.informing & set(message.facets)) or (message.bare and message.phones)

    def wants_a_person(self, tracker: Tracker) -> bool:
        """At once, whatever the form asked."""
        return intent_of(tracker) in WANTS_A_PERSON and confidence_of(tracker) >= SURE_PERSON

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        knowledge, focus = live.knowledge(), focus_of(tracker)
        strayed = 0
        if _begins(tracker, self.form) and self.informs(knowledge, tracker):
            reply = with_offer(knowledge, await asyncio.to_thread(converse, knowledge, text_of(tracker), focus))
            filled, focus = Filled(reply.answer), reply.focus
        elif _begins(tracker, self.form):
            filled = await self.start(knowledge, tracker)
        elif self.wants_a_person(tracker):
            filled = Filled(handover(knowledge))
        elif knowledge.legal_aid.leaves(text_of(tracker)):
            filled = Filled(self.left(knowledge))
        else:
            filled, strayed, focus = await self._reply(knowledge, tracker, focus)
        say(dispatcher, filled.answer)
        slots = {"strayed": float(strayed), **filled.slots, "requested_slot": filled.asked}
        focus = replace(focus, choices=filled.answer.follow_ups, misses=0)
        return [*(SlotSet(name, value) for name, value in slots.items()), *remember(tracker, focus)]

    async def _reply(self, knowledge: Knowledge, tracker: Tracker, focus: Focus) -> tuple[Filled, int, Focus]:
        taken = await self.take(knowledge, tracker)
        if taken is not None:
            if self.heeds_danger and intent_of(tracker) == "crisis" and confidence_of(tracker) >= SURE_PERSON:
                taken = replace(taken, answer=knowledge.behind_caution(taken.answer))
            return taken, 0, focus
        if intent_of(tracker) == self.intent and confidence_of(tracker) >= SURE_PERSON:
            answer = self.pending(knowledge, tracker, again=False)
            return Filled(answer, asked=str(tracker.get_slot("requested_slot"))), 0, focus
        strayed = int(tracker.get_slot("strayed") or 0) + 1
        reply = await asyncio.to_thread(replied, knowledge, tracker)
        helped = reply.answer.reason not in MISSES
        if strayed >= PATIENCE:
            return Filled(reply.answer if helped else self.left(knowledge)), 0, reply.focus
        asked = str(tracker.get_slot("requested_slot"))
        if reply.answer.status is Status.CRISIS:
            return Filled(reply.answer, asked=asked), 0, focus
        question = self.pending(knowledge, tracker, again=not helped)
        answer = _interrupted(knowledge, reply.answer, question) if helped else question
        return Filled(answer, asked=asked), strayed, reply.focus if helped else focus


def _begins(tracker: Tracker, form: str) -> bool:
    """Was the form started by this message?"""
    for event in reversed(tracker.events):
        if event.get("event") == "active_loop" and event.get("name") == form:
            return True
        if event.get("event") == "user":
            return False
    return False


def _interrupted(knowledge: Knowledge, answer: Answer, question: Answer) -> Answer:
    """The answer to what was asked in between, and the open question again behind it."""
    row = knowledge.status("asked-again")
    return replace(
        answer,
        text=row.text.format(text=answer.text, question=question.text),
        follow_ups=question.follow_ups,
    )
