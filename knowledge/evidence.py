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
    """Logistic weights for the features of :class:`knowledge.search.Scored` and the two bands, stored with the release.

    Probability at or over ``answer`` is answered, from ``clarify`` on asked back, below that nothing was found. The bands
    were chosen on the fitted half of the golden questions (docs/decisions/0005).
    """

    weights: Features
    bias: float
    answer: float = 0.5
    clarify: float = 0.25

    def probability(self, features: Features) -> float:
        """Probability that a target with these features answers the question."""
        total = self.bias + sum(w * x for w, x in zip(self.weights, features, strict=True))
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, total))))

    @classmethod
    def fit(cls, rows: Sequence[Features], labels: Sequence[bool]) -> Gate:
        """Fit on (features, does it answer). ValueError when all labels are the same."""
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=100.0, max_iter=1000).fit(np.array(rows), np.array(labels))
        return cls(tuple(model.coef_[0].tolist()), float(model.intercept_[0]))
