"""From a message in a talk to an answer: one visible list of steps, each of which may take the message as going on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from knowledge.answer import Knowledge, wordless
from knowledge.catalogue import Guide
from knowledge.context import doors, several
from knowledge.context.focus import MISSES, Focus, group
from knowledge.context.going_on import goes_on
from knowledge.context.within import ASKED_OF_ALL, Ranked, ranked
from knowledge.context.words import Message
from knowledge.passages import searchable
from knowledge.records import Answer
from knowledge.search import KNOWN

# An earlier matter is the one named when it lies no further behind the best of all.
NAMED = 0.12
# A section of another kind than the one asked for answers when the message comes as near to it as this.
NEAR = 0.92


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and what the talk is about after it."""

    answer: Answer
    focus: Focus


@dataclass(frozen=True, slots=True)
class Turn:
    """A message on its way through the steps."""

    text: str
    message: Message
    focus: Focus


@dataclass(frozen=True, slots=True)
class Understood:
    """An answer to what was understood as ``question``; ``aside``: the talk stays with the matter that it is about."""

    answer: Answer
    question: str
    aside: bool = False


Step = Callable[[Knowledge, Turn], Understood | None]


def converse(knowledge: Knowledge, text: str, focus: Focus) -> Reply:
    """Answer ``text`` (masked) in a talk about ``focus``. Without context this is ``knowledge.answer(text)``."""
    turn = Turn(text, words_of(knowledge, searchable(text)), focus)
    found = next(found for step in STEPS if (found := step(knowledge, turn)) is not None)
    answer = found.answer
    kept = replace(answer, target=None) if found.aside else answer
    next_focus = focus.after(kept, turn.message.text, found.question, doors.ids(knowledge, answer))
    return Reply(_said_again(knowledge, turn, _after_misses(knowledge, focus, answer)), next_focus)


def words_of(knowledge: Knowledge, text: str) -> Message:
    """What the words say, where a word that half of all matters use ("court", "things") names none of them."""
    message = knowledge.release.catalogue.context.read(text)
    if message.residue in knowledge.door_names and (message.hours or message.phones):
        return message
    return replace(message, residue="") if knowledge.common(message.residue) else message


def _after_misses(knowledge: Knowledge, focus: Focus, answer: Answer) -> Answer:
    """The second answer in a row without help leads to people; choices stay on offer."""
    if answer.reason not in MISSES or focus.misses == 0:
        return answer
    row = knowledge.status("second-miss")
    return replace(row, follow_ups=(*answer.follow_ups[:2], *row.follow_ups))


def _said_again(knowledge: Knowledge, turn: Turn, answer: Answer) -> Answer:
    """The same question gets the same answer, and the way to a person."""
    same = turn.message.text == turn.focus.said and answer.target == turn.focus.matter
    if not same or answer.target is None or answer.reason != "answered":
        return answer
    row = knowledge.status("repeated")
    return replace(answer, reason=row.reason, text=row.text.format(text=answer.text), follow_ups=row.follow_ups)


# Steps, in the order of STEPS.


def _several(knowledge: Knowledge, turn: Turn) -> Understood | None:
    """Two or three whole questions on different matters in one message."""
    answer = several.answered(knowledge, turn.text)
    return None if answer is None else Understood(answer, turn.message.text)


def _first(knowledge: Knowledge, turn: Turn) -> Understood | None:
    """Nothing was said before."""
    return _alone(knowledge, turn) if turn.focus.empty else None


def _known(knowledge: Knowledge, turn: Turn) -> Understood | None:
    """Word for word a question that the content lists."""
    own = next(iter(knowledge.search(turn.message.text).targets), None)
    if turn.message.bare or own is None or own.dense < KNOWN:
        return None
    return _alone(knowledge, turn)


def _chosen(knowledge: Knowledge, turn: Turn) -> Understood | None:
    """The number of an offer of the last answer."""
    choices = turn.focus.choices
    index = knowledge.release.catalogue.context.chosen(turn.message.text, len(choices))
    return None if index is None else Understood(knowledge.answer(choices[index]), choices[index])


def _wordless(knowledge: Knowledge, turn: Turn) -> Understood | None:
    """A face, or a number that picks nothing: it goes on from nothing either."""
    return _alone(knowledge, turn) if wordless(turn.message.text) else None


def _corrected(knowledge: Knowledge, turn: Turn) -> Understood | None:
    """ "I mean X, not Y": the last question with X for Y, or X by itself."""
    meant = knowledge.release.catalogue.context.correction(turn.message.text)
    if meant is None or not meant[0]:
        return None
    wanted, other = meant
    if other and other in turn.focus.question:
        question = turn.focus.question.replace(other, wanted)
        if _sure(knowledge, question) and _about(knowledge, question, wanted):
            return Understood(knowledge.answer(question), question)
    inner = Turn(wanted, knowledge.release.catalogue.context.read(wanted), turn.focus)
    return _continued(knowledge, inner) or Understood(knowledge.answer(wanted), wanted)


