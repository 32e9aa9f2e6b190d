"""The form of the legal-aid pre-check: at most seven short questions, each with quick replies."""

from __future__ import annotations

from rasa_sdk import Tracker

from actions.forms import Filled, Form
from actions.talk import text_of
from knowledge.answer import Knowledge
from knowledge.records import Answer

SAID, OUTCOME = "legal_aid", "legal_aid_outcome"


class ValidateLegalAidForm(Form):
    """Slot ``legal_aid`` holds the replies so far, ``legal_aid_outcome`` what they came to."""

    form = "legal_aid_form"
    intent = "check_legal_aid"

    def informs(self, knowledge: Knowledge, tracker: Tracker) -> bool:
        asked = knowledge.release.catalogue.context.about_aid
        return super().informs(knowledge, tracker) or any(word in text_of(tracker) for word in asked)

    async def start(self, knowledge: Knowledge, tracker: Tracker) -> Filled:
        check, said = knowledge.legal_aid, _said(tracker)
        if said and check.next_question(said) is not None:
            return Filled(check.ask(said, "legal-aid-resumed"), {SAID: said, OUTCOME: None}, OUTCOME)
        step = check.take(text_of(tracker), {})
        return _next(knowledge, step.answers if step is not None and step.did == "answered" else {})

    async def take(self, knowledge: Knowledge, tracker: Tracker) -> Filled | None:
        step = knowledge.legal_aid.take(text_of(tracker), _said(tracker))
        if step is None or step.did == "left":
            return None
        return _next(knowledge, step.answers, "legal-aid-corrected" if step.did == "corrected" else "legal-aid-asking")

    def pending(self, knowledge: Knowledge, tracker: Tracker, again: bool) -> Answer:
        return knowledge.legal_aid.ask(_said(tracker), "legal-aid-not-understood" if again else "legal-aid-open")

    def left(self, knowledge: Knowledge) -> Answer:
        return knowledge.legal_aid.left()


def _next(knowledge: Knowledge, said: dict[str, str], reason: str = "legal-aid-asking") -> Filled:
    check = knowledge.legal_aid
    if check.next_question(said) is not None:
        return Filled(check.ask(said, reason), {SAID: said, OUTCOME: None}, OUTCOME)
    return Filled(check.result(said), {SAID: None, OUTCOME: check.level(said)})


def _said(tracker: Tracker) -> dict[str, str]:
    said = tracker.get_slot(SAID)
    return {str(key): str(value) for key, value in said.items()} if isinstance(said, dict) else {}
