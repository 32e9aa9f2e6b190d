"""Fitting the gate of a release: every known question is asked as if it were new, by folds.

A question's own fold is hidden from the nearest-question side and from the group model, so the gate sees the evidence
that a resident's new wording would get.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from knowledge.evidence import Features, Gate
from knowledge.groups import GroupModel
from knowledge.index import HybridIndex, Matches, Vector
from knowledge.passages import Target
from knowledge.records import Passage
from knowledge.search import Searcher

FOLDS = 4
SEED = 13


def fit_gate(
    goals: Sequence[Target],
    texts: Sequence[str],
    vectors: Vector,
    told: HybridIndex,
    passages: Sequence[Passage],
) -> Gate:
    """The gate for these targets. ``texts`` and ``vectors`` are the known questions in the order of ``goals``.

    Examples are the best guide or card for each held-out question: does it belong to the question's own matter? For
    questions of scope notes it never does.
    """
    owners = [goal for goal in goals for _ in goal.questions]
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(texts))
    rows: list[Features] = []
    labels: list[bool] = []
    for held in range(FOLDS):
        kept = np.flatnonzero(fold != held).tolist()
        partial = GroupModel.fit([texts[i] for i in kept], vectors[kept], [owners[i].group for i in kept])
        index = HybridIndex.build([texts[i] for i in kept], vectors[kept])
        searcher = Searcher(goals, passages, _Renumbered(index, kept), told, partial, Gate((1.0, 1.0, 1.0), 0.0))
        for i in np.flatnonzero(fold == held).tolist():
            best = next((item for item in searcher.find(texts[i], vectors[i]).targets if item.ours), None)
            if best is not None:
                rows.append(best.features)
                labels.append(best.target.group == owners[i].group)
    return Gate.fit(rows, labels)


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
