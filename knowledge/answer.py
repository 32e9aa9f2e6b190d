"""From a question to an answer: one visible list of steps, each of which may end the list with a named status."""

from __future__ import annotations

import re
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property, lru_cache

from knowledge import validity
from knowledge.alarm import Alarm, alarm
from knowledge.as_of import AsOf
from knowledge.catalogue import Guide, RouteRef, Section
from knowledge.crisis import EMERGENCY, CrisisDetector
from knowledge.documents.answers import DocumentAnswers
from knowledge.documents.quotes import Quoter
from knowledge.embed import SHIPPED_NAME, Embedder
from knowledge.hours.answer import SHANGHAI, hours_answer
from knowledge.hours.asked import asks_hours
from knowledge.index import Vector
from knowledge.legal_aid.precheck import PreCheck
from knowledge.normalise import normalise
from knowledge.passages import merged, route, routes, searchable, targets
from knowledge.places.advisor_answers import AdvisorAnswers
from knowledge.places.advisors import STALE_DAYS, Advisors
from knowledge.places.find import shipped_places
from knowledge.records import Answer, Citation, Route, Status
from knowledge.release import Release
from knowledge.search import SCOPE, Found, FoundPassage, Scored
from knowledge.situations import laid_over
from knowledge.suggest import Suggester
from knowledge.surroundings import Surroundings, surroundings_of

CHOICES = 3
READINGS_KEPT = 256
SURE = 0.95
# What words like "where" count in a message of so few characters, for the sections they name (chosen like CLEARLY).
FEW_WORDS, ASKED = 12, 0.25
# What stands in the questions of so many guides, in so few characters, names no matter.
COMMON, FEW_CHARACTERS = 30, 4
# A note that denies must lead our own answers by so much (chosen on the fitted half of the golden questions).
CLEARLY = 0.1
_HAN = re.compile(r"[\u3400-\u9fff]")
# Signs, faces, and a number of one or two digits: no hotline is that short, and it picks nothing that was offered.
_WORDLESS = re.compile(r"[\W_]*(?:[0-9]{1,2}[\W_]*)?")
_NUMBER = re.compile(r"\d(?:[\d.,%-]*[\d%])?")
_LIST_MARK = re.compile(r"^\d+\. ", re.MULTILINE)
_ABOUT_REPORT = re.compile(r"报告|2021|二零二一|殷都区?|区里|全区|咱区|区(?:政府|法院|检察院|司法局)")
_OTHER_YEAR = re.compile(r"20(?:1\d|20|2[2-9])年?|今年|去年|前年|明年|现在")
_SURE_PASSAGE, _SHARED_WORDS = 0.875, 0.4


class Reading:
    """What the models make of one question in the form that is compared; each part is worked out when first asked for."""

    def __init__(self, release: Release, form: str, vector: Vector) -> None:
        self._release = release
        self.form = form
        self.vector = vector

    @cached_property
    def found(self) -> Found:
        return self._release.searcher.find(self.form, self.vector)

    @cached_property
    def risk(self) -> tuple[str | None, float]:
        """Kind and probability of danger."""
        return self._release.danger.judge(self.form, self.vector)


@dataclass(slots=True)
class Inquiry:
    """A question on its way through the steps."""

    text: str
    normal: str
    reading: Reading | None = None


