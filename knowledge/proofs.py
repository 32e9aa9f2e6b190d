"""Finding proof items of imported lists by what a resident calls the proof, the matter or the unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from knowledge.imported import ProofItem, ProofList
from knowledge.proof_names import (
    NOT_NAMED,
    SURE,
    Named,
    matter_core,
    name_forms,
    named_in,
    plain,
    proof_core,
    similar_in,
    without,
)
from knowledge.proof_words import ProofWords

# Of several names in a question, those weaker than the best by more are left out: beside a name that stands there whole,
# names that only contain it; but not beside a synonym.
MARGIN = 0.12


@dataclass(frozen=True, slots=True)
class ProofMatch:
    """An item with its list, and how surely the question names its proof, its matter and one of its units."""

    item: ProofItem
    source: ProofList
    proof: Named
    matter: Named
    unit: Named

    @property
    def pair(self) -> tuple[str, str]:
        return plain(self.item.matter), plain(self.item.proof)


@dataclass(frozen=True, slots=True)
class ProofSearch:
    """Items that a question names, best first.

    ``sure`` is False when a name in it is only similar to the listed one. ``apart`` says that it names a listed matter too,
    for which the list has no such proof. ``rest`` is the question without the names.
    """

    matches: tuple[ProofMatch, ...] = ()
    proof: bool = False
    matter: bool = False
    unit: bool = False
    sure: bool = False
    apart: bool = False
    rest: str = ""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The different pairs of matter and proof, best first."""
        return list(dict.fromkeys(match.pair for match in self.matches))


class ProofLookup:
    """Looks up items of ``lists``; newer lists first. Holds no state between calls."""

    def __init__(self, lists: Sequence[ProofList], words: ProofWords) -> None:
        newest = sorted(lists, key=lambda source: source.published, reverse=True)
        self._items = [(item, source) for source in newest for item in source.items]
        self._proofs = name_forms((item.proof for item, _ in self._items), proof_core, 4, words.proofs)
        self._matters = name_forms((item.matter for item, _ in self._items), matter_core, 2, words.matters)
        units = (unit or "" for item, _ in self._items for unit in (item.asking_unit, item.issuing_unit))
        self._units = name_forms(units, plain, 2, ())

    def __bool__(self) -> bool:
        return bool(self._items)

    def search(self, question: str) -> ProofSearch:
        """Items whose proof, matter or unit ``question`` names. A proof and a matter should meet in one item; where they do
        not, the proof counts and the result is ``apart``."""
        text = plain(question)
        proofs, matters = named_in(self._proofs, text), named_in(self._matters, text)
        # What names one thing surely is not taken for a misspelt name of the other.
        proofs = proofs or similar_in(self._proofs, without(text, matters.values()))
        matters = matters or similar_in(self._matters, without(text, proofs.values()))
        units = named_in(self._units, text)
        every = [
            ProofMatch(
                item,
                source,
                proofs.get(item.proof, NOT_NAMED),
                matters.get(item.matter, NOT_NAMED),
                max((units.get(unit or "", NOT_NAMED) for unit in (item.asking_unit, item.issuing_unit)), key=_score),
            )
            for item, source in self._items
        ]
        both = [match for match in every if match.proof.score and match.matter.score]
        if both:
            both = _top(both, lambda match: match.matter, 0.0)
            both = _top(both, lambda match: match.proof, 0.0)
            return _search(both, text, proof=True, matter=True)
        if proofs:
            found = _search(_top(every, lambda match: match.proof, MARGIN), text, proof=True)
            return replace(found, apart=any(named.score >= SURE for named in matters.values()))
        if matters:
            return _search(_top(every, lambda match: match.matter, MARGIN), text, matter=True)
        if units:
            return _search(_top(every, lambda match: match.unit, MARGIN), text, unit=True)
        return ProofSearch(rest=text)


def _score(named: Named) -> float:
    return named.score


def _top(matches: list[ProofMatch], named: Callable[[ProofMatch], Named], margin: float) -> list[ProofMatch]:
    best = max(named(match).score for match in matches)
    kept = [match for match in matches if named(match).score and named(match).score >= best - margin]
    return sorted(kept, key=lambda match: -named(match).score)


def _search(
    matches: list[ProofMatch], question: str, proof: bool = False, matter: bool = False, unit: bool = False
) -> ProofSearch:
    first = matches[0]
    counted = [n for n, wanted in ((first.proof, proof), (first.matter, matter), (first.unit, unit)) if wanted]
    sure = all(named.score >= SURE for named in counted)
    return ProofSearch(tuple(matches), proof, matter, unit, sure, rest=without(question, counted))
