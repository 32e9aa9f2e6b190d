"""What all actions share: the talk as Rasa's slots keep it, and the one answer that each of them gives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.conversations import callbacks
from knowledge.answer import Knowledge
from knowledge.context.focus import Focus, focus_from_dict
from knowledge.context.talk import Reply, converse
from knowledge.passages import searchable
from knowledge.records import Answer, Status

CALL_ME_BACK = "请工作人员给我回电话"
SURE_INTENT = 0.5
# Nobody is told to calm down for a word that we do not know.
SURE_ABUSE = 0.7
# Kinds of message whose fixed texts are told once in full, then shortly.
TOLD_ONCE = {"complain": ("complaint", "complaint-again"), "abuse": ("abuse", "abuse-again")}
SMALL_TALK = {
    "greet": "greet",
    "goodbye": "goodbye",
    "thanks": "thanks",
    "affirm": "thanks",
    "help": "help",
    "who_are_you": "who-are-you",
}

Events = list[dict[str, Any]]


def text_of(tracker: Tracker) -> str:
    return str(tracker.latest_message.get("text") or "")


def intent_of(tracker: Tracker) -> str:
    """Name of the intent, nlu_fallback included: the SDK's own method would tell the doubtful one behind it."""
    return str((tracker.latest_message.get("intent") or {}).get("name") or "")


def confidence_of(tracker: Tracker) -> float:
    return float((tracker.latest_message.get("intent") or {}).get("confidence") or 0.0)


def focus_of(tracker: Tracker) -> Focus:
    """The talk so far, from the slots ``matter``, ``misses`` and ``talk``."""
    kept = tracker.get_slot("talk")
    matter, misses = tracker.get_slot("matter"), tracker.get_slot("misses")
    return focus_from_dict({**(kept if isinstance(kept, dict) else {}), "matter": matter, "misses": misses})


def remember(tracker: Tracker, focus: Focus) -> Events:
    """Slots that changed."""
    kept = focus.to_dict()
    new = {"matter": kept.pop("matter", None), "misses": float(kept.pop("misses", 0)), "talk": kept or None}
    return [SlotSet(name, value) for name, value in new.items() if tracker.get_slot(name) != value]


def say(dispatcher: CollectingDispatcher, answer: Answer) -> None:
    dispatcher.utter_message(json_message={"answer": answer.to_dict()})


def replied(knowledge: Knowledge, tracker: Tracker) -> Reply:
    """The answer to whatever was said, small talk included; runs in a worker thread."""
    focus, text, intent = focus_of(tracker), text_of(tracker), intent_of(tracker)
    if intent == "find_advisor" and confidence_of(tracker) >= SURE_INTENT:
        card = knowledge.advisor_answers.answer(knowledge.places.find(text))
        if card.status is not Status.CLARIFY:
            return Reply(card, focus)
    if confidence_of(tracker) < SURE_INTENT or intent not in (*SMALL_TALK, *TOLD_ONCE, "talk_to_person", "crisis"):
        return with_offer(knowledge, converse(knowledge, text, focus))
    if intent == "talk_to_person":
        return Reply(handover(knowledge), replace(focus, misses=0))
    if intent == "crisis":
        return Reply(knowledge.with_caution(text, confidence_of(tracker)), focus)
    return small_talk(knowledge, text, intent, focus, confidence_of(tracker))


def small_talk(knowledge: Knowledge, text: str, intent: str, focus: Focus, confidence: float = 1.0) -> Reply:
    """The fixed text of ``intent``; a question hidden in the message, or one that goes on from before, is answered."""
    message = knowledge.release.catalogue.context.read(searchable(text))
    doubtful = intent in TOLD_ONCE and confidence < SURE_ABUSE
    if doubtful or knowledge.sure_answer(text) is not None:
        return with_offer(knowledge, converse(knowledge, text, focus))
    if not focus.empty and (message.facets or message.hours or message.phones):
        reply = converse(knowledge, text, focus)
        if reply.answer.target is not None:
            return with_offer(knowledge, reply)
    if intent in TOLD_ONCE:
        first, again = TOLD_ONCE[intent]
        reason = again if first in focus.told else first
        return Reply(knowledge.status(reason), replace(focus, told=tuple({*focus.told, first})))
    answer = knowledge.status(SMALL_TALK[intent])
    return Reply(answer, replace(focus, misses=0, choices=answer.follow_ups))


def handover(knowledge: Knowledge) -> Answer:
    """The numbers where people answer; a call back where an administrator has set that up."""
    row = knowledge.status("handover")
    return row if callbacks.current() is None else replace(row, follow_ups=(*row.follow_ups, CALL_ME_BACK))


def with_offer(knowledge: Knowledge, reply: Reply) -> Reply:
    """What the dialogue engine can do beside the guide that answered, as the first quick reply."""
    guide = (reply.answer.target or "").removeprefix("guide:").partition("/")[0]
    offer = knowledge.release.catalogue.context.offers.get(guide)
    if offer is None or reply.answer.reason != "answered":
        return reply
    offers = (offer, *reply.answer.follow_ups)[:4]
    return Reply(replace(reply.answer, follow_ups=offers), replace(reply.focus, choices=offers))