class Knowledge:
    """A release and the model that reads questions: everything needed to answer. Safe to share between threads."""

    def __init__(
        self,
        release: Release,
        embedder: Embedder,
        today: Callable[[], date] = validity.today,
        advisor_stale_days: int = STALE_DAYS,
    ) -> None:
        self.release = release
        self.embedder = embedder
        self.crisis = CrisisDetector(release.crisis)
        self._today = today
        # Rasa's pipeline holds the same model, so a vector made here may be handed over to it.
        self.shipped_model = embedder.name == SHIPPED_NAME
        self._readings: OrderedDict[str, Reading] = OrderedDict()
        self._readings_lock = threading.Lock()
        self._detect = lru_cache(READINGS_KEPT)(self.crisis.detect)
        self._sections = {
            f"{guide.id}/{section.id}": (guide, section) for guide, section in release.catalogue.sections()
        }
        self._citer = Quoter(release.catalogue, release.passages)
        self._passages = {passage.id: passage for passage in release.passages}
        self._stale_days = advisor_stale_days
        self.places = shipped_places()
        self._documents = DocumentAnswers(release, self._citer, self.status, today)
        self._as_of = self._on(today())
        self.legal_aid = PreCheck(release.catalogue, self._citer, self.status)
        self._denials = frozenset(
            f"{SCOPE}{row.id}" for row in release.catalogue.scope if row.reason == "not-in-report"
        )
        self._names = {
            name: row
            for row in release.catalogue.channels
            for name in (row.id, searchable(row.name), *map(searchable, row.aliases))
        }

    def _on(self, day: date) -> AsOf:
        return AsOf(day, self.release.catalogue, self._citer, self.places, self.status, self._today, self._stale_days)

    @property
    def _now(self) -> AsOf:
        """What is valid today: things withdraw themselves at midnight, without a new release."""
        day = self._today()
        if self._as_of.day != day:
            self._as_of = self._on(day)
        return self._as_of

    @property
    def advisors(self) -> Advisors:
        """The directories that are valid today."""
        return self._now.advisors

    @property
    def advisor_answers(self) -> AdvisorAnswers:
        """Answers from the directories that are valid today."""
        return self._now.advisor_answers

    def current(self, answer: Answer) -> Answer:
        """``answer`` without doors whose cards are not valid today."""
        return self._now.answer(answer)

    def answer(self, text: str, vector: Vector | None = None) -> Answer:
        """Answer ``text`` (already masked); ``vector`` is the embedding of ``searchable(text)`` when known already."""
        inquiry = Inquiry(text, normalise(text), None if vector is None else self._read(text, vector))
        return self._careful(inquiry, self._stepped(inquiry))

    def answer_with(self, key: str, text: str) -> Answer:
        """What the target ``key`` says to ``text``, behind the emergency numbers when ``text`` speaks of danger.

        KeyError when the release has no such target (any more).
        """
        inquiry = Inquiry(text, normalise(text))
        danger = self._in_danger(inquiry)
        if danger is not None:
            return danger
        return self._careful(inquiry, self._checked(self._target(key, inquiry.normal)))

    @property
    def door_names(self) -> Collection[str]:
        """Ids, names and aliases of the channel cards in the form in which questions are compared."""
        return self._names.keys()

    def common(self, words: str) -> bool:
        """Do guides of so many matters use these few words that they tell none of them apart?"""
        pairs = {words[at : at + 2] for at in range(len(words) - 1)}
        return 1 < len(words) <= FEW_CHARACTERS and all(self._spread[pair] >= COMMON for pair in pairs)

    @cached_property
    def _spread(self) -> Counter[str]:
        """In how many guides' questions two characters stand beside each other."""
        spread: Counter[str] = Counter()
        for guide in self.release.catalogue.guides:
            told = (searchable(question) for section in guide.sections for question in section.questions)
            spread.update({text[at : at + 2] for text in told for at in range(len(text) - 1)})
        return spread

    def card(self, name: str) -> Citation:
        """What the channel card ``name`` rests on. KeyError for an unknown card."""
        return self._citer.channel(self.release.catalogue.channel[name])

    def search(self, text: str, vector: Vector | None = None) -> Found:
        """What was found for ``text``, the rejected included."""
        return self._read(text, vector).found

    def within(self, guide: str, text: str) -> dict[str, float]:
        """How well each section of a guide (by its id) answers ``text``, by the section's id."""
        reading = self._read(text)
        prefix = f"guide:{guide}"
        found = self.release.searcher.within(prefix, reading.form, reading.vector)
        return {key.removeprefix(f"{prefix}/"): score for key, score in found.items()}

    def embed(self, text: str) -> Vector:
        """Unit vector of a question in the form in which questions are compared."""
        return self._read(text).vector

    def suggest(self, typed: str) -> list[str]:
        """Known questions like what is being typed, best first."""
        return [question for question in self._suggester(typed) if question not in self._now.gone_questions]

    def surroundings(self, passage_id: str) -> Surroundings | None:
        """Where a passage stands, None when this release has no such passage."""
        passage = self._passages.get(passage_id)
        if passage is None:
            return None
        return surroundings_of(self.release.passages, passage_id, self._citer.passage(passage))

    @cached_property
    def _suggester(self) -> Suggester:
        found = targets(self.release.catalogue)
        return Suggester(target for target in found if not target.key.startswith(SCOPE))

    def prepare(self, text: str) -> Vector:
        """Do all the arithmetic that answering ``text`` will need, so that the steps find it done; returns the vector."""
        reading = self._read(text)
        _ = reading.risk, reading.found
        return reading.vector

    def _read(self, text: str, vector: Vector | None = None) -> Reading:
        """The reading of ``text``; the last few hundred are kept.

        One turn needs it twice, in the service and in Rasa's action, and residents ask the same things.
        """
        form = searchable(text)
        with self._readings_lock:
            known = self._readings.get(form)
            if known is not None and (vector is None or vector is known.vector):
                self._readings.move_to_end(form)
                return known
        reading = Reading(self.release, form, self.embedder.queries([form])[0] if vector is None else vector)
        with self._readings_lock:
            self._readings[form] = reading
            while len(self._readings) > READINGS_KEPT:
                self._readings.popitem(last=False)
        return reading

    def sure_answer(self, text: str) -> Answer | None:
        """The answer when a guide or card matches beyond doubt, else None: for small talk that hides a question."""
        best = next(iter(self.search(text).targets), None)
        if best is None or best.probability < SURE or best.target.key.startswith("scope:"):
            return None
        return self._checked(self._target(best.target.key, normalise(text)))

    def status(self, reason: str) -> Answer:
        """The answer of one row of the status table: text, doors and suggestions. KeyError for an unknown reason."""
        row = self._now.catalogue.status[reason]
        answer = Answer(
            status=Status(row.status),
            reason=row.reason,
            text=row.text,
            routes=routes(self.release.catalogue, row.routes),
            follow_ups=row.follow_ups,
            release=self.release.id,
        )
        return self.current(answer)

    def knows_hours(self, door: str) -> bool:
        """Did somebody enter hours of this door that are valid today?"""
        return self._now.catalogue.hours_of(door) is not None

    def hours(self, door: str, text: str, now: datetime | None = None) -> Answer:
        """When the door is open, as far as ``text`` asks; says so when nobody entered it. KeyError for an unknown door."""
        if not self._now.valid(f"channel:{door}"):
            return self.status("outdated")
        moment = now or datetime.now(SHANGHAI)
        return replace(hours_answer(door, text, moment, self._now.catalogue, self._citer), release=self.release.id)

    def every_answer(self) -> Iterator[tuple[str, Answer]]:
        """Every answer that knowledge can give, with the key of what gives it; for checks of the whole content."""
        for goal in targets(self.release.catalogue):
            yield goal.key, self._target(goal.key)
        for card in self.release.catalogue.channels:
            yield f"channel:{card.id}", self._channel(card.id)
        for reason in self.release.catalogue.status:
            yield f"status:{reason}", self.status(reason)
        for row in self.release.crisis.kinds:
            yield f"crisis:{row.kind}", self.crisis_answer(row.kind)
        yield from self._now.proofs.every()
        yield from self.advisor_answers.every()
        yield from self._documents.every()

    def danger(self, text: str, vector: Vector | None = None) -> Answer | None:
        """The crisis answer when ``text`` speaks of danger now, else None.

        Patterns and a model that learnt from cases look at it; ``vector`` is the embedding of ``searchable(text)``. Without a
        vector the patterns decide alone. Numbers beside an answer are no crisis answer, see :meth:`answer`.
        """
        normal = normalise(text)
        match = self._detect(normal)
        if vector is None:
            return None if match is None else self.crisis_answer(match.kind)
        reading = self._read(text, vector)
        if self._alarm(normal, reading) is not Alarm.INSTEAD:
            return None
        kind = self._risk(reading)[0] if match is None else match.kind
        return self.status("possible-danger") if kind is None else self.crisis_answer(kind)

    def crisis_answer(self, kind: str) -> Answer:
        """Emergency numbers and what to do now for one kind of danger. KeyError for an unknown kind."""
        row = self.crisis.row(kind)
        channels = (self.release.catalogue.channel[door] for door in row.doors)
        doors = tuple(route(channel, channel.handles) for channel in channels)
        return replace(self.status("crisis"), text=row.text, routes=doors, matter=kind)

    def with_caution(self, text: str, confidence: float) -> Answer:
        """For danger that the word lists did not see but the intent classifier did, with its ``confidence``.

        The question is answered all the same, behind the emergency numbers; only when there is no answer and the
        classifier is sure, the emergency numbers are the answer.
        """
        answer = self._stepped(Inquiry(text, normalise(text)))
        if answer.status is Status.ANSWERED:
            return self.behind_caution(answer)
        if answer.status is not Status.CRISIS and confidence >= SURE:
            return self.status("possible-danger")
        return answer

    def _stepped(self, inquiry: Inquiry) -> Answer:
        for step in STEPS:
            answer = step(self, inquiry)
            if answer is not None:
                return self._checked(answer)
        raise AssertionError("the last step answers always")

    def _careful(self, inquiry: Inquiry, answer: Answer) -> Answer:
        """``answer`` with the emergency numbers when the message may speak of danger; with nothing to say, the numbers."""
        if answer.status is Status.CRISIS or inquiry.reading is None:
            return answer
        loud = self._alarm(inquiry.normal, inquiry.reading)
        if loud is Alarm.NONE:
            return answer
        nothing = answer.reason == "nothing-found"
        if loud > Alarm.AFTER:
            return self.status("possible-danger") if nothing else self.behind_caution(answer)
        if nothing:
            return self.behind_caution(answer)
        row = self.status("caution-after")
        doors = answer.routes + tuple(door for door in row.routes if door not in answer.routes)
        return replace(answer, text=row.text.format(text=answer.text), routes=doors)

    def _alarm(self, normal: str, reading: Reading) -> Alarm:
        """Where the emergency numbers stand for a message (``normal``: normalised)."""
        _, danger = self._risk(reading)
        best = next(iter(reading.found.targets), None)
        return alarm(self._detect(normal) is not None, danger, best)

    def behind_caution(self, answer: Answer) -> Answer:
        """``answer`` with the emergency numbers before it."""
        row = self.status("caution")
        doors = row.routes + tuple(door for door in answer.routes if door not in row.routes)
        return replace(answer, text=row.text.format(text=answer.text), routes=doors)

    def _risk(self, reading: Reading) -> tuple[str | None, float]:
        """Kind and probability of danger by the model; the bare name of a hotline and other scripts tell it nothing."""
        kind, probability = reading.risk
        return kind, 0.0 if reading.form in self._names or not _HAN.search(reading.form) else probability

    def _reading(self, inquiry: Inquiry) -> Reading:
        if inquiry.reading is None:
            inquiry.reading = self._read(inquiry.text)
        return inquiry.reading

    def _find(self, inquiry: Inquiry) -> Found:
        return self._reading(inquiry).found

    def _checked(self, answer: Answer) -> Answer:
        """An answer says no number that its sources do not; one that would is withheld."""
        answer = self.current(answer)
        return self.status("nothing-found") if unsupported_numbers(answer) else answer

    # Steps, in the order of STEPS.

    def _unreadable(self, inquiry: Inquiry) -> Answer | None:
        """Nothing to read, or no Chinese: crisis words in English are looked at first."""
        if wordless(inquiry.normal):
            return self.status("no-words")
        if _HAN.search(inquiry.normal) or any(char.isdigit() for char in inquiry.normal):
            return None
        return self.danger(inquiry.text) or self.status("type-chinese")

    def _in_danger(self, inquiry: Inquiry) -> Answer | None:
        return self.danger(inquiry.text, self._reading(inquiry).vector)

    def _named_channel(self, inquiry: Inquiry) -> Answer | None:
        """The whole message is the number or name of a hotline, platform or door."""
        row = self._names.get(searchable(inquiry.normal))
        return None if row is None else self._channel(row.id)

    def _proof_item(self, inquiry: Inquiry) -> Answer | None:
        """An imported list knows whether a promise replaces the proof that is asked about."""
        return self._now.proofs.answer(searchable(inquiry.normal), lambda: self._understood_key(inquiry))

    def _service_hours(self, inquiry: Inquiry) -> Answer | None:
        """Asks when a door is open whose hours an administrator entered; without hours its card says what is known."""
        catalogue = self._now.catalogue
        if not catalogue.hours_tables or not asks_hours(catalogue.hours_words, inquiry.normal):
            return None
        said = searchable(inquiry.normal)
        named = max((name for name in self._names if len(name) > 2 and name in said), key=len, default=None)
        key = None if named else self._understood_key(inquiry)
        door = self._names[named].id if named else (key or "").removeprefix("channel:")
        return self.hours(door, inquiry.normal) if self.knows_hours(door) else None

    def _understood_key(self, inquiry: Inquiry) -> str | None:
        """Key of the best target when it has enough evidence."""
        rows = self._find(inquiry).targets
        best = next((row for row in rows if not self._denies_too_soon(row) and self._stands(row)), None)
        if best is None or not self._enough(best):
            return None
        return self._asked_for(best, inquiry)

    def _asked_for(self, best: Scored, inquiry: Inquiry) -> str:
        """Key of the section of the guide that ``best`` belongs to; a few words like "whom to ask" or "the price" count."""
        found = self._find(inquiry)
        if len(found.normal) > FEW_WORDS or not best.target.group.startswith("guide:"):
            return best.target.key
        message = self.release.catalogue.context.read(found.normal)
        same = [row for row in found.targets if row.target.group == best.target.group]
        facets = {row.target.key: self._sections[row.target.key.removeprefix("guide:")][1].facet for row in same}
        # Who or where to turn to: the section about that, or the steps, which begin with the first door.
        door = "where" if "where" in facets.values() else "steps"
        asks_for_doors = bool({"who", "where"} & set(message.facets))

        def weight(row: Scored) -> float:
            facet = facets[row.target.key]
            return row.score + ASKED * (facet == door if asks_for_doors else message.asks_for(facet))

        return max(same, key=weight).target.key

    def _enough(self, best: Scored) -> bool:
        gate = self.release.searcher.gate
        return best.probability >= (gate.answer if best.ours else gate.decline)

    def _denies_too_soon(self, row: Scored) -> bool:
        """Would say that the report does not have something, although an answer of ours lies close behind.

        To deny what the report does say is worse than to ask back.
        """
        return row.lead < CLEARLY and row.target.key in self._denials

    def _document_words(self, inquiry: Inquiry) -> Answer | None:
        """A sentence of an uploaded document says it clearly, and our own knowledge does not."""
        if self.release.documents is None:
            return None
        reading = self._reading(inquiry)
        return self._documents.answer(reading.form, reading.vector, reading.found.targets)

    def _stands(self, row: Scored) -> bool:
        """A scope note outside its dates is as if it were not there; of guides and cards it is said that they are outdated."""
        return not row.target.key.startswith(SCOPE) or self._now.valid(row.target.key)

    def _understood(self, inquiry: Inquiry) -> Answer | None:
        """The best target has enough evidence."""
        key = self._understood_key(inquiry)
        return None if key is None else self._target(key, inquiry.normal)

    def _report_words(self, inquiry: Inquiry) -> Answer | None:
        """No guide knows it, but a sentence of the report does: quote that sentence as it stands."""
        if not _ABOUT_REPORT.search(inquiry.normal):
            return None
        found = self._find(inquiry).passages
        hit = next((row for row in found if self._now.valid(f"document:{row.passage.document_id}")), None)
        if hit is None or _OTHER_YEAR.search(inquiry.normal) or not _rests_on(inquiry.normal, hit):
            return self.status("not-in-report") if "报告" in inquiry.normal else None
        citation = self._citer.passage(hit.passage)
        text = f"2021 年度的报告里是这样写的：\n“{citation.quote}”"
        if citation.note:
            text += f"\n（{citation.note}）"
        contact = self.status("not-in-report").routes
        return replace(self.status("answered"), text=text, citations=(citation,), routes=contact)

    def _ask_back(self, inquiry: Inquiry) -> Answer | None:
        """Some evidence, not enough: offer the closest matters as choices."""
        gate = self.release.searcher.gate
        close = [
            item for item in self._find(inquiry).targets if item.probability >= gate.clarify and self._offers(item)
        ]
        ours = [item for item in close if not item.target.key.startswith("scope:")]
        choices = tuple(dict.fromkeys(self._choice(item) for item in ours))
        if not choices:
            return None
        row = replace(self.status("clarify"), follow_ups=choices[:CHOICES], routes=self.status("nothing-found").routes)
        return replace(row, target=ours[0].target.key)

    def _offers(self, item: Scored) -> bool:
        return self._now.valid(item.target.group)

    def _nothing_found(self, inquiry: Inquiry) -> Answer | None:
        return self.status("nothing-found")

    # Composing.

    def _target(self, key: str, question: str = "") -> Answer:
        """What ``key`` leads to, with the doors that the situation told in ``question`` adds."""
        kind, _, name = key.partition(":")
        if kind == "guide":
            return self._guide(*self._sections[name], question)
        if kind == "channel":
            return self._channel(name)
        note = next(row for row in self.release.catalogue.scope if row.id == name)
        row = self.status(note.reason)
        doors = routes(self.release.catalogue, note.routes)
        text = note.text if note.text and not self._now.names_gone_door(note.text) else row.text
        return replace(row, text=text, routes=doors or row.routes)

    def _guide(self, guide: Guide, section: Section, question: str) -> Answer:
        told = [row for row in self.release.catalogue.situations if row.holds(question)]
        refs = laid_over(_in_order(guide, section), guide.id, told, set(EMERGENCY))
        doors = routes(self.release.catalogue, refs)
        told_now = [row for row in section.statements if self._now.stands(row)]
        if not told_now or not self._now.valid(f"guide:{guide.id}"):
            return replace(self.status("outdated"), routes=doors, matter=guide.matter)
        lines = [statement.text for statement in told_now]
        if section.facet == "steps" and len(lines) > 1:
            lines = [f"{number}. {line}" for number, line in enumerate(lines, 1)]
        citations = merged(citation for item in told_now for citation in self._now.citations(item))
        more = tuple(other.questions[0] for other in guide.sections if other.id != section.id)[:CHOICES]
        answer = self._answered("\n".join(lines), citations, doors, more, guide.matter)
        return replace(answer, target=f"guide:{guide.id}/{section.id}")

    def _channel(self, name: str) -> Answer:
        row = self.release.catalogue.channel[name]
        if not self._now.valid(f"channel:{name}"):
            return replace(self.status("outdated"), matter=row.name)
        lines = [f"{row.name}：{row.number}。" if row.number else f"{row.name}。", f"管的事：{row.handles}。"]
        if row.note and not self._now.names_gone_door(row.note):
            lines.append(row.note)
        doors = [route(row, row.handles)]
        more = [self.release.catalogue.channel.get(number) for number in _NUMBER.findall(row.note or "")]
        doors += [route(other, other.handles) for other in more if other is not None and other != row]
        if row.kind == "hotline" and row.id != "12348" and all(door.number != "12348" for door in doors):
            doors.append(route(self.release.catalogue.channel["12348"], "法律上的事也可以打这个，基本咨询免费"))
        citation = self._citer.channel(row)
        return replace(
            self._answered("\n".join(lines), (citation,), tuple(doors), (), row.name), target=f"channel:{name}"
        )

    def _answered(
        self, text: str, citations: tuple[Citation, ...], doors: tuple[Route, ...], more: tuple[str, ...], matter: str
    ) -> Answer:
        row = self.status("answered")
        return replace(row, text=text, citations=citations, routes=doors, follow_ups=more, matter=matter)

    def _choice(self, item: Scored) -> str:
        """How a close target is offered: the first known question of it, which answers itself when clicked."""
        return item.target.questions[0]


