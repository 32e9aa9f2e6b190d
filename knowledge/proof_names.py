"""Names of proofs, matters and units as published lists write them, looked for in a resident's question.

A name counts when it stands in the question whole, without its formal ending, or by a known synonym. What is only similar
(a typo) is scored below :data:`SURE`: it may be offered, never answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from knowledge.normalise import normalise
from knowledge.proof_words import Synonyms

WHOLE, SYNONYM, CORE, PART_OF_SYNONYM, SIMILAR = 1.0, 0.95, 0.92, 0.85, 0.65
SURE = 0.8
_SIMILARITY = 80.0
_FUZZY_LENGTH = 4
_BRACKETS = re.compile(r"[(（\[【〔].*?[)）\]】〕]")
_LETTERS = re.compile(r"[0-9a-z\u3400-\u9fff]+")
_PROOF_ENDS = re.compile(r"(?:证明材料|证明文件|证明书?|材料|情况)+$")
_MATTER_BEGINS = re.compile(r"^(?:申请|办理|申办|申领|申报|领取)+")
_MATTER_ENDS = re.compile(
    r"(?:核准|认定|核发|登记|审批|许可|备案|申领|办理|申请|报名|发放|核定|确认|审核|初审|换证|延续|补办)+$"
)


def plain(text: str) -> str:
    """Letters, digits and Chinese characters of ``text`` in the form in which names are compared."""
    return "".join(_LETTERS.findall(normalise(text).lower()))


@dataclass(frozen=True, slots=True)
class Named:
    """A name that a question holds: how surely, and with which words."""

    score: float
    words: str = ""


NOT_NAMED = Named(0.0)


@dataclass(frozen=True, slots=True)
class Name:
    """A listed name in the forms that are looked for; ``core`` counts alone from ``alone`` characters on."""

    whole: str
    core: str
    alone: int
    synonyms: tuple[tuple[str, float], ...] = field(default=())

    def in_question(self, question: str) -> Named:
        """How surely ``question`` holds the name, by anything but similarity."""
        if self.whole and self.whole in question:
            return Named(WHOLE, self.whole)
        found = [Named(score, term) for term, score in self.synonyms if term in question]
        if len(self.core) >= 2:
            ending = "" if len(self.core) >= self.alone else ".{0,3}证"
            if match := re.search(re.escape(self.core) + ending, question):
                found.append(Named(CORE, match.group()))
        return max(found, key=lambda named: (named.score, len(named.words)), default=NOT_NAMED)

    def similar_in(self, question: str) -> Named:
        """A piece of ``question`` that is much like the name."""
        if _FUZZY_LENGTH <= len(self.core) <= len(question):
            near = fuzz.partial_ratio_alignment(self.core, question, score_cutoff=_SIMILARITY)
            if near is not None:
                return Named(SIMILAR, question[near.dest_start : near.dest_end])
        return NOT_NAMED


def proof_core(name: str) -> str:
    """``学历证明`` → ``学历``."""
    return _PROOF_ENDS.sub("", plain(_BRACKETS.sub("", name)))


def matter_core(name: str) -> str:
    """``申请法律援助(行政给付)`` → ``法律援助``."""
    bare = plain(_BRACKETS.sub("", name))
    return _MATTER_ENDS.sub("", _MATTER_BEGINS.sub("", bare)) or bare


def name_forms(
    names: Iterable[str], core: Callable[[str], str], alone: int, groups: Sequence[Synonyms]
) -> dict[str, Name]:
    """The different names with their forms, and the synonyms of those that belong to a group."""
    found: dict[str, Name] = {}
    for name in dict.fromkeys(names):
        whole = plain(name)
        if not whole:
            continue
        synonyms: dict[str, float] = {}
        for group in groups:
            terms = [plain(term) for term in group.terms]
            if whole in terms or core(name) in map(core, group.terms):
                synonyms |= dict.fromkeys(terms, SYNONYM)
            elif any(plain(term) in whole or (len(core(term)) > 2 and core(term) in whole) for term in group.terms):
                synonyms |= {term: synonyms.get(term, PART_OF_SYNONYM) for term in terms}
        found[name] = Name(whole, core(name), alone, tuple(synonyms.items()))
    return found


def named_in(names: dict[str, Name], question: str) -> dict[str, Named]:
    """The names that the question surely holds; one that is only a piece of a longer name there does not count."""
    found = {name: named for name, form in names.items() if (named := form.in_question(question)).score}
    wholes = [named.words for named in found.values() if named.score == WHOLE]
    return {
        name: named
        for name, named in found.items()
        if named.score != WHOLE or not any(named.words != longer and named.words in longer for longer in wholes)
    }


def similar_in(names: dict[str, Name], question: str) -> dict[str, Named]:
    """The names that are much like a piece of the question."""
    return {name: named for name, form in names.items() if (named := form.similar_in(question)).score}


def without(question: str, found: Iterable[Named]) -> str:
    """``question`` without the words that name something."""
    for words in sorted({named.words for named in found if named.words}, key=len, reverse=True):
        question = question.replace(words, " ")
    return question
