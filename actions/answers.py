"""Actions that answer: each puts exactly one ``{"answer": …}`` into the reply, which the service stores and shows."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.talk import (
    SMALL_TALK,
    TOLD_ONCE,
    Events,
    confidence_of,
    focus_of,
    handover,
    intent_of,
    remember,
    say,
    small_talk,
    text_of,
    with_offer,
)
from knowledge import live
from knowledge.answer import Knowledge
from knowledge.context.talk import converse


class ActionAnswer(Action):
    """Any question, in the light of the talk before it: answer with sources, ask back or say that nothing was found."""

    def name(self) -> str:
        return "action_answer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        knowledge, text = live.knowledge(), text_of(tracker)
        reply = await asyncio.to_thread(converse, knowledge, text, focus_of(tracker))
        reply = with_offer(knowledge, reply)
        say(dispatcher, reply.answer)
        return [*remember(tracker, reply.focus), *_place(knowledge, tracker, text)]


class ActionSmallTalk(Action):
    """Greeting, thanks, complaints and the like; a question hidden in one is answered instead."""

    def name(self) -> str:
        return "action_small_talk"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        knowledge, intent = live.knowledge(), intent_of(tracker)
        known = intent if intent in (*SMALL_TALK, *TOLD_ONCE) else "help"
        text, focus, confidence = text_of(tracker), focus_of(tracker), confidence_of(tracker)
        reply = await asyncio.to_thread(small_talk, knowledge, text, known, focus, confidence)
        say(dispatcher, reply.answer)
        return remember(tracker, reply.focus)


class ActionHandover(Action):
    """The resident wants a person: the numbers where people answer, and a call back where that is set up."""

    def name(self) -> str:
        return "action_handover"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        answer = handover(live.knowledge())
        say(dispatcher, answer)
        return remember(tracker, replace(focus_of(tracker), misses=0, choices=answer.follow_ups))


class ActionCrisis(Action):
    """Danger that the word lists of the service did not see but the intent classifier did."""

    def name(self) -> str:
        return "action_crisis"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        answer = await asyncio.to_thread(live.knowledge().with_caution, text_of(tracker), confidence_of(tracker))
        say(dispatcher, answer)
        focus = focus_of(tracker)
        return remember(tracker, focus.after(answer, text_of(tracker), text_of(tracker), ()))


def _place(knowledge: Knowledge, tracker: Tracker, text: str) -> Events:
    """The village of the district that was named beyond doubt, for the form that finds its advisor."""
    for mention in knowledge.places.find(text):
        place = mention.place
        if place is not None and place.kind == "village" and not mention.ask:
            return [SlotSet("place", place.code)] if tracker.get_slot("place") != place.code else []
    return []
