"""What the retrieval benchmark compares (rankers over one set of texts) and how it is measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import bm25s
import numpy as np
import rjieba
from numpy.typing import NDArray

from knowledge.embed import Embedder
from knowledge.index import HybridIndex, Vector
from knowledge.passages import digest
from knowledge.tokens import tokens

DEPTH = 100
CUT = 10
RESAMPLES = 2000
SEED = 13
BLOCK = 512

# Rows of the best texts for a normalised question and its vector, best first.
Ranker = Callable[[str, Vector], list[int]]
Numbers = NDArray[np.float64]


def words(text: str) -> list[str]:
    """jieba words alone, as most Chinese BM25 set-ups have it; punctuation and blanks are left out."""
    return [word for word in rjieba.cut(text.lower()) if any(char.isalnum() for char in word)]


def bm25_ranker(texts: Sequence[str], cut: Callable[[str], list[str]]) -> Ranker:
    """Plain bm25s over the tokens that ``cut`` makes."""
    index = bm25s.BM25()
    index.index([cut(text) or ["∅"] for text in texts], show_progress=False)
    vocabulary = frozenset(index.vocab_dict)

    def rank(text: str, vector: Vector) -> list[int]:
        known = [token for token in cut(text) if token in vocabulary]
        if not known:
            return []
        scores = index.get_scores(known)
        return [int(row) for row in np.argsort(-scores, kind="stable")[:DEPTH] if scores[row] > 0]

    return rank


def dense_ranker(vectors: Vector) -> Ranker:
    """Cosine alone, exact."""

    def rank(text: str, vector: Vector) -> list[int]:
        return np.argsort(-(vectors @ vector), kind="stable")[:DEPTH].tolist()

    return rank


def hybrid_ranker(index: HybridIndex) -> Ranker:
    """The product's own fusion."""
    return lambda text, vector: [match.row for match in index.search(text, vector, DEPTH)]


def all_rankers(texts: Sequence[str], vectors: Vector) -> dict[str, Ranker]:
    """Every way to rank ``texts`` that is compared; the product's own comes last."""
    return {
        "bm25s + rjieba words": bm25_ranker(texts, words),
        "bm25s + our tokens": bm25_ranker(texts, tokens),
        "dense alone": dense_ranker(vectors),
        "hybrid (ours)": hybrid_ranker(HybridIndex.build(texts, vectors)),
    }


@dataclass(frozen=True, slots=True)
class Quality:
    """One number a question for each measure."""

    ndcg: Numbers
    recall: Numbers
    reciprocal: Numbers

    def means(self) -> dict[str, float]:
        return {
            f"ndcg@{CUT}": round(100 * float(self.ndcg.mean()), 2),
            f"recall@{CUT}": round(100 * float(self.recall.mean()), 2),
            "mrr": round(100 * float(self.reciprocal.mean()), 2),
        }


def quality(ranked: Sequence[Sequence[int]], gold: Sequence[frozenset[int]]) -> Quality:
    """nDCG and recall over the first ten, reciprocal rank over the first hundred; relevance is yes or no."""
    rows = [_one(rows, wanted) for rows, wanted in zip(ranked, gold, strict=True)]
    ndcg, recall, reciprocal = np.array(rows, dtype=np.float64).T
    return Quality(ndcg, recall, reciprocal)


def _one(rows: Sequence[int], wanted: frozenset[int]) -> tuple[float, float, float]:
    ranks = [rank for rank, row in enumerate(rows) if row in wanted]
    near = [rank for rank in ranks if rank < CUT]
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(CUT, len(wanted))))
    gain = sum(1 / math.log2(rank + 2) for rank in near)
    return gain / ideal, len(near) / len(wanted), 1 / (ranks[0] + 1) if ranks else 0.0


def difference(ours: Numbers, other: Numbers) -> dict[str, float]:
    """Mean of other − ours in points, with the 95 % interval of a paired bootstrap over the questions."""
    gaps = 100 * (other.astype(np.float64) - ours.astype(np.float64))
    picks = np.random.default_rng(SEED).integers(0, len(gaps), (RESAMPLES, len(gaps)))
    low, high = np.percentile(gaps[picks].mean(axis=1), [2.5, 97.5])
    return {"difference": round(float(gaps.mean()), 2), "low": round(float(low), 2), "high": round(float(high), 2)}


def cached_passages(name: str, texts: Sequence[str], embedder: Embedder, folder: Path) -> Vector:
    """Vectors of ``texts``; made once for these texts and this model, with progress, and kept below ``folder``."""
    path = folder / f"{name}-{digest(embedder.digest, *texts)}.npy"
    if path.is_file():
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)
    blocks = []
    for start in range(0, len(texts), BLOCK):
        blocks.append(embedder.passages(texts[start : start + BLOCK]))
        print(f"  {name}: embedded {min(start + BLOCK, len(texts))} of {len(texts)}", flush=True)
    vectors = np.concatenate(blocks)
    folder.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".half.npy")
    np.save(aside, vectors, allow_pickle=False)
    aside.replace(path)
    return vectors
