"""Curves: what building, memory, time and recall become when the passages grow from ten thousand to a million.

``python -m benchmarks.scale`` makes the passages and vectors as ``benchmarks.large`` does (the first ``--embed`` are really
embedded) and measures every way in a process of its own, one after the other, on one thread: our dense side in FAISS as the
index uses it, our BM25 side, both joined, and Qdrant alone and joined. Recall@10 is against exact search: the full product
of all vectors, and the joined index with an exact dense side. ``--qdrant`` takes any place that knowledge/qdrant.py knows.
Writes ``results/scale.json``, to which each run adds its counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.large import vectors_for
from benchmarks.peer import resident_mb, timed
from benchmarks.peers import ALONE, spent
from benchmarks.ranking import SEED
from benchmarks.search import PUBLIC
from benchmarks.synthetic import synthetic_passages
from benchmarks.tables import markdown
from knowledge import index, live
from knowledge.embed import load_embedder
from knowledge.evaluate.golden import read_golden
from knowledge.index import CANDIDATES, HybridIndex, Vector
from knowledge.learning import GATE_FILE
from knowledge.passages import searchable
from knowledge.settings import ROOT, KnowledgeSettings

COUNTS = (10_000, 100_000)
QUESTIONS, ROUNDS, TOP = 150, 3, 10
EXACT = "both sides, exact"
Ranking = Callable[[str, Vector], list[int]]


def _dense_faiss(texts: list[str], vectors: Vector, place: str) -> Ranking:
    made = HybridIndex(vectors, None, frozenset())  # type: ignore[arg-type]  # its dense side alone
    return lambda text, vector: made._scan.search(vector.reshape(1, -1), CANDIDATES)[1][0].tolist()


def _words(texts: list[str], vectors: Vector, place: str) -> Ranking:
    made = HybridIndex.build(texts, np.zeros((len(texts), 1), np.float32))  # its lexical side alone
    return lambda text, vector: made._lexical_scores(text, CANDIDATES)[0].tolist()


def _joined(texts: list[str], vectors: Vector, place: str) -> Ranking:
    made = HybridIndex.build(texts, vectors)
    return lambda text, vector: made.search(text, vector, CANDIDATES).rows.tolist()


def _joined_exact(texts: list[str], vectors: Vector, place: str) -> Ranking:
    index.MANY_ROWS = len(texts) + 1
    return _joined(texts, vectors, place)


def _dense_qdrant(texts: list[str], vectors: Vector, place: str) -> Ranking:
    from knowledge.qdrant import _Collection, connect

    made = _Collection(connect(place), vectors)
    return lambda text, vector: made.search(vector.reshape(1, -1), CANDIDATES)[1][0].tolist()


def _joined_qdrant(texts: list[str], vectors: Vector, place: str) -> Ranking:
    from knowledge.qdrant import QdrantIndex, connect

    made = QdrantIndex.build(texts, vectors, connect(place))
    return lambda text, vector: made.search(text, vector, CANDIDATES).rows.tolist()


# What the recall of each is held against: "" is the full product, None is a way that is exact itself.
WAYS: dict[str, tuple[Callable[[list[str], Vector, str], Ranking], str | None]] = {
    EXACT: (_joined_exact, None),
    "words: bm25s": (_words, None),
    "dense: FAISS": (_dense_faiss, ""),
    "dense: Qdrant": (_dense_qdrant, ""),
    "both: FAISS + bm25s (ours)": (_joined, EXACT),
    "both: Qdrant + bm25s": (_joined_qdrant, EXACT),
}


def measured(way: str, folder: Path, place: str) -> dict[str, Any]:
    """In a process of its own: cost of making, of keeping, of 450 searches, and the best rows of each question."""
    warnings.filterwarnings("ignore", message="Local mode is not recommended")
    make, _ = WAYS[way]
    make(["预热", "一下"], np.eye(2, dtype=np.float32), ":memory:")
    questions = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
    asked = np.load(folder / "asked.npy")
    before = resident_mb()
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    vectors = np.load(folder / "vectors.npy")
    start = time.perf_counter()
    rank = make(texts, vectors, place)
    built = time.perf_counter() - start
    del texts, vectors
    kept = resident_mb() - before
    pairs = list(zip(questions, asked, strict=True))
    best = [rank(*pair)[:TOP] for pair in pairs]
    ms = [timed(rank, *pair) for _ in range(ROUNDS) for pair in pairs]
    peak = _peak_mb() - before
    costs = {**spent(ms), "MB": round(kept), "peak MB": round(peak), "built in s": round(built, 1)}
    return {"costs": costs, "best": best}


def _peak_mb() -> float:
    """Most memory this process ever had; getrusage would tell the parent's, from before it was started."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def curve(count: int, folder: Path, place: str, ways: list[str]) -> dict[str, dict[str, Any]]:
    """Measure ``ways`` on what stands in ``folder``; each with its recall where it has one."""
    vectors, asked = np.load(folder / "vectors.npy", mmap_mode="r"), np.load(folder / "asked.npy")
    # One question at a time: all at once would be a gigabyte at a million passages.
    best = {"": [np.argpartition(-(vectors @ vector), TOP)[:TOP].tolist() for vector in asked]}
    found = {}
    for way in [way for way in WAYS if way in ways]:
        command = [sys.executable, "-m", "benchmarks.scale", "--measure", way, str(folder), "--qdrant", place]
        ended = subprocess.run(command, env=ALONE, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
        told = json.loads(ended.stdout)
        best[way], against = told["best"], WAYS[way][1]
        recall = {}
        if against in best:
            kept = [len({*one} & {*other}) for one, other in zip(best[way], best[against], strict=True)]
            recall = {"recall@10": round(sum(kept) / TOP / len(kept), 4)}
        found[way] = {**told["costs"], **recall, "load": round(os.getloadavg()[0], 1)}
        _tell(f"{count} passages: {way}: {found[way]}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), metavar="WAY")
    parser.add_argument("--qdrant", default=":memory:", help="place of Qdrant's vectors")
    parser.add_argument("--embed", type=int, default=10_000, help="passages that are really embedded")
    parser.add_argument("--public", type=Path, default=PUBLIC, help="folder with the public retrieval sets")
    parser.add_argument("--out", type=Path, default=ROOT / "results")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measured(options.measure[0], Path(options.measure[1]), options.qdrant)))
        return 0
    settings = KnowledgeSettings()
    embedder = load_embedder(settings.model_source)
    release = live.load(settings, embedder).release
    rows = [row for case in read_golden(GATE_FILE, ROOT / "tests" / "golden").values() for row in case]
    questions = random.Random(SEED).sample(sorted({searchable(row.q) for row in rows}), QUESTIONS)
    asked = embedder.queries(questions)
    written = options.out / "scale.json"
    for count in options.counts:
        folder = options.out / "cases" / f"scale-{count}"
        folder.mkdir(parents=True, exist_ok=True)
        texts = synthetic_passages(release, options.public, count)
        np.save(
            folder / "vectors.npy", vectors_for(texts, min(options.embed, count), embedder, options.out / "embeddings")
        )
        np.save(folder / "asked.npy", asked)
        for name, told in (("texts", texts), ("questions", questions)):
            (folder / f"{name}.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        del texts
        _tell(f"{count} passages made")
        found = curve(count, folder, options.qdrant, options.ways)
        print(markdown(f"{count} passages", found))
        known = json.loads(written.read_text(encoding="utf-8")) if written.is_file() else {}
        known[str(count)] = {**known.get(str(count), {}), **found}
        written.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    return 0


def _tell(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
