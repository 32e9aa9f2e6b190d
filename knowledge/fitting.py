"""Fitting the gate of a release: every known question is asked as if it were new, by folds.

A question's own fold is hidden from the nearest-question side and from the section model, so the gate sees the evidence
that a resident's new wording would get.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from knowledge.evidence import Features, Gate
from knowledge.index import HybridIndex, Matches, Vector
from knowledge.passages import Target
from knowledge.records import Passage
from knowledge.search import SCOPE, Scored, Searcher
from knowledge.sections import SectionFit

FOLDS = 3
NO_GATE = Gate((0.0,) * 5, 0.0)
EXAMPLES = 800  # of each fold: enough for a handful of weights
SEED = 13


def fit_gate(
    goals: Sequence[Target],
    texts: Sequence[str],
    vectors: Vector,
    told: HybridIndex,
    passages: Sequence[Passage],
    sections: SectionFit,
) -> Gate:
    """The gate for these targets. ``texts`` and ``vectors`` are the known questions in the order of ``goals``.

    Examples are the best target for each held-out question: does it belong to the question's own matter? For questions of
    scope notes any note will do.
    """
    owners = [goal for goal in goals for _ in goal.questions]
    rows: list[Features] = []
    labels: list[bool] = []
    for model, held in sections.held_out(FOLDS, SEED):
        kept = np.setdiff1d(np.arange(len(texts)), held).tolist()
        index = HybridIndex.build([texts[i] for i in kept], vectors[kept])
        searcher = Searcher(goals, passages, _Renumbered(index, kept), told, model, NO_GATE)
        for i in held[:: max(1, len(held) // EXAMPLES)]:
            best = next(iter(searcher.find(texts[i], vectors[i]).targets), None)
            if best is not None:
                rows.append(best.features)
                labels.append(_right(best, owners[i]))
    return Gate.fit(rows, labels)


def _right(best: Scored, owner: Target) -> bool:
    return best.target.group == owner.group or (not best.ours and owner.key.startswith(SCOPE))


class _Renumbered:
    """An index over some rows that answers with their numbers in the whole."""

    def __init__(self, index: HybridIndex, rows: list[int]) -> None:
        self._index = index
        self._rows = np.array(rows, dtype=np.int64)

    @property
    def size(self) -> int:
        return self._index.size

    def search(self, text: str, vector: Vector, k: int) -> Matches:
        found = self._index.search(text, vector, k)
        return replace(found, rows=self._rows[found.rows])
