"""The form of a call back: agree first, then leave a number. The number itself never comes here (bot.conversations.callbacks)."""

from __future__ import annotations

from dataclasses import replace

from rasa_sdk import Tracker

from actions.forms import Filled, Form
from actions.talk import intent_of, text_of
from bot.conversations import callbacks
from bot.conversations.numbers import MOBILE
from bot.conversations.privacy import LABELS
from knowledge.answer import Knowledge
from knowledge.passages import searchable
from knowledge.records import Answer

CONSENT, CONTACT = "callback_consent", "callback_contact"


class ValidateCallbackForm(Form):
    """Slot ``callback_consent`` says that the resident agreed, ``callback_contact`` the masked number that was kept."""

    form = "callback_form"
    intent = "call_back"
    heeds_danger = False
    informing = frozenset({"bring", "deadline", "cost", "where", "who"})

    def wants_a_person(self, tracker: Tracker) -> bool:
        """Not the message that holds the number: 我的号码是〔手机号已隐藏〕 sounds like it."""
        return LABELS[MOBILE] not in text_of(tracker) and super().wants_a_person(tracker)

    async def start(self, knowledge: Knowledge, tracker: Tracker) -> Filled:
        if callbacks.current() is None:
            return Filled(knowledge.status("callback-off"))
        return Filled(knowledge.status("callback-consent"), {CONSENT: None, CONTACT: None}, CONSENT)

    async def take(self, knowledge: Knowledge, tracker: Tracker) -> Filled | None:
        said, intent, words = searchable(text_of(tracker)), intent_of(tracker), knowledge.legal_aid.content.reading
        agrees = said in words.yes or said in knowledge.status("callback-consent").follow_ups[:1]
        if said in words.no or (intent == "deny" and not agrees):
            return Filled(self.left(knowledge))
        if tracker.get_slot("requested_slot") == CONSENT:
            if agrees or intent == "affirm":
                return Filled(knowledge.status("callback-number"), {CONSENT: True}, CONTACT)
            if LABELS[MOBILE] in text_of(tracker):  # a number before the yes: it was not kept, and is no question
                return Filled(knowledge.status("callback-agree-first"), asked=CONSENT)
            return None
        requests = callbacks.current()
        shown = None if requests is None else await requests.keep(tracker.sender_id)
        if shown is None:
            return None
        row = knowledge.status("callback-kept")
        return Filled(_filled(row, shown), {CONTACT: shown})

    def pending(self, knowledge: Knowledge, tracker: Tracker, again: bool) -> Answer:
        agreed = tracker.get_slot("requested_slot") == CONTACT
        return knowledge.status("callback-number" if agreed else "callback-open")

    def left(self, knowledge: Knowledge) -> Answer:
        return knowledge.status("callback-left")


def _filled(row: Answer, shown: str) -> Answer:
    return replace(row, text=row.text.format(number=shown))
