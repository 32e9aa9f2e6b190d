"""The check before publishing: golden questions asked of the published release and of a new one, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from knowledge.answer import Knowledge
from knowledge.evaluate.golden import read_golden
from knowledge.evaluate.outcome import Judge, Outcome
from knowledge.passages import targets

# The golden questions that ship: some for each matter, and the ones that must stay unanswered. Tests hold them against
# all golden questions (tests/golden).
QUESTIONS = Path(__file__).parent / "questions"
MOST_CHANGED = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """A question that is answered in another way: ``better``, ``worse``, or neither (``different``)."""

    question: str
    verdict: str
    before: str
    after: str
    text_before: str
    text_after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many questions were asked, how many of them came out right before and after, and what differs."""

    asked: int
    right_before: int
    right_after: int
    differences: tuple[Difference, ...]

    @property
    def dropped(self) -> bool:
        """Something that was right is wrong now."""
        return any(item.verdict == "worse" for item in self.differences)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {**asdict(self), "dropped": self.dropped}


def compare(
    old: Knowledge,
    new: Knowledge,
    folder: Path = QUESTIONS,
    say: Callable[[str], None] = lambda line: None,
) -> Comparison:
    """Ask every golden question of ``folder`` twice. ContentError when there are none or they are faulty."""
    rows = [row for half in read_golden(folder).values() for row in half]
    before, after = Judge(old), Judge(new)
    pairs = []
    for number, row in enumerate(rows, 1):
        pairs.append((before.ask(row), after.ask(row)))
        if number % 50 == 0:
            say(f"asked {number} of {len(rows)} questions")
    return Comparison(
        asked=len(rows),
        right_before=sum(first.good for first, _ in pairs),
        right_after=sum(second.good for _, second in pairs),
        differences=(*_differences(pairs), *_of_changed(old, new, {row.q for row in rows})),
    )


def _of_changed(old: Knowledge, new: Knowledge, asked: Set[str]) -> Iterator[Difference]:
    """What was edited is asked for too, whether or not a golden question does: shown, not judged."""
    before = {target.key: target for target in targets(old.release.catalogue)}
    changed = [target for target in targets(new.release.catalogue) if before.get(target.key) != target]
    for target in changed[:MOST_CHANGED]:
        question = target.questions[0]
        if question in asked:
            continue
        first, second = old.answer(question), new.answer(question)
        if first.text != second.text:
            yield Difference(question, "different", target.key, target.key, first.text, second.text)


def _differences(pairs: Sequence[tuple[Outcome, Outcome]]) -> list[Difference]:
    told = []
    for old, new in pairs:
        if old.good == new.good and _said(old) == _said(new):
            continue
        verdict = "different" if old.good == new.good else "better" if new.good else "worse"
        told.append(Difference(new.row.q, verdict, old.given, new.given, old.answer.text, new.answer.text))
    order = {"worse": 0, "better": 1, "different": 2}
    return sorted(told, key=lambda item: order[item.verdict])


def _said(outcome: Outcome) -> tuple[object, ...]:
    """What a resident is told; the release's name is none of it."""
    answer = outcome.answer
    return (answer.status, answer.text, answer.routes, answer.citations, answer.follow_ups)
