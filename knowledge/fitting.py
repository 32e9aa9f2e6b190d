"""Fitting the gate of a release: every known question is asked as if it were new, by folds, and cases as they are.

A question's own fold is hidden from the nearest-question side and from the section model, so the gate sees the evidence
that a new wording would get. Known questions of one section resemble each other more than residents' messages do, so cases
are asked too, which search does not know: what
residents may write, and the matters that are right for it (content/gate_cases.yml).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from knowledge.apart import Apart
from knowledge.evaluate.golden import Golden
from knowledge.evidence import Features, Gate
from knowledge.index import HybridIndex, Matches, Rows, Scores, Vector
from knowledge.passages import Target, searchable
from knowledge.records import Passage
from knowledge.search import EVIDENCE, SCOPE, Scored, Searcher
from knowledge.sections import SectionFit

FOLDS = 3
NO_GATE = Gate((0.0,) * len(EVIDENCE), 0.0)
EXAMPLES = 800  # of each fold: enough for a handful of weights
WEIGHT = 0.25  # of a known question beside a case
SEED = 13


@dataclass(frozen=True, slots=True)
class Case:
    """A question in the form that is compared, its embedding, and the matters that are right for it: none when we must not
    answer."""

    text: str
    vector: Vector
    groups: tuple[str, ...]


def cases_for(rows: Sequence[Golden], goals: Sequence[Target]) -> list[tuple[str, tuple[str, ...]]]:
    """Question and right matters of the rows that the gate can learn from: of no danger, and about a matter of ``goals``."""
    known = {goal.group for goal in goals}
    return [
        (searchable(row.q), row.groups)
        for row in rows
        if row.kind != "crisis" and (row.silent or known.intersection(row.groups))
    ]


def fit_gate(
    goals: Sequence[Target],
    texts: Sequence[str],
    index: HybridIndex,
    vectors: Vector,
    told: HybridIndex,
    passages: Sequence[Passage],
    sections: SectionFit,
    apart: Apart,
    cases: Sequence[Case],
) -> Gate:
    """The gate for these targets. ``texts``, ``vectors`` and ``index`` are the known questions in the order of ``goals``.

    Examples are the best target for each question: does it belong to the question's own matter? For questions of scope
    notes, and for cases that we must not answer, any note will do.
    """
    owners = [goal for goal in goals for _ in goal.questions]
    rows: list[Features] = []
    labels: list[bool] = []
    for model, held in sections.held_out(FOLDS, SEED):
        kept = np.setdiff1d(np.arange(len(texts)), held).tolist()
        part = HybridIndex.build([texts[i] for i in kept], vectors[kept])
        searcher = Searcher(goals, passages, _Renumbered(part, kept), told, model, NO_GATE)
        for i in held[:: max(1, len(held) // EXAMPLES)]:
            best = next(iter(searcher.find(texts[i], vectors[i]).targets), None)
            if best is not None:
                rows.append(best.features)
                labels.append(_right(best, () if owners[i].key.startswith(SCOPE) else (owners[i].group,)))
    weights = [WEIGHT] * len(rows)
    searcher = Searcher(goals, passages, index, told, sections.model(), NO_GATE, apart)
    for case in cases:
        best = next(iter(searcher.find(case.text, case.vector).targets), None)
        if best is not None:
            rows.append(best.features)
            labels.append(_right(best, case.groups))
            weights.append(1.0)
    return Gate.fit(rows, labels, weights)


def _right(best: Scored, groups: Sequence[str]) -> bool:
    return best.target.group in groups or (not best.ours and not groups)


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

    def cosines(self, rows: Rows, vector: Vector) -> Scores:
        return self._index.cosines(np.searchsorted(self._rows, rows), vector)
