"""One searchable set of texts: dense vectors in FAISS and BM25 over words and characters, fused by z-scores.

An index is a folder with its parameters beside it. Rows are numbered as the texts were given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import bm25s
import faiss
import numpy as np
from numpy.typing import NDArray

from knowledge.tokens import tokens

Vector = NDArray[np.float32]
Rows = NDArray[np.int64]
Scores = NDArray[np.float64]
DENSE_WEIGHT = 0.75
CANDIDATES = 200
# From so many rows on, all are first compared in 8 bits and SPARE times as many as wanted once more exactly: half the time
# of the exact pass, and on 100,000 rows the same rows but for one in some thousands. Cells (IVF) are faster still and lose
# a fifth of the rows: texts about law lie close together.
MANY_ROWS = 30_000
SPARE = 1.3


@dataclass(frozen=True, slots=True)
class Match:
    """A row with its cosine, its BM25 score and the fused z-score that ranks it."""

    row: int
    fused: float
    dense: float
    lexical: float


@dataclass(frozen=True, slots=True)
class Matches:
    """Matches as columns of equal length, best first: what search computes with. Iterating gives :class:`Match`."""

    rows: Rows
    fused: Scores
    dense: Scores
    lexical: Scores

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, chosen: NDArray[np.bool_], k: int) -> Matches:
        """The first ``k`` of the chosen ones."""
        kept = np.flatnonzero(chosen)[:k]
        return Matches(self.rows[kept], self.fused[kept], self.dense[kept], self.lexical[kept])

    def __iter__(self) -> Iterator[Match]:
        columns = (self.rows, self.fused, self.dense, self.lexical)
        return (Match(*values) for values in zip(*(column.tolist() for column in columns), strict=True))


class Index(Protocol):
    """What search needs of an index; FAISS with bm25s is the default, other stores may follow."""

    @property
    def size(self) -> int: ...

    def search(self, text: str, vector: Vector, k: int) -> Matches:
        """Best ``k`` rows for normalised ``text`` and its unit ``vector``, best first. Empty when there are no rows."""
        ...

    def cosines(self, rows: Rows, vector: Vector) -> Scores:
        """Cosine of each of these rows with the unit ``vector``."""
        ...


class HybridIndex:
    """FAISS (inner product of unit vectors) and BM25, both held in memory. Exact below MANY_ROWS."""

    def __init__(self, vectors: Vector, lexical: bm25s.BM25, vocabulary: frozenset[str]) -> None:
        self._dense = faiss.IndexFlatIP(vectors.shape[1])
        self._dense.add(np.ascontiguousarray(vectors, dtype=np.float32))
        self._scan = self._dense if len(vectors) < MANY_ROWS else _in_two_passes(self._dense, vectors)
        self._lexical = lexical
        self._vocabulary = vocabulary

    @classmethod
    def build(cls, texts: Sequence[str], vectors: Vector) -> HybridIndex:
        """Index ``texts`` (normalised) with their ``vectors`` (n, d), unit length. ValueError when there are none."""
        if not texts or len(texts) != len(vectors):
            raise ValueError(f"{len(texts)} texts and {len(vectors)} vectors do not make an index")
        # Numbers at once: millions of strings would keep a gigabyte for a hundred thousand texts, even after building.
        numbers: dict[str, int] = {}
        corpus = [[numbers.setdefault(token, len(numbers)) for token in tokens(text) or ("∅",)] for text in texts]
        lexical = bm25s.BM25()
        lexical.index((corpus, numbers), show_progress=False)
        return cls(vectors, lexical, frozenset(numbers))

    def save(self, folder: Path) -> None:
        """Write the index below ``folder``, which is made."""
        folder.mkdir(parents=True)
        faiss.write_index(self._dense, str(folder / "dense.faiss"))
        self._lexical.save(str(folder / "lexical"), show_progress=False)
        parameters = {"dense_weight": DENSE_WEIGHT, "candidates": CANDIDATES, "rows": self.size}
        (folder / "parameters.json").write_text(json.dumps(parameters), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> HybridIndex:
        """Inverse of :meth:`save`. OSError or RuntimeError when a file is missing or damaged."""
        dense = faiss.read_index(str(folder / "dense.faiss"))
        lexical = bm25s.BM25.load(str(folder / "lexical"))
        vectors = dense.reconstruct_n(0, dense.ntotal)
        return cls(vectors, lexical, frozenset(lexical.vocab_dict))

    @property
    def size(self) -> int:
        return int(self._dense.ntotal)

    def search(self, text: str, vector: Vector, k: int) -> Matches:
        """See :class:`Index`. z-scores are taken over the candidates of each side; a row missing there gets its minimum."""
        count = min(max(k, CANDIDATES), self.size)
        found, near = self._scan.search(vector.reshape(1, -1), count)
        every, dense, lexical = self._joined(
            near[0], found[0].astype(np.float64), *self._lexical_scores(text, count), vector
        )
        fused = DENSE_WEIGHT * _standardised(dense, np.ones(len(every), bool))
        fused += (1 - DENSE_WEIGHT) * _standardised(lexical, lexical > 0)
        order = np.lexsort((every, -fused))[:k]
        return Matches(every[order], fused[order], dense[order], lexical[order])

    def cosines(self, rows: Rows, vector: Vector) -> Scores:
        """See :class:`Index`."""
        return np.asarray(self._dense.reconstruct_batch(rows) @ vector, dtype=np.float64)

    def _joined(
        self, near: Rows, cosines: Scores, worded: Rows, weights: Scores, vector: Vector
    ) -> tuple[Rows, Scores, Scores]:
        """All candidate rows with both scores. The cosine of rows that only the lexical side brought is made up for:
        evidence is judged on both numbers.
        """
        every = np.union1d(near, worded)
        dense, lexical = np.empty(len(every)), np.zeros(len(every))
        lexical[np.searchsorted(every, worded)] = weights
        missing = np.setdiff1d(worded, near, assume_unique=True)
        if len(missing):
            dense[np.searchsorted(every, missing)] = self.cosines(missing, vector)
        dense[np.searchsorted(every, near)] = cosines
        return every, dense, lexical

    def _lexical_scores(self, text: str, count: int) -> tuple[Rows, Scores]:
        """Rows that share words with ``text``, at most ``count``, with their BM25 scores."""
        known = [token for token in tokens(text) if token in self._vocabulary]
        if not known:
            return np.empty(0, np.int64), np.empty(0)
        scores = self._lexical.get_scores(known)
        top = np.argpartition(-scores, count - 1)[:count] if count < len(scores) else np.arange(len(scores))
        rows = top[scores[top] > 0].astype(np.int64)
        return rows, scores[rows].astype(np.float64)


def _in_two_passes(exact: faiss.IndexFlatIP, vectors: Vector) -> faiss.IndexRefine:
    """A rough index of the same ``vectors`` before ``exact``, which must outlive it; made in a second, so never saved."""
    rough = faiss.IndexScalarQuantizer(exact.d, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
    rough.train(vectors)
    rough.add(vectors)
    both = faiss.IndexRefine(rough, exact)
    both.k_factor = SPARE
    return both


def _standardised(scores: Scores, there: NDArray[np.bool_]) -> Scores:
    """z-scores over the rows that are ``there``; the others get the lowest of them, zeros when there are none."""
    if not there.any():
        return np.zeros(len(scores))
    known = scores[there]
    standard = (scores - known.mean()) / (float(known.std()) or 1.0)
    return np.where(there, standard, standard[there].min())
