"""Several questions in one message, answered one after the other. A single story is never split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from knowledge.answer import Knowledge
from knowledge.normalise import normalise
from knowledge.passages import merged
from knowledge.records import Answer, Route, Status

MOST, LONGEST = 3, 120
# Each question must be as clear as this when it is asked alone.
CLEAR = 0.9
_NUMERALS = {2: "两", 3: "三"}


def answered(knowledge: Knowledge, text: str) -> Answer | None:
    """The answers to all questions of ``text`` in one; None unless each is clear alone and about a matter of its own."""
    said = normalise(text)
    parts = knowledge.release.catalogue.context.questions(said) if len(said) <= LONGEST else []
    if not 1 < len(parts) <= MOST:
        return None
    best = [next(iter(knowledge.search(part).targets), None) for part in parts]
    found = [row for row in best if row is not None and row.ours and row.probability >= CLEAR]
    if len(found) < len(parts) or len({row.target.group for row in found}) < len(parts):
        return None
    answers = [knowledge.answer(part) for part in parts]
    if any(answer.status is not Status.ANSWERED or answer.reason != "answered" for answer in answers):
        return None
    return _joined(knowledge, parts, answers)


def _joined(knowledge: Knowledge, parts: Sequence[str], answers: Sequence[Answer]) -> Answer:
    row = knowledge.status("several")
    told = [f"【{part}】\n{answer.text}" for part, answer in zip(parts, answers, strict=True)]
    doors: dict[str, Route] = {}
    for answer in answers:
        for door in answer.routes:
            doors.setdefault(door.name, door)
    return replace(
        row,
        text=row.text.format(count=_NUMERALS[len(parts)], list="\n\n".join(told)),
        citations=merged(citation for answer in answers for citation in answer.citations),
        routes=tuple(doors.values()),
        follow_ups=tuple(answer.follow_ups[0] for answer in answers if answer.follow_ups),
        matter=answers[-1].matter,
        target=answers[-1].target,
    )
