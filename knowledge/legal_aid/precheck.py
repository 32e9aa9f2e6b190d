"""The pre-check as the dialogue uses it: what to ask, what a message means, what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from knowledge.catalogue import Catalogue
from knowledge.legal_aid import corrections, path, replies
from knowledge.legal_aid.content import Grounded, Level, Line, Part, Question
from knowledge.legal_aid.corrections import Correction
from knowledge.legal_aid.path import Answers
from knowledge.passages import Citer, merged, routes
from knowledge.records import Answer
from knowledge.schema import Basis

# The law whose articles are named by their number alone.
LAW = "法律援助法"
_LONGEST_LEAVE = 12


@dataclass(frozen=True, slots=True)
class Step:
    """What a message did to the pre-check; ``answers`` are those that hold from now on."""

    did: Literal["answered", "corrected", "left"]
    answers: dict[str, str]


class PreCheck:
    """Holds no conversation: the answers given so far come in with each call. Safe to share between threads."""

    def __init__(self, catalogue: Catalogue, citer: Citer, status: Callable[[str], Answer]) -> None:
        self.content = catalogue.legal_aid
        self._catalogue = catalogue
        self._citer = citer
        self._status = status

    def next_question(self, answers: Answers) -> Question | None:
        """What to ask next, None when everything that matters is answered and :meth:`result` can be given."""
        return path.walk(self.content, answers)[1]

    def read_reply(self, question: Question, text: str) -> str | None:
        """The value of the reply that ``text`` gives; None when it does not answer ``question``."""
        return replies.read_reply(self.content, question, text)

    def correct(self, text: str, answers: Answers) -> Correction | None:
        """The answers as corrected by ``text``; None when it corrects nothing."""
        return corrections.correct(self.content, text, answers)

    def leaves(self, text: str) -> bool:
        """Does ``text`` say that no more is to be asked?"""
        said = replies.plain(text)
        return len(said) <= _LONGEST_LEAVE and replies.says_any(said, self.content.reading.leave)

    def take(self, text: str, answers: Answers) -> Step | None:
        """What ``text`` does to the pre-check: leave it, correct an answer, or answer the question that comes next.

        A reply may answer later questions too (老板欠我工资 says the kind and the matter). None when it is something else:
        an interruption, which the dialogue answers before it asks again.
        """
        kept, question = path.walk(self.content, answers)
        if self.leaves(text):
            return Step("left", dict(answers))
        if correction := self.correct(text, answers):
            return Step("corrected", correction.answers)
        value = self.read_reply(question, text) if question else None
        if question is None or value is None:
            return None
        taken = {**kept, question.id: value}
        if text.strip() != question.reply(value).say:
            taken |= self._told_besides(text, taken, question.also)
        return Step("answered", taken)

    def _told_besides(self, text: str, answers: Answers, also: Iterable[str]) -> dict[str, str]:
        told: dict[str, str] = {}
        question = self.next_question(answers)
        while question is not None and question.id in also:
            value = replies.read_words(self.content, question, text)
            if value is None:
                break
            told[question.id] = value
            also = (*also, *question.also)
            question = self.next_question({**answers, **told})
        return told

    def ask(self, answers: Answers, reason: str = "legal-aid-asking") -> Answer:
        """The next question with its quick replies, or the result when there is none left.

        ``reason`` is the row of the status table: legal-aid-asking, -not-understood, -resumed or -corrected.
        """
        kept, question = path.walk(self.content, answers)
        if question is None:
            return self.result(kept)
        phrases = self.content.phrases
        offered = [f"{number}. {reply.say}" for number, reply in enumerate(question.replies, 1)]
        text = "\n".join([f"{question.ask}{phrases.number.format(number=len(kept) + 1)}", *offered])
        if not kept and reason == "legal-aid-asking":
            text = f"{phrases.intro}\n{text}"
        row = self._status(reason)
        says = tuple(reply.say for reply in question.replies)
        return replace(row, text=row.text.replace("{text}", text), follow_ups=says, matter=self.content.matter)

    def told(self, answers: Answers) -> str:
        """The answers so far in the words of the quick replies; empty when there are none."""
        kept, _ = path.walk(self.content, answers)
        says = [question.reply(kept[question.id]).say for question in self.content.questions if question.id in kept]
        return self.content.phrases.told.format(replies="；".join(says)) if says else ""

    def left(self) -> Answer:
        """What is said when the resident leaves the pre-check."""
        return replace(self._status("legal-aid-left"), matter=self.content.matter)

    def level(self, answers: Answers) -> Level:
        """What the answers come to so far; LookupError when nothing can be said yet."""
        return path.verdict(self.content, path.walk(self.content, answers)[0]).level

    def result(self, answers: Answers) -> Answer:
        """Likely, possibly or outside, each step with its article, and what to do. LookupError while questions are open."""
        kept, question = path.walk(self.content, answers)
        if question is not None:
            raise LookupError(f"question {question.id} is open")
        verdict = path.verdict(self.content, kept)
        known = path.with_level(kept, verdict)
        lines = list(path.lines(self.content, known))
        parts = {part: list(rows) for part, rows in groupby(lines, key=lambda row: row.part)}
        first = [_with_articles(verdict.text, verdict.basis)]
        first += [self._part(part, rows) for part, rows in parts.items() if part == "today"]
        more = [self._part(part, rows) for part, rows in parts.items() if part != "today"]
        text = "\n".join([*first, "", *more, self.content.phrases.articles])
        row = self._status(f"legal-aid-{verdict.level}")
        said: tuple[Grounded, ...] = (verdict, *lines)
        cited = [citation for item in said for basis in item.basis for citation in self._citer.basis(basis, item.text)]
        outside = verdict.level == "outside"
        return replace(
            row,
            text=row.text.replace("{text}", text),
            citations=merged(cited),
            routes=routes(self._catalogue, path.doors(self.content, known).routes),
            follow_ups=self.content.outside_follow_ups if outside else self.content.follow_ups,
            matter=self.content.matter,
        )

    def _part(self, part: Part, rows: Iterable[Line]) -> str:
        said = "".join(_with_articles(row.text, row.basis) for row in rows)
        return self.content.phrases.line.format(part=self.content.parts[part], text=said)


def _with_articles(text: str, basis: Iterable[Basis]) -> str:
    """``text`` with the articles that it rests on in brackets."""
    names = [f"{'' if item.law == LAW else f'《{item.law}》'}{item.article}" for item in basis if item.law]
    return f"{text.removesuffix('。')}（{'、'.join(names)}）。" if names else text
