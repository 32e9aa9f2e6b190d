"""One search for bot, desk and admin: which targets and passages have how much for them, the rejected ones included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.evidence import Features, Gate
from knowledge.index import Index, Match, Matches, Vector
from knowledge.passages import Target, searchable
from knowledge.records import Passage
from knowledge.sections import SectionModel

QUESTION_WIDTH, TEXT_WIDTH, PASSAGES, TARGETS = 200, 300, 20, 40
# Weights of the nearest question's cosine and the best statement's beside the learned score; chosen on the fitted half of
# the golden questions (docs/decisions/0005).
NEAREST_WEIGHT, STATEMENT_WEIGHT = 2.0, 1.0
KNOWN, CERTAIN = 0.995, 10.0
SCOPE = "scope:"


@dataclass(frozen=True, slots=True)
class Scored:
    """A target with its evidence; ``question`` is the known question that came closest.

    ``score`` ranks: it is ``learned`` (the section model) with ``dense`` (cosine of ``question``) and ``statement`` (cosine
    of the best statement), weighed. ``lead`` is how much that is over the best of the other kind (scope notes for a guide
    or card, guides and cards for a note), ``margin`` over the best of another matter.
    """

    target: Target
    probability: float
    score: float
    lead: float
    margin: float
    learned: float
    dense: float
    statement: float
    question: str

    @property
    def features(self) -> Features:
        return (self.score, self.lead, self.margin, self.learned, self.dense)

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
    ) -> None:
        self._targets = targets
        self._passages = passages
        self._questions = questions
        self._texts = texts
        self._sections = sections
        self.gate = gate
        self._known = [question for target in targets for question in target.questions]
        self._owner = np.repeat(np.arange(len(targets)), [len(target.questions) for target in targets])
        self._teller = np.repeat(np.arange(len(targets)), [len(target.texts) for target in targets])
        names = {name: number for number, name in enumerate(dict.fromkeys(target.group for target in targets))}
        self._group = np.array([names[target.group] for target in targets])
        self._declining = np.array([int(target.key.startswith(SCOPE)) for target in targets])

    def find(self, text: str, vector: Vector) -> Found:
        """Search for ``text`` with the embedding of ``searchable(text)``."""
        normal = searchable(text)
        asked = self._questions.search(normal, vector, QUESTION_WIDTH)
        told = self._texts.search(normal, vector, TEXT_WIDTH)
        scored = self._weigh(asked, told, self._sections.scores(normal, vector))
        offset = len(self._teller)
        quotable = told.only(told.rows >= offset, PASSAGES)
        passages = tuple(FoundPassage(self._passages[match.row - offset], match) for match in quotable)
        return Found(normal, scored, passages)

    def _weigh(self, asked: Matches, told: Matches, learned: NDArray[np.float32]) -> tuple[Scored, ...]:
        """The best targets, best first. A known question word for word is certain."""
        nearest, dense = self._nearest(asked)
        said = self._statements(told)
        score = learned + NEAREST_WEIGHT * dense + STATEMENT_WEIGHT * said
        score[dense >= KNOWN] += CERTAIN
        lead, margin = score - _best_other(score, self._declining), score - _best_other(score, self._group)
        features = np.stack([score, lead, margin, learned, dense], axis=1)
        best = [number for number in np.argsort(-score, kind="stable")[:TARGETS].tolist() if nearest[number] >= 0]
        return tuple(
            self._scored(number, tuple(features[number].tolist()), int(nearest[number]), float(said[number]))
            for number in best
        )

    def _scored(self, number: int, features: Features, nearest: int, said: float) -> Scored:
        score, lead, margin, learned, dense = features
        probability = 1.0 if dense >= KNOWN else self.gate.probability(features)
        question = self._known[nearest]
        return Scored(self._targets[number], probability, score, lead, margin, learned, dense, said, question)

    def _nearest(self, asked: Matches) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """For each target its closest known question (-1 when none was found) and the cosine (then the lowest found)."""
        order = np.argsort(-asked.dense, kind="stable")
        owners, first = np.unique(self._owner[asked.rows[order]], return_index=True)
        chosen = order[first]
        nearest = np.full(len(self._targets), -1, dtype=np.int64)
        dense = np.full(len(self._targets), asked.dense.min() if len(asked) else 0.0)
        nearest[owners], dense[owners] = asked.rows[chosen], asked.dense[chosen]
        return nearest, dense

    def _statements(self, told: Matches) -> NDArray[np.float64]:
        """Cosine of each target's best statement; what was not found gets the lowest cosine that was."""
        said = np.full(len(self._targets), told.dense.min() if len(told) else 0.0)
        ours = told.rows < len(self._teller)
        np.maximum.at(said, self._teller[told.rows[ours]], told.dense[ours])
        return said


def _best_other(score: NDArray[np.float64], kind: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each target the best score among those of another ``kind`` (numbered from 0), at least 0."""
    best = np.zeros(int(kind.max(initial=0)) + 1)
    np.maximum.at(best, kind, score)
    first = int(best.argmax())
    others = np.full(len(best), best[first])
    others[first] = np.delete(best, first).max(initial=0.0)
    return others[kind]
