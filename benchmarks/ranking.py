"""What the retrieval benchmark compares (rankers over one set of texts) and how it is measured."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import bm25s
import numpy as np
import rjieba
from numpy.typing import NDArray

from knowledge.index import HybridIndex, Vector
from knowledge.passages import digest
from knowledge.tokens import tokens

DEPTH = 100
CUT = 10
RESAMPLES = 2000
SEED = 13
BLOCK = 512
OURS = "hybrid (ours)"

# Rows of the best texts for a normalised question and its vector, best first.
Ranker = Callable[[str, Vector], list[int]]
Embed = Callable[[Sequence[str]], Vector]
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
        return [row for row in _best(scores) if scores[row] > 0]

    return rank


def _best(scores: Numbers) -> list[int]:
    """The first rows by score. As libraries do it: not everything is sorted."""
    top = np.arange(len(scores)) if len(scores) <= DEPTH else np.argpartition(-scores, DEPTH - 1)[:DEPTH]
    return top[np.lexsort((top, -scores[top]))].tolist()


def dense_ranker(vectors: Vector) -> Ranker:
    """Cosine alone, exact."""

    def rank(text: str, vector: Vector) -> list[int]:
        return _best(vectors @ vector)

    return rank


def hybrid_ranker(index: HybridIndex) -> Ranker:
    """The product's own fusion."""
    return lambda text, vector: [match.row for match in index.search(text, vector, DEPTH)]


# Ways of ours and of bm25s; those of haystack run in an environment of their own (haystack_pipeline.py).
RANKERS: dict[str, Callable[[Sequence[str], Vector], Ranker]] = {
    "bm25s + rjieba words": lambda texts, vectors: bm25_ranker(texts, words),
    "bm25s + our tokens": lambda texts, vectors: bm25_ranker(texts, tokens),
    "dense alone": lambda texts, vectors: dense_ranker(vectors),
    OURS: lambda texts, vectors: hybrid_ranker(HybridIndex.build(texts, vectors)),
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


def cached(name: str, texts: Sequence[str], embed: Embed, model: str, folder: Path) -> Vector:
    """Vectors of ``texts``; each block is made once for its texts and this ``model``, with progress, and kept in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    blocks = []
    for start in range(0, len(texts), BLOCK):
        block = texts[start : start + BLOCK]
        path = folder / f"{name}-{digest(model, *block)}.npy"
        if not path.is_file():
            aside = path.with_suffix(".half.npy")
            np.save(aside, embed(block), allow_pickle=False)
            aside.replace(path)
            print(f"  {name}: embedded {start + len(block)} of {len(texts)}", file=sys.stderr, flush=True)
        blocks.append(np.load(path, allow_pickle=False))
    return np.concatenate(blocks)
