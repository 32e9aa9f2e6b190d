"""The form that finds a village's legal advisor: where do you live?"""

from __future__ import annotations

from rasa_sdk import Tracker

from actions.forms import Filled, Form
from actions.talk import focus_of, intent_of, text_of
from knowledge.answer import Knowledge
from knowledge.places.divisions import Place
from knowledge.records import Answer, Status

PLACE = "place"


class ValidateAdvisorForm(Form):
    """Slot ``place`` holds the code of the village or town."""

    form = "advisor_form"
    intent = "find_advisor"

    async def start(self, knowledge: Knowledge, tracker: Tracker) -> Filled:
        mentions = knowledge.places.find(text_of(tracker))
        known = knowledge.places.code.get(str(tracker.get_slot(PLACE)))
        if not mentions and known is not None and known.kind == "village":
            return Filled(knowledge.advisor_answers.of(known), {PLACE: known.code})
        if not mentions and not knowledge.advisors:
            return Filled(knowledge.advisor_answers.not_loaded())
        return self._found(knowledge, text_of(tracker), expected=False)

    async def take(self, knowledge: Knowledge, tracker: Tracker) -> Filled | None:
        text, choices = text_of(tracker), focus_of(tracker).choices
        index = knowledge.release.catalogue.context.chosen(text, len(choices))
        if index is None and len(choices) == 1 and intent_of(tracker) == "affirm":
            index = 0
        if index is not None:
            text = choices[index]
        filled = self._found(knowledge, text, expected=True)
        return None if filled.answer.reason == "advisor-where" else filled

    def pending(self, knowledge: Knowledge, tracker: Tracker, again: bool) -> Answer:
        return knowledge.advisor_answers.where()

    def left(self, knowledge: Knowledge) -> Answer:
        return knowledge.status("advisor-left")

    def _found(self, knowledge: Knowledge, text: str, expected: bool) -> Filled:
        mentions = knowledge.places.find(text, expected=expected)
        answer = knowledge.advisor_answers.answer(mentions)
        if answer.status is Status.CLARIFY:
            return Filled(answer, {PLACE: None}, PLACE)
        places = [mention.place for mention in mentions if not mention.outside]
        return Filled(answer, {PLACE: _code(places)})


def _code(places: list[Place | None]) -> str | None:
    return next((place.code for place in places if place is not None), None)
