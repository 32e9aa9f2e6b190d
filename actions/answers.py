"""Actions that answer: each puts exactly one ``{"answer": …}`` into the reply, which the service stores and shows."""

from __future__ import annotations

import asyncio
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from knowledge import live
from knowledge.records import Answer

# Rules send these intents here; the texts are rows of the status table.
SMALL_TALK = {"greet": "greet", "goodbye": "goodbye", "thanks": "thanks", "help": "help", "who_are_you": "who-are-you"}


def _say(dispatcher: CollectingDispatcher, answer: Answer) -> list[dict[str, Any]]:
    dispatcher.utter_message(json_message={"answer": answer.to_dict()})
    return []


def _text(tracker: Tracker) -> str:
    return str(tracker.latest_message.get("text") or "")


class ActionAnswer(Action):
    """Any question: search, weigh the evidence, answer with sources, ask back or say that nothing was found."""

    def name(self) -> str:
        return "action_answer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        answer = await asyncio.to_thread(live.knowledge().answer, _text(tracker))
        return _say(dispatcher, answer)


class ActionSmallTalk(Action):
    """Greeting, thanks, help and the like; a question hidden in one is answered instead."""

    def name(self) -> str:
        return "action_small_talk"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        knowledge = live.knowledge()
        answer = await asyncio.to_thread(knowledge.sure_answer, _text(tracker))
        if answer is None:
            answer = knowledge.status(SMALL_TALK.get(tracker.get_intent_of_latest_message() or "", "help"))
        return _say(dispatcher, answer)


class ActionHandover(Action):
    """The resident wants a person: the numbers where people answer."""

    def name(self) -> str:
        return "action_handover"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        return _say(dispatcher, live.knowledge().status("handover"))


class ActionCrisis(Action):
    """Danger that the word lists of the service did not see but the intent classifier did."""

    def name(self) -> str:
        return "action_crisis"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        confidence = float((tracker.latest_message.get("intent") or {}).get("confidence") or 0.0)
        answer = await asyncio.to_thread(live.knowledge().with_caution, _text(tracker), confidence)
        return _say(dispatcher, answer)
