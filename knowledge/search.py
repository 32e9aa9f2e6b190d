"""One search for bot, desk and admin: which targets and passages have how much for them, the rejected ones included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.apart import Apart
from knowledge.evidence import Features, Gate
from knowledge.index import Index, Match, Matches, Vector
from knowledge.passages import Target, searchable
from knowledge.records import Passage
from knowledge.sections import SectionModel

QUESTION_WIDTH, TEXT_WIDTH, PASSAGES, TARGETS = 200, 300, 20, 40
# What counts beside the learned score; chosen on the gate's cases (docs/decisions/0005).
NEAREST_WEIGHT, STATEMENT_WEIGHT, NEAR_WEIGHT, MATTER_WEIGHT, WORDS_WEIGHT = 2.0, 1.0, 1.0, 1.0, 0.1
# What the gate's opinion counts in the order: of two that score alike, the one with more evidence comes first.
EVIDENT_WEIGHT = 0.2
# What the guide's own model counts beside it, between the sections of that guide; asked of the guides of the FIRST targets.
APART_WEIGHT, FIRST = 0.2, 12
# So many of a target's and of a matter's known questions are looked at together.
FEW, MORE = 3, 5
KNOWN, CERTAIN = 0.995, 10.0
SCOPE = "scope:"
EVIDENCE = (
    "score", "lead", "margin", "learned", "dense", "statement", "near", "matter_near", "words", "matter_learned",
    "learned_margin", "near_margin",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scored:
    """A target with its evidence; ``question`` is the known question that came closest.

    ``score`` ranks: it is ``learned`` (the section model), ``dense`` (cosine of ``question``), ``statement`` (cosine of the
    best statement), ``near`` (mean cosine of its nearest questions), ``matter_near`` (the same over all of its matter) and
    ``words`` (BM25 of its best question as a share of the best of all), weighed. ``lead`` is how much that is over the best
    of the other kind (scope notes for a guide or card, guides and cards for a note), ``margin`` over the best of another
    matter. ``matter_learned`` is ``learned`` summed over the matter; ``learned_margin`` and ``near_margin`` are how much it
    and ``matter_near`` are over the best of another matter.
    """

    target: Target
    question: str
    probability: float
    score: float
    lead: float
    margin: float
    learned: float
    dense: float
    statement: float
    near: float
    matter_near: float
    words: float
    matter_learned: float
    learned_margin: float
    near_margin: float

    @property
    def features(self) -> Features:
        """What the gate judges by, in the order of EVIDENCE."""
        return tuple(getattr(self, name) for name in EVIDENCE)

    @property
    def ours(self) -> bool:
        """False for scope notes: questions that we decline or send elsewhere."""
        return not self.target.key.startswith(SCOPE)


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage of a document with its scores."""

    passage: Passage
    match: Match


@dataclass(frozen=True, slots=True)
class Found:
    """Everything one search brought, best first; ``normal`` is the form of the question that was compared."""

    normal: str
    targets: tuple[Scored, ...]
    passages: tuple[FoundPassage, ...]


