"""How much a target has for it, and the gate that decides whether that is enough.

Scores of e5 models are compressed, so the absolute top score matters, not margins. The gate is a logistic model over a
few numbers of the best target, fitted at each release on our own questions as if they were new, and on the scope notes
as questions that nobody should answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Features = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Gate:
    """Logistic weights for the features of :class:`knowledge.search.Scored` and the bands, stored with the release.

    Probability at or over ``answer`` is answered, from ``clarify`` on asked back, below that nothing was found; a scope note
    speaks from ``decline`` on. The bands were chosen on the fitted half of the golden questions (docs/decisions/0005).
    """

    weights: Features
    bias: float
    answer: float = 0.5
    clarify: float = 0.25
    decline: float = 0.35

    def probability(self, features: Features) -> float:
        """Probability that a target with these features answers the question."""
        total = self.bias + sum(w * x for w, x in zip(self.weights, features, strict=True))
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, total))))

    @classmethod
    def fit(cls, rows: Sequence[Features], labels: Sequence[bool], weights: Sequence[float] | None = None) -> Gate:
        """Fit on (features, does it answer), each counting as much as its weight. ValueError when all labels are the same."""
        from sklearn.linear_model import LogisticRegression

        features = np.array(rows)
        mean, spread = features.mean(axis=0), features.std(axis=0)
        spread[spread == 0] = 1.0
        model = LogisticRegression(max_iter=1000).fit((features - mean) / spread, np.array(labels), weights)
        slopes = model.coef_[0] / spread
        return cls(tuple(slopes.tolist()), float(model.intercept_[0] - slopes @ mean))
