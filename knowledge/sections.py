"""Which section, card or note a question belongs to: one linear model over the embedding and the words.

Ridge regression on one column per target, solved exactly: seconds for thousands of questions and hundreds of targets,
where a logistic model takes minutes, and with as many right answers (docs/decisions/0005).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from knowledge.groups import Array, Entries, vocabulary, word_matrix
from knowledge.index import Vector

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

DENSE_SCALE = 3.0
STRENGTH = 10.0
SEEN = 8  # words that stand in fewer questions teach little and cost memory: all of them at a build, squared


class SectionModel:
    """Scores of every target for one question; about 1 for a clear match, about 0 for the others."""

    def __init__(
        self, mean: Array, rarity: Array, weights: Array | NDArray[np.float16], words: Mapping[str, int]
    ) -> None:
        self._mean = mean
        self._dense = np.asarray(weights[: len(mean)], dtype=np.float32)
        # In half precision as loaded: they are most of it, and a question needs few rows.
        self._worded = weights[len(mean) :]
        self._entries = Entries(words, rarity)
        self._rarity = rarity
        self._words = dict(words)

    def scores(self, text: str, vector: Vector) -> Array:
        """One number per target for a normalised question and its embedding."""
        found = _centred(vector[None, :], self._mean)[0] @ self._dense
        entries = self._entries(text)
        if entries:
            rows, values = zip(*entries, strict=True)
            found = found + np.array(values, dtype=np.float32) @ self._worded[list(rows)].astype(np.float32, copy=False)
        return np.asarray(found, dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the model below ``folder``, which is made. Half precision: the scores differ in the fourth digit."""
        folder.mkdir(parents=True)
        weights = np.concatenate([self._dense.astype(np.float16), self._worded.astype(np.float16, copy=False)])
        np.savez(folder / "model.npz", mean=self._mean, rarity=self._rarity, weights=weights)
        (folder / "words.json").write_text(json.dumps(self._words, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> SectionModel:
        """Inverse of :meth:`save`. OSError or ValueError when a file is missing or damaged."""
        words = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        with np.load(folder / "model.npz", allow_pickle=False) as arrays:
            return cls(arrays["mean"], arrays["rarity"], arrays["weights"], words)


class SectionFit:
    """Fits on all questions, or on all but some, without starting over: what is left out is subtracted."""

    def __init__(self, texts: Sequence[str], vectors: Vector, owners: Sequence[int], targets: int) -> None:
        """``texts`` normalised, ``vectors`` their embeddings, ``owners`` the number of each one's target."""
        from scipy.sparse import csr_matrix

        self._words, self._rarity = vocabulary(texts, SEEN)
        self._mean = np.asarray(vectors.mean(axis=0), dtype=np.float32)
        entries = Entries(self._words, self._rarity)
        self._lexical = word_matrix(texts, entries, len(self._words))
        self._dense = _centred(vectors, self._mean)
        ones = np.ones(len(texts), dtype=np.float32)
        self._y = csr_matrix((ones, (np.arange(len(texts)), owners)), shape=(len(texts), targets))
        self._gram, self._moment = _products(self._dense, self._lexical, self._y)

    def model(self, without: Sequence[int] = ()) -> SectionModel:
        """The model of all questions but those in ``without``."""
        from scipy.linalg import cho_factor, cho_solve

        gram, moment = self._gram.copy(), self._moment
        if len(without):
            rows = list(without)
            less, fewer = _products(self._dense[rows], self._lexical[rows], self._y[rows])
            gram -= less
            moment = moment - fewer
        gram[np.diag_indices_from(gram)] += STRENGTH
        factor = cho_factor(gram, overwrite_a=True, check_finite=False)
        weights = np.asarray(cho_solve(factor, moment, check_finite=False), dtype=np.float32)
        return SectionModel(self._mean, self._rarity, weights, self._words)

    def held_out(self, folds: int, seed: int) -> Iterator[tuple[SectionModel, list[int]]]:
        """For each fold the model of the others and the numbers of its questions."""
        fold = np.random.default_rng(seed).integers(0, folds, len(self._dense))
        for held in range(folds):
            rows = np.flatnonzero(fold == held).tolist()
            if rows and len(rows) < len(self._dense):
                yield self.model(rows), rows


def _centred(vectors: Vector, mean: Array) -> Array:
    away = vectors - mean
    lengths = np.linalg.norm(away, axis=1, keepdims=True)
    return np.asarray(away * (DENSE_SCALE / np.where(lengths == 0, 1, lengths)), dtype=np.float32)


def _products(dense: Array, lexical: csr_matrix, y: csr_matrix) -> tuple[Array, Array]:
    """x.T @ x and x.T @ y for x = (dense, lexical), block by block: as one sparse matrix it takes forty times as long."""
    width = dense.shape[1]
    gram = np.empty((width + lexical.shape[1],) * 2, dtype=np.float32)
    gram[:width, :width] = dense.T @ dense
    gram[width:, :width] = lexical.T @ dense
    gram[:width, width:] = gram[width:, :width].T
    gram[width:, width:] = (lexical.T @ lexical).toarray()
    return gram, np.concatenate([(y.T @ dense).T, (lexical.T @ y).toarray()])