class Searcher:
    """Searches known questions and quotable texts; holds no state between calls and may be shared between threads."""

    def __init__(
        self,
        targets: Sequence[Target],
        passages: Sequence[Passage],
        questions: Index,
        texts: Index,
        sections: SectionModel,
        gate: Gate,
        apart: Apart | None = None,
    ) -> None:
        self._targets = targets
        self._passages = passages
        self._questions = questions
        self._texts = texts
        self._sections = sections
        self.gate = gate
        self._apart = apart or Apart({})
        self._known = [question for target in targets for question in target.questions]
        self._owner = np.repeat(np.arange(len(targets)), [len(target.questions) for target in targets])
        self._teller = np.repeat(np.arange(len(targets)), [len(target.texts) for target in targets])
        self._names = {name: number for number, name in enumerate(dict.fromkeys(target.group for target in targets))}
        self._group = np.array([self._names[target.group] for target in targets])
        self._questions_of = np.array([len(target.questions) for target in targets])
        self._questions_of_group = np.bincount(self._group, self._questions_of).astype(np.int64)
        self._declining = np.array([int(target.key.startswith(SCOPE)) for target in targets])

    def find(self, text: str, vector: Vector) -> Found:
        """Search for ``text`` with the embedding of ``searchable(text)``."""
        normal = searchable(text)
        asked = self._questions.search(normal, vector, QUESTION_WIDTH)
        told = self._texts.search(normal, vector, TEXT_WIDTH)
        scored = self._weigh(asked, told, normal, vector)
        offset = len(self._teller)
        quotable = told.only(told.rows >= offset, PASSAGES)
        passages = tuple(FoundPassage(self._passages[match.row - offset], match) for match in quotable)
        return Found(normal, scored, passages)

    def within(self, group: str, text: str, vector: Vector) -> dict[str, float]:
        """How well each target of ``group`` answers ``text``, by key: its score over all of its own questions and texts.

        A search knows only those among the nearest of all; two sections of one guide are told apart by less than that.
        """
        normal = searchable(text)
        learned, shares = self._sections.scores(normal, vector), self._apart.shares(group, normal, vector)
        found = {}
        for number in np.flatnonzero(self._group == self._names.get(group, -1)).tolist():
            near = np.sort(self._questions.cosines(np.flatnonzero(self._owner == number), vector))[::-1]
            if not len(near):
                continue
            said = self._texts.cosines(np.flatnonzero(self._teller == number), vector).max(initial=0.0)
            score = float(learned[number]) + STATEMENT_WEIGHT * said
            score += NEAREST_WEIGHT * near[0] + NEAR_WEIGHT * near[:FEW].mean()
            key = self._targets[number].key
            found[key] = float(score + APART_WEIGHT * shares.get(key, 0.0))
        return found

    def _weigh(self, asked: Matches, told: Matches, normal: str, vector: Vector) -> tuple[Scored, ...]:
        """The best targets, best first. A known question word for word is certain."""
        learned = self._sections.scores(normal, vector)
        owners = self._owner[asked.rows]
        nearest, dense = self._nearest(asked, owners)
        near = _mean_of_best(asked.dense, owners, FEW, self._questions_of)
        matter_near = _mean_of_best(asked.dense, self._group[owners], MORE, self._questions_of_group)[self._group]
        matter_learned = np.bincount(self._group, learned)[self._group]
        said, words = self._statements(told), self._words(asked, owners)
        score = learned + NEAREST_WEIGHT * dense + STATEMENT_WEIGHT * said
        score += NEAR_WEIGHT * near + MATTER_WEIGHT * matter_near + WORDS_WEIGHT * words
        self._tell_apart(score, normal, vector)
        score[dense >= KNOWN] += CERTAIN
        columns = (
            score, score - _best_other(score, self._declining), score - _best_other(score, self._group), learned, dense, said,
            near, matter_near, words, matter_learned, matter_learned - _best_other(matter_learned, self._group),
            matter_near - _best_other(matter_near, self._group),
        )  # fmt: skip
        best = [number for number in np.argsort(-score, kind="stable")[:TARGETS].tolist() if nearest[number] >= 0]
        features = np.stack(columns, axis=1)[best].tolist()
        scored = [
            self._scored(number, tuple(row), int(nearest[number])) for number, row in zip(best, features, strict=True)
        ]
        return tuple(sorted(scored, key=lambda row: -row.score - EVIDENT_WEIGHT * row.probability))

    def _tell_apart(self, score: NDArray[np.float64], normal: str, vector: Vector) -> None:
        """Order the sections of the guides that come first by their guide's model as well; its best keeps the guide's score."""
        first = np.argsort(-score, kind="stable")[:FIRST]
        for group in dict.fromkeys(self._group[first].tolist()):
            members = np.flatnonzero(self._group == group).tolist()
            shares = self._apart.shares(self._targets[members[0]].group, normal, vector)
            told = score[members] + APART_WEIGHT * np.array([shares.get(self._targets[at].key, 0.0) for at in members])
            score[members] = told + score[members].max() - told.max()

    def _scored(self, number: int, features: Features, nearest: int) -> Scored:
        known = features[EVIDENCE.index("dense")] >= KNOWN
        probability = 1.0 if known else self.gate.probability(features)
        return Scored(self._targets[number], self._known[nearest], probability, *features)

    def _nearest(self, asked: Matches, owners: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """For each target its closest known question (-1 when none was found) and the cosine (then the lowest found)."""
        order = np.argsort(-asked.dense, kind="stable")
        found, first = np.unique(owners[order], return_index=True)
        chosen = order[first]
        nearest = np.full(len(self._targets), -1, dtype=np.int64)
        dense = np.full(len(self._targets), asked.dense.min() if len(asked) else 0.0)
        nearest[found], dense[found] = asked.rows[chosen], asked.dense[chosen]
        return nearest, dense

    def _words(self, asked: Matches, owners: NDArray[np.int64]) -> NDArray[np.float64]:
        """BM25 of each target's best question as a share of the best of all."""
        words = np.zeros(len(self._targets))
        np.maximum.at(words, owners, asked.lexical)
        return words / (words.max(initial=0.0) or 1.0)

    def _statements(self, told: Matches) -> NDArray[np.float64]:
        """Cosine of each target's best statement; what was not found gets the lowest cosine that was."""
        said = np.full(len(self._targets), told.dense.min() if len(told) else 0.0)
        ours = told.rows < len(self._teller)
        np.maximum.at(said, self._teller[told.rows[ours]], told.dense[ours])
        return said


def _mean_of_best(
    cosines: NDArray[np.float64], owners: NDArray[np.int64], count: int, sizes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """For each owner the mean of its ``count`` best cosines, of all when its size is less; what was not found has the
    lowest that was."""
    floor = cosines.min() if len(cosines) else 0.0
    order = np.lexsort((-cosines, owners))
    sorted_owners = owners[order]
    place = np.arange(len(order)) - np.searchsorted(sorted_owners, sorted_owners)
    chosen = order[place < count]
    above = np.bincount(owners[chosen], cosines[chosen] - floor, minlength=len(sizes))
    return np.asarray(floor + above / np.clip(sizes, 1, count))


def _best_other(score: NDArray[np.float64], kind: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each target the best score among those of another ``kind`` (numbered from 0), at least 0."""
    best = np.zeros(int(kind.max(initial=0)) + 1)
    np.maximum.at(best, kind, score)
    first = int(best.argmax())
    others = np.full(len(best), best[first])
    others[first] = np.delete(best, first).max(initial=0.0)
    return others[kind]
