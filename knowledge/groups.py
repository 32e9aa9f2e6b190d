"""Classes of messages told apart by embedding and words with honest probabilities: the danger model and the guides' own models
stand on it.

A logistic model: slower to fit than the ridge regression of ``sections.py``, which ranks but gives no probabilities. The
words of a text and their rarity serve both.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from knowledge.index import Vector
from knowledge.tokens import tokens

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Array = NDArray[np.float32]
DENSE_SCALE = 2.0
STRENGTH = 10.0


class GroupModel:
    """Multinomial logistic regression; everything it needs at run time are five arrays and a vocabulary."""

    def __init__(
        self, names: Sequence[str], mean: Array, rarity: Array, weights: Array, bias: Array, words: Mapping[str, int]
    ) -> None:
        self.names = tuple(names)
        self._mean = mean
        self._rarity = rarity
        self._weights = weights
        self._bias = bias
        self._words = dict(words)
        self._entries = Entries(self._words, rarity)

    @classmethod
    def fit(cls, texts: Sequence[str], vectors: Vector, labels: Sequence[str]) -> GroupModel:
        """Learn from normalised ``texts`` with their embeddings; words seen once teach nothing and are left out."""
        from scipy.sparse import csr_matrix, hstack
        from sklearn.linear_model import LogisticRegression

        words, rarity = vocabulary(texts)
        mean = np.asarray(vectors.mean(axis=0), dtype=np.float32)
        model = cls((), mean, rarity, np.empty(0, np.float32), np.empty(0, np.float32), words)
        sparse = word_matrix(texts, model._entries, len(words))
        dense = csr_matrix(np.stack([model._dense(vector) for vector in vectors]))
        fitted = LogisticRegression(C=STRENGTH, max_iter=100, tol=1e-3).fit(
            hstack([dense, sparse]).tocsr(), list(labels)
        )
        weights, bias = fitted.coef_.astype(np.float32), fitted.intercept_.astype(np.float32)
        if len(fitted.classes_) == 2:  # one row then, for the second against the first
            weights, bias = np.concatenate([0 * weights, weights]), np.concatenate([0 * bias, bias])
        return cls([str(name) for name in fitted.classes_], mean, rarity, weights, bias, words)

    def shares(self, text: str, vector: Vector) -> Array:
        """Probability of each group for a normalised question, in the order of ``names``; they add up to 1."""
        dense = self._dense(vector)
        scores = self._bias + self._weights[:, : len(dense)] @ dense
        entries = self._entries(text)
        if entries:
            rows, values = zip(*entries, strict=True)
            columns = self._weights[:, [len(dense) + row for row in rows]]
            scores = scores + columns @ np.array(values, dtype=np.float32)
        scores = np.exp(scores - scores.max())
        return np.asarray(scores / scores.sum())

    def probabilities(self, text: str, vector: Vector) -> dict[str, float]:
        """The same by name."""
        return dict(zip(self.names, self.shares(text, vector).tolist(), strict=True))

    def save(self, folder: Path) -> None:
        """Write the model below ``folder``, which is made."""
        folder.mkdir(parents=True)
        np.savez(folder / "model.npz", mean=self._mean, rarity=self._rarity, weights=self._weights, bias=self._bias)
        plain = {"names": self.names, "words": self._words}
        (folder / "names.json").write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> GroupModel:
        """Inverse of :meth:`save`. OSError or ValueError when a file is missing or damaged."""
        plain = json.loads((folder / "names.json").read_text(encoding="utf-8"))
        with np.load(folder / "model.npz", allow_pickle=False) as arrays:
            return cls(
                plain["names"], arrays["mean"], arrays["rarity"], arrays["weights"], arrays["bias"], plain["words"]
            )

    def _dense(self, vector: Vector) -> Array:
        centred = vector - self._mean
        length = float(np.linalg.norm(centred)) or 1.0
        return np.asarray(centred * (DENSE_SCALE / length), dtype=np.float32)


class Entries:
    """The known words of a text as (row, weight), of length 1 together."""

    def __init__(self, words: Mapping[str, int], rarity: Array) -> None:
        self._words = words
        self._rarity = rarity

    def __call__(self, text: str) -> list[tuple[int, float]]:
        counts: dict[int, int] = {}
        for token in tokens(text):
            row = self._words.get(token)
            if row is not None:
                counts[row] = counts.get(row, 0) + 1
        weighed = {row: (1 + math.log(count)) * float(self._rarity[row]) for row, count in counts.items()}
        length = math.sqrt(sum(value * value for value in weighed.values())) or 1.0
        return [(row, value / length) for row, value in weighed.items()]


def word_matrix(texts: Sequence[str], entries: Entries, width: int) -> csr_matrix:
    """A row for each text, a column for each of ``width`` words, in single precision. Never dense: twenty thousand
    questions by as many words would be more than a gigabyte."""
    from scipy.sparse import csr_matrix

    cells = [(number, row, value) for number, text in enumerate(texts) for row, value in entries(text)]
    numbers, rows, values = zip(*cells, strict=True) if cells else ((), (), ())
    return csr_matrix((np.array(values, np.float32), (numbers, rows)), shape=(len(texts), width))


def vocabulary(texts: Sequence[str], seen: int = 2) -> tuple[dict[str, int], Array]:
    """Words that stand in at least ``seen`` texts, and how rare each is."""
    counts: dict[str, int] = {}
    for text in texts:
        for token in set(tokens(text)):
            counts[token] = counts.get(token, 0) + 1
    kept = sorted(token for token, count in counts.items() if count >= seen)
    rarity = [1 + math.log((1 + len(texts)) / (1 + counts[token])) for token in kept]
    return {token: row for row, token in enumerate(kept)}, np.array(rarity, dtype=np.float32)