def _returned(knowledge: Knowledge, turn: Turn) -> Understood | None:
    """Back to a matter that the talk was about before."""
    named = knowledge.release.catalogue.context.named_again(turn.message.text)
    if not named:
        return None
    known = {group(key): key for key in (turn.focus.matter, *turn.focus.earlier) if key is not None}
    found = knowledge.search(named).targets
    near = next((row for row in found if row.target.group in known and found[0].score - row.score <= NAMED), None)
    if near is None:
        return Understood(knowledge.answer(named), named)
    message = knowledge.release.catalogue.context.read(named)
    guide = _guide(knowledge, known[near.target.group])
    if guide is None or not (message.facets or "," in named or "，" in named):
        return Understood(knowledge.answer_with(known[near.target.group], turn.text), named)
    best = ranked(knowledge, guide, message, "")[0]
    return Understood(knowledge.answer_with(f"guide:{guide.id}/{best.section.id}", turn.text), named)


def _of_the_doors(knowledge: Knowledge, turn: Turn) -> Understood | None:
    """Hours or number of a hotline or office named before."""
    if turn.message.bare and turn.message.hours:
        answer = doors.hours(knowledge, turn.focus, turn.message.text)
    elif turn.message.bare and turn.message.phones:
        answer = doors.listed(knowledge, turn.focus)
    else:
        answer = None
    return None if answer is None else Understood(answer, turn.focus.question, aside=True)


def _bare(knowledge: Knowledge, turn: Turn) -> Understood | None:
    """A message that names no matter: the section of the guide in focus that answers such questions."""
    guide = _in_focus(knowledge, turn.focus)
    if guide is None or not turn.message.bare or not turn.message.facets:
        return None
    best = ranked(knowledge, guide, turn.message, turn.focus.question)[0]
    if best.fits or _close(best) or not ASKED_OF_ALL & set(turn.message.facets):
        if not best.fits and {"where", "who"} & set(turn.message.facets):
            listed = doors.listed(knowledge, turn.focus)
            if listed is not None:
                return Understood(listed, turn.focus.question, aside=True)
        return _section(knowledge, turn, guide, best)
    if not knowledge.release.catalogue.context.read(turn.message.text).bare:
        return None  # common words, but words: somebody else may know
    row = knowledge.status("not-in-guide")
    text = row.text.format(matter=guide.matter)
    known = doors.routes_of(knowledge, guide)
    return Understood(replace(row, text=text, routes=known, matter=guide.matter), turn.focus.question, aside=True)


def _continued(knowledge: Knowledge, turn: Turn) -> Understood | None:
    """A message that goes on from the guide in focus."""
    guide = _in_focus(knowledge, turn.focus)
    if guide is None or not knowledge.search(turn.message.text).targets:
        return None
    if not goes_on(knowledge, guide, turn.message, turn.focus.question):
        return None
    return _section(knowledge, turn, guide, ranked(knowledge, guide, turn.message, turn.focus.question)[0])


def _close(best: Ranked) -> bool:
    """By its own words: behind the name of the matter, a few words come near to any question of it."""
    return best.own is not None and best.own.dense >= NEAR


def _alone(knowledge: Knowledge, turn: Turn) -> Understood:
    """As if it came first."""
    return Understood(knowledge.answer(turn.text), turn.message.text)


STEPS: tuple[Step, ...] = (
    _several,
    _first,
    _chosen,
    _wordless,
    _of_the_doors,
    _known,
    _corrected,
    _returned,
    _bare,
    _continued,
    _alone,
)


# What the steps share.


def _section(knowledge: Knowledge, turn: Turn, guide: Guide, row: Ranked) -> Understood:
    question = f"{turn.focus.question} {turn.message.text}".strip()
    return Understood(knowledge.answer_with(f"guide:{guide.id}/{row.section.id}", turn.text), question)


def _guide(knowledge: Knowledge, key: str) -> Guide | None:
    name = group(key).removeprefix("guide:")
    return next((guide for guide in knowledge.release.catalogue.guides if guide.id == name), None)


def _in_focus(knowledge: Knowledge, focus: Focus) -> Guide | None:
    """The guide that the talk is about; that of a hotline or door, else the one before it."""
    for key in filter(None, (focus.matter, *focus.earlier[:1])):
        guide = _guide(knowledge, key)
        if guide is None:
            about = knowledge.release.catalogue.context.about.get(key.removeprefix("channel:"))
            guide = None if about is None else _guide(knowledge, f"guide:{about}")
        if guide is not None:
            return guide
    return None


def _sure(knowledge: Knowledge, question: str) -> bool:
    best = next(iter(knowledge.search(question).targets), None)
    return best is not None and best.probability >= knowledge.release.searcher.gate.answer


def _about(knowledge: Knowledge, question: str, wanted: str) -> bool:
    """Does ``question`` lead to the matter that ``wanted`` alone leads to?"""
    first, alone = (knowledge.search(text).targets[0] for text in (question, wanted))
    return first.target.group == alone.target.group
