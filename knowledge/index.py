"""One searchable set of texts: dense vectors in FAISS and BM25 over words and characters, fused by z-scores.

An index is a folder with its parameters beside it. Rows are numbered as the texts were given.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import bm25s
import faiss
import numpy as np
from numpy.typing import NDArray

from knowledge.tokens import tokens

Vector = NDArray[np.float32]
DENSE_WEIGHT = 0.75
CANDIDATES = 200


@dataclass(frozen=True, slots=True)
class Match:
    """A row with its cosine, its BM25 score and the fused z-score that ranks it."""

    row: int
    fused: float
    dense: float
    lexical: float


class Index(Protocol):
    """What search needs of an index; FAISS with bm25s is the default, other stores may follow."""

    @property
    def size(self) -> int: ...

    def search(self, text: str, vector: Vector, k: int) -> list[Match]:
        """Best ``k`` rows for normalised ``text`` and its unit ``vector``, best first. Empty when there are no rows."""
        ...


class HybridIndex:
    """FAISS (exact inner product of unit vectors) and BM25, both held in memory."""

    def __init__(self, vectors: Vector, lexical: bm25s.BM25, vocabulary: frozenset[str]) -> None:
        self._dense = faiss.IndexFlatIP(vectors.shape[1])
        self._dense.add(np.ascontiguousarray(vectors, dtype=np.float32))
        self._lexical = lexical
        self._vocabulary = vocabulary

    @classmethod
    def build(cls, texts: Sequence[str], vectors: Vector) -> HybridIndex:
        """Index ``texts`` (normalised) with their ``vectors`` (n, d), unit length. ValueError when there are none."""
        if not texts or len(texts) != len(vectors):
            raise ValueError(f"{len(texts)} texts and {len(vectors)} vectors do not make an index")
        corpus = [tokens(text) or ["∅"] for text in texts]
        lexical = bm25s.BM25()
        lexical.index(corpus, show_progress=False)
        return cls(vectors, lexical, frozenset(token for row in corpus for token in row))

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

    def search(self, text: str, vector: Vector, k: int) -> list[Match]:
        """See :class:`Index`. z-scores are taken over the candidates of each side; a row missing there gets its minimum."""
        count = min(max(k, CANDIDATES), self.size)
        scores, rows = self._dense.search(vector.reshape(1, -1), count)
        dense = dict(zip(rows[0].tolist(), scores[0].tolist(), strict=True))
        lexical = self._lexical_scores(text, count)
        every = dense.keys() | lexical.keys()
        self._fill_dense(dense, every, vector)
        z_dense, z_lexical = _standardised(dense), _standardised(lexical)
        low_dense, low_lexical = min(z_dense.values()), min(z_lexical.values(), default=0.0)
        matches = [
            Match(
                row,
                DENSE_WEIGHT * z_dense.get(row, low_dense) + (1 - DENSE_WEIGHT) * z_lexical.get(row, low_lexical),
                dense[row],
                lexical.get(row, 0.0),
            )
            for row in every
        ]
        matches.sort(key=lambda match: (-match.fused, match.row))
        return matches[:k]

    def _lexical_scores(self, text: str, count: int) -> dict[int, float]:
        known = [token for token in tokens(text) if token in self._vocabulary]
        if not known:
            return {}
        scores = self._lexical.get_scores(known)
        top = np.argpartition(-scores, count - 1)[:count] if count < len(scores) else np.arange(len(scores))
        return {int(row): float(scores[row]) for row in top if scores[row] > 0}

    def _fill_dense(self, dense: dict[int, float], rows: set[int], vector: Vector) -> None:
        """Cosine of rows that only the lexical side brought: evidence is judged on both numbers."""
        missing = [row for row in rows if row not in dense]
        if missing:
            found = self._dense.reconstruct_batch(np.array(missing, dtype=np.int64)) @ vector
            dense.update(zip(missing, found.tolist(), strict=True))


def _standardised(scores: dict[int, float]) -> dict[int, float]:
    if not scores:
        return {}
    values = np.fromiter(scores.values(), dtype=np.float64)
    mean, deviation = float(values.mean()), float(values.std()) or 1.0
    return {row: (score - mean) / deviation for row, score in scores.items()}
