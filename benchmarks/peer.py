"""One index in a process of its own, so that memory can be told apart: ``python -m benchmarks.peer WAY FOLDER``.

Reads one command a line and answers each with one line of JSON; ``peers.py`` is the other end. Runs in the service's
environment and in haystack's, so each imports its own only when it is asked for. FOLDER holds texts.json, vectors.npy,
questions.json and asked.npy.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.tokens import tokens

HAYSTACK = {"haystack, its own tokens": False, "haystack, our tokens": True}
# How the rankings of haystack's joiners are called; the first is the one that is timed.
SHORT = {"reciprocal_rank_fusion": "", "distribution_based_rank_fusion": ", joined by scores"}
DEPTH = 100
Vector = Any
Search = Callable[[str, Vector], list[int]]
Rankings = Callable[[str, Vector], dict[str, list[int]]]


def maker(way: str) -> Callable[[list[str], Vector], tuple[Search, Rankings]]:
    """Import what ``way`` needs; the rest is what it costs to make an index."""
    if way in HAYSTACK:
        from benchmarks.haystack_pipeline import HaystackPipeline

        def pipeline(texts: list[str], vectors: Vector) -> tuple[Search, Rankings]:
            made = HaystackPipeline(texts, vectors, HAYSTACK[way], DEPTH)
            return made.search, lambda text, vector: {
                way + SHORT[join]: rows for join, rows in made.rankings(text, vector).items()
            }

        return pipeline
    from benchmarks.ranking import RANKERS

    def ranker(texts: list[str], vectors: Vector) -> tuple[Search, Rankings]:
        rank = RANKERS[way](texts, vectors)
        return rank, lambda text, vector: {way: rank(text, vector)}

    return ranker


def resident_mb() -> float:
    """Resident memory of this process after what is free was given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def timed(search: Search, text: str, vector: Vector) -> tuple[float, float]:
    """Milliseconds of one search on the clock and of the processor: what a core of one's own would need.

    No resident's question has its words in the cache.
    """
    tokens.cache_clear()
    start, used = time.perf_counter(), time.process_time()
    search(text, vector)
    used = time.process_time() - used
    return (time.perf_counter() - start) * 1000, used * 1000


def main() -> None:
    """Make the index, say what it cost, then rank or time the rows of each command until the input ends."""
    way, folder = sys.argv[1], Path(sys.argv[2])
    make = maker(way)
    make(["预热", "一下"], np.eye(2, dtype=np.float32))
    questions = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
    asked = np.load(folder / "asked.npy")
    before = resident_mb()
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    vectors = np.load(folder / "vectors.npy")
    start = time.perf_counter()
    search, rankings = make(texts, vectors)
    seconds = time.perf_counter() - start
    del texts, vectors
    _say({"seconds": seconds, "mb": resident_mb() - before})
    for line in sys.stdin:
        command = json.loads(line)
        rows = [(questions[row], asked[row]) for row in command["rows"]]
        if command["do"] == "rank":
            _say([rankings(text, vector) for text, vector in rows])
        else:
            _say([timed(search, text, vector) for text, vector in rows])


def _say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
