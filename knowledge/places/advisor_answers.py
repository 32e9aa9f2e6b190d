"""Answers about the legal advisor of a village: cards, what to do without them, and questions back.

Pure: the same places and directories give the same answers. All words come from ``statuses.yml`` and ``place_words.yml``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from knowledge.catalogue import Catalogue
from knowledge.passages import Citer, merged, tel
from knowledge.places.advisors import STALE_DAYS, Advisor, Advisors
from knowledge.places.divisions import Place
from knowledge.places.find import Mention, Places
from knowledge.places.settle import FORMER_COUNTY
from knowledge.records import Answer, Citation, Route

MOST_CARDS = 3
MOST_CHOICES = 6
# The guide that says how to find an advisor: its sources stand behind the answers without a card.
_HOW_TO_FIND = "village-advisor/steps"


class AdvisorAnswers:
    """Says who advises a village. ``stale_days`` is the setting ``advisor_stale_days``."""

    def __init__(
        self,
        places: Places,
        advisors: Advisors,
        catalogue: Catalogue,
        citer: Citer,
        status: Callable[[str], Answer],
        today: Callable[[], date] = date.today,
        stale_days: int = STALE_DAYS,
    ) -> None:
        self._places = places
        self._advisors = advisors
        self._status = status
        self._today = today
        self._stale_days = stale_days
        self._phrases = places.phrases
        guides = {f"{guide.id}/{section.id}": (guide, section) for guide, section in catalogue.sections()}
        self._matter: str | None = None
        self._how: tuple[Citation, ...] = ()
        if _HOW_TO_FIND in guides:
            guide, section = guides[_HOW_TO_FIND]
            self._matter = guide.matter
            self._how = merged(cited for row in section.statements for cited in citer.statement(row))

    def answer(self, mentions: Sequence[Mention]) -> Answer:
        """For what :meth:`Places.find` found in the reply to "where do you live?"; asks when it found nothing."""
        inside = [mention for mention in mentions if not mention.outside]
        if not mentions:
            return self.where()
        if not inside:
            return self.outside(mentions[-1].candidates[0])
        candidates = tuple(dict.fromkeys(place for mention in inside for place in mention.candidates))
        if len(candidates) > 1:
            return self.which(candidates)
        if inside[0].ask:
            return self.guess(candidates[0])
        return self.of(candidates[0])

    def of(self, place: Place) -> Answer:
        """For one place that is known for sure: a village, a town, or a place elsewhere."""
        if place.kind == "outside":
            return self.outside(place)
        if not self._advisors:
            return self.not_loaded(place)
        return self.town(place) if place.kind == "town" else self._of_village(place)

    def where(self) -> Answer:
        """Asks where the resident lives."""
        return self._filled("advisor-where")

    def which(self, candidates: Sequence[Place]) -> Answer:
        """Asks which of several places is meant; each choice, sent back, names exactly one."""
        shown = candidates[:MOST_CHOICES]
        lines = "\n".join(self._phrases.row.format(place=place.label) for place in shown)
        return self._filled("advisor-which", tuple(place.question for place in shown), places=lines)

    def guess(self, place: Place) -> Answer:
        """Asks whether a misheard or mistyped name was understood."""
        return self._filled("advisor-guess", (place.question,), place=place.label)

    def town(self, town: Place) -> Answer:
        """Only a town was named: asks for the village; few villages are offered."""
        villages = self._places.villages_of(town)
        choices = tuple(place.question for place in villages) if len(villages) <= MOST_CHOICES else ()
        return self._filled("advisor-town", choices, town=town.name)

    def outside(self, place: Place) -> Answer:
        """A place outside the district; of the county that the district's towns belonged to, asks for the town."""
        if place.code == FORMER_COUNTY:
            return self._filled("advisor-former-county")
        return self._filled("advisor-outside", place=place.label)

    def not_loaded(self, place: Place | None = None) -> Answer:
        """No directory was imported: says so, and how to find the advisor; of a ``place``, in its own town."""
        return self._how_to_find("advisor-not-loaded", place)

    def every(self) -> Iterator[tuple[str, Answer]]:
        """Every answer that the directories can give, with a key for each."""
        for code in self._advisors.villages:
            if code in self._places.code:
                yield f"advisor:{code}", self.of(self._places.code[code])

    def _of_village(self, village: Place) -> Answer:
        found = self._advisors.advisors_of(village.code)[:MOST_CARDS]
        if not found:
            return self._how_to_find("advisor-not-listed", village)
        stale = all(advisor.stale(self._today(), self._stale_days) for advisor in found)
        answer = self._filled(
            "advisor-stale" if stale else "advisor-card",
            place=village.label,
            cards="\n".join(map(self._card, found)),
            day=str(found[0].confirmed),
        )
        doors = tuple(door for advisor in found for door in self._doors(advisor, village))
        return replace(answer, routes=doors + answer.routes, citations=merged(map(self._cite, found)))

    def _how_to_find(self, reason: str, place: Place | None) -> Answer:
        named = place.label if place else self._phrases.here
        town = (place.within or place.name) if place else self._phrases.some_town
        return replace(self._filled(reason, place=named, town=town), citations=self._how)

    def _card(self, advisor: Advisor) -> str:
        phrase = self._phrases.card if advisor.entry.phones else self._phrases.card_without_phone
        phones = "、".join(advisor.entry.phones)
        return phrase.format(advisor=self._called(advisor), phones=phones, day=advisor.confirmed)

    def _called(self, advisor: Advisor) -> str:
        office = "，".join(filter(None, (advisor.entry.role, advisor.entry.office)))
        phrase = self._phrases.advisor if office else self._phrases.advisor_alone
        return phrase.format(name=advisor.entry.name, office=office)

    def _doors(self, advisor: Advisor, village: Place) -> Iterator[Route]:
        """A door for each of the advisor's numbers, which the directory publishes; one without where it has none."""
        for phone in advisor.entry.phones or (None,):
            yield Route(
                kind="advisor",
                name=self._phrases.door.format(name=advisor.entry.name),
                number=phone,
                link=tel(phone) if phone else None,
                why=self._phrases.why.format(place=village.label),
                basis=self._phrases.basis.format(
                    issuer=advisor.source.issuer, title=advisor.source.title.strip("《》"), day=advisor.confirmed
                ),
            )

    def _cite(self, advisor: Advisor) -> Citation:
        source, entry = advisor.source, advisor.entry
        sheet = f"{entry.sheet} " if entry.sheet else ""
        phrase = self._phrases.note if source.source else self._phrases.note_alone
        return Citation(
            document=source.title,
            section=self._phrases.section.format(sheet=sheet, row=entry.row),
            issuer=source.issuer,
            date=str(source.published),
            quote=entry.quote,
            verbatim=True,
            note=phrase.format(day=entry.confirmed, source=source.source),
        )

    def _filled(self, reason: str, follow_ups: tuple[str, ...] = (), **marks: str) -> Answer:
        row = self._status(reason)
        return replace(row, text=row.text.format(**marks), follow_ups=follow_ups or row.follow_ups, matter=self._matter)