def wordless(text: str) -> bool:
    """Says ``text`` (normalised) nothing that could be looked up?"""
    return _WORDLESS.fullmatch(text) is not None


def _in_order(guide: Guide, section: Section) -> list[RouteRef]:
    """The section's doors; an emergency number leads where danger is near and the section begins with it, else it is last."""
    refs = section.routes or guide.routes
    first = _NUMBER.findall(section.statements[0].text) if guide.urgent else []
    late = [ref for ref in refs if ref.door in EMERGENCY and ref.door not in first]
    return [ref for ref in refs if ref not in late] + late


def _rests_on(question: str, hit: FoundPassage) -> bool:
    """Is the passage near in meaning, and does it have a good part of the question's own words?"""
    pairs = {
        question[i : i + 2] for i in range(len(question) - 1) if _HAN.match(question[i]) and _HAN.match(question[i + 1])
    }
    shared = sum(pair in hit.passage.searchable for pair in pairs)
    return hit.match.dense >= _SURE_PASSAGE and shared >= _SHARED_WORDS * max(1, len(pairs))


STEPS: tuple[Callable[[Knowledge, Inquiry], Answer | None], ...] = (
    Knowledge._unreadable,
    Knowledge._named_channel,
    Knowledge._in_danger,
    Knowledge._proof_item,
    Knowledge._service_hours,
    Knowledge._document_words,
    Knowledge._understood,
    Knowledge._report_words,
    Knowledge._ask_back,
    Knowledge._nothing_found,
)


def unsupported_numbers(answer: Answer) -> list[str]:
    """Numbers of the text that neither a citation nor a route of the answer gives; list marks and counts under ten do
    not matter."""
    sources = [
        " ".join(filter(None, (item.document, item.section, item.date, item.quote, item.wording, item.note)))
        for item in answer.citations
    ]
    sources += [" ".join(filter(None, (item.name, item.number, item.why, item.basis))) for item in answer.routes]
    given = set()
    for number in _NUMBER.findall(" ".join(sources)):
        given |= {number, number.replace("-", ""), *number.split("-")}
    said = _NUMBER.findall(_LIST_MARK.sub("", answer.text))
    return [number for number in said if number not in given and not (number.isdigit() and int(number) < 10)]
