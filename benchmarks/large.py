"""A hundred thousand passages: how long building takes, what it keeps in memory and how long a search takes on one thread.

``python -m benchmarks.large`` makes the passages from real sentences (synthetic.py), embeds the first ``--embed`` of them
with the model (kept in ``results/embeddings``) and mixes the vectors of the others from those, with some noise: search does
not depend on what a vector says, embedding 100,000 takes half an hour. It measures our hybrid index, bm25s, dense alone and
haystack's pipeline, each in a process of its own and asked in turn, then the whole searcher with the release's own targets
and questions. Writes ``results/large.json``.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.peer import resident_mb, timed
from benchmarks.peers import Case, measure, spent
from benchmarks.ranking import SEED, cached
from benchmarks.search import PUBLIC
from benchmarks.synthetic import synthetic_passages
from benchmarks.tables import markdown
from knowledge import live
from knowledge.answer import Knowledge
from knowledge.apart import Apart
from knowledge.embed import Embedder, load_embedder
from knowledge.evaluate.golden import read_golden
from knowledge.index import HybridIndex, Vector
from knowledge.learning import GATE_FILE
from knowledge.passages import digest, searchable, targets
from knowledge.records import Passage
from knowledge.release import ReleaseError
from knowledge.search import Searcher
from knowledge.sections import SectionModel
from knowledge.settings import ROOT, KnowledgeSettings

TARGET_MS = 25.0
NOISE = 0.02
QUESTIONS, ROUNDS = 150, 3


def vectors_for(texts: Sequence[str], real: int, embedder: Embedder, folder: Path) -> Vector:
    """One vector a text: of the model for the first ``real``, mixed from those for the others."""
    first = cached("large", texts[:real], embedder.passages, embedder.digest, folder)
    chance = np.random.default_rng(SEED)
    left = len(texts) - len(first)
    one, other = chance.integers(0, len(first), (2, left))
    mixed = first[one] + first[other] + NOISE * chance.standard_normal((left, first.shape[1]), dtype=np.float32)
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    return np.concatenate([first, mixed])


def whole_searcher(knowledge: Knowledge, release: Path, case: Case, aside: Path) -> dict[str, Any]:
    """The release's targets, questions and section model, with the case's texts as passages behind its own statements."""
    goals = targets(knowledge.release.catalogue)
    told = [searchable(text) for goal in goals for text in goal.texts]
    statements = knowledge.embedder.passages(told)
    before, start = resident_mb(), time.perf_counter()
    passages = [Passage(f"large/{n}", "large", text, text, digest=digest(text)) for n, text in enumerate(case.texts)]
    _tell(f"{len(passages)} passages made; indexing them and {len(told)} statements")
    HybridIndex.build([*told, *case.texts], np.concatenate([statements, case.vectors])).save(aside)
    built = time.perf_counter() - start
    _tell(f"indexed and saved in {built:.0f} s; loading")
    start = time.perf_counter()
    questions, sections = HybridIndex.load(release / "questions"), SectionModel.load(release / "sections")
    gate = knowledge.release.searcher.gate
    apart = Apart.load(release / "apart")
    searcher = Searcher(goals, passages, questions, HybridIndex.load(aside), sections, gate, apart)
    loaded = time.perf_counter() - start
    asked = list(zip(case.questions, case.asked, strict=True))
    ms = [timed(searcher.find, *pair) for _ in range(ROUNDS + 1) for pair in asked][len(asked) :]
    texts = sum(map(sys.getsizeof, case.texts)) / 1e6  # were there before
    return {
        **spent(ms),
        "MB": round(resident_mb() - before + texts),
        "built and saved in s": round(built, 1),
        "loaded in s": round(loaded, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--embed", type=int, default=10_000, help="passages that are really embedded")
    parser.add_argument("--public", type=Path, default=PUBLIC, help="folder with the public retrieval sets")
    parser.add_argument("--golden", type=Path, nargs="*", default=[GATE_FILE, ROOT / "tests" / "golden"])
    parser.add_argument("--out", type=Path, default=ROOT / "results")
    options = parser.parse_args()
    settings = KnowledgeSettings()
    embedder = load_embedder(settings.model_source)
    try:
        knowledge = live.load(settings, embedder)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    texts = synthetic_passages(knowledge.release, options.public, options.count)
    _tell(f"{len(texts)} passages of {sum(map(len, texts)) / len(texts):.0f} characters; embedding {options.embed}")
    start = time.perf_counter()
    vectors = vectors_for(texts, min(options.embed, len(texts)), embedder, options.out / "embeddings")
    _tell(f"vectors after {time.perf_counter() - start:.0f} s")
    asked = sorted({searchable(row.q) for rows in read_golden(*options.golden).values() for row in rows})
    questions = random.Random(SEED).sample(asked, QUESTIONS)
    case = Case("large", texts, vectors, questions, embedder.queries(questions))
    found = {label: row.costs() for label, row in measure(case, options.out, 0, rank=False).items() if row.ms}
    with TemporaryDirectory(prefix="yinfawen-large-") as folder:
        release = settings.releases_dir / knowledge.release.id
        whole = whole_searcher(knowledge, release, case, Path(folder) / "texts")
    print(markdown(f"{len(texts)} passages", found))
    print(f"\nwhole searcher with the known questions of release {knowledge.release.id}: {json.dumps(whole)}")
    written = json.dumps({"passages": len(texts), "embedded": options.embed, "ways": found, "whole": whole}, indent=1)
    (options.out / "large.json").write_text(written + "\n", encoding="utf-8")
    return 0 if whole["CPU median ms"] <= TARGET_MS else 1


def _tell(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
