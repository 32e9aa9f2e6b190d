"""Corrections: 上一步; 刚才说错了，是刑事的; 地点改一下; 从头来."""

from __future__ import annotations

from dataclasses import dataclass, field

from knowledge.legal_aid.content import LegalAidContent
from knowledge.legal_aid.path import Answers, walk
from knowledge.legal_aid.replies import plain, read_reply, says_any

# Longer texts that hold such words tell a story (老板算错了工资), they correct nothing.
_LONGEST_BACK, _LONGEST_WRONG = 14, 30


@dataclass(frozen=True, slots=True)
class Correction:
    """``answers`` after the correction; ``changed`` names the question whose answer was set anew or taken back.

    ``changed`` is None when all begins again. What is to be asked next follows from ``answers``.
    """

    answers: dict[str, str] = field(default_factory=dict)
    changed: str | None = None


def correct(content: LegalAidContent, text: str, answers: Answers) -> Correction | None:
    """What ``text`` corrects, None when it corrects nothing."""
    said, words = plain(text), content.reading
    kept, _ = walk(content, answers)
    if len(said) <= _LONGEST_BACK and says_any(said, words.restart):
        return Correction()
    if len(said) <= _LONGEST_BACK and says_any(said, words.back):
        return _without(kept, list(kept)[-1]) if kept else None
    # A bare 不对 says no to the question asked.
    if len(said) > _LONGEST_WRONG or said in words.no or not says_any(said, words.wrong) or not kept:
        return None
    rest = _without_cues(said, words.wrong)
    given = [question for question in reversed(content.questions) if question.id in kept]
    for question in given:
        if rest and (value := read_reply(content, question, rest)) not in (None, kept[question.id]):
            return Correction({**kept, question.id: str(value)}, question.id)
    named = [question for question in given if says_any(said, question.names)]
    return _without(kept, (named or given)[0].id)


def _without(kept: dict[str, str], question: str) -> Correction:
    return Correction({id: value for id, value in kept.items() if id != question}, question)


def _without_cues(said: str, cues: tuple[str, ...]) -> str:
    for cue in sorted(cues, key=len, reverse=True):
        # 刚才不是民事 loses 刚才 only: what is denied stays denied.
        said = said.replace(cue, "不是" if cue.endswith("不是") else "")
    for start in ("刚才", "刚刚", "前面", "上面", "我", "俺", "应该是"):
        said = said.removeprefix(start)
    return said
