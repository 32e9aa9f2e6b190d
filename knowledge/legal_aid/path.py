"""Which question comes next, and which rules hold: pure functions over the content and the answers given so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from knowledge.legal_aid.content import LEVEL, Conditional, Doors, LegalAidContent, Line, Question, Verdict

Answers = Mapping[str, str]


def holds(row: Conditional, answers: Answers) -> bool:
    """Do the answers meet every ``when`` and none of ``unless``?"""
    return all(answers.get(question) in values for question, values in row.when.items()) and not any(
        answers.get(question) in values for question, values in row.unless.items()
    )


def walk(content: LegalAidContent, answers: Answers) -> tuple[dict[str, str], Question | None]:
    """The answers that still matter, in the order asked, and the question that comes next (None when all are answered).

    An answer to a question that a corrected answer made needless is left out, and so is a value nobody offered.
    """
    kept: dict[str, str] = {}
    for question in content.questions:
        if not holds(question, kept):
            continue
        value = answers.get(question.id)
        if value is None or all(value != reply.value for reply in question.replies):
            return kept, question
        kept[question.id] = value
    return kept, None


def verdict(content: LegalAidContent, answers: Answers) -> Verdict:
    """The first verdict that holds. LookupError when none does: the questions are not answered to the end."""
    for row in content.verdicts:
        if holds(row, answers):
            return row
    raise LookupError("no verdict holds: questions are open")


def lines(content: LegalAidContent, answers: Answers) -> Iterator[Line]:
    """The lines that hold, part by part; ``answers`` have the level."""
    for part in content.parts:
        yield from (row for row in content.lines if row.part == part and holds(row, answers))


def doors(content: LegalAidContent, answers: Answers) -> Doors:
    """The first row of doors that holds; ``answers`` have the level."""
    return next(row for row in content.doors if holds(row, answers))


def with_level(answers: Answers, row: Verdict) -> dict[str, str]:
    return {**answers, LEVEL: row.level}
