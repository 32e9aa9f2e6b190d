"""How good and how fast search is: bm25s, dense alone, the hybrid index and the whole searcher in one run.

``python -m benchmarks.search`` prints Markdown tables and writes ``results/search.json``. It needs a published release
(``python -m knowledge build``); the public sets are measured where their folder is there. Differences are paired, with
the 95 % interval of a bootstrap over the questions.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ranking import Ranker, all_rankers, cached_passages, difference, quality
from knowledge import live
from knowledge.answer import Knowledge
from knowledge.embed import Embedder, load_embedder
from knowledge.evaluate.golden import Golden, read_golden
from knowledge.passages import Target, searchable, targets
from knowledge.release import ReleaseError
from knowledge.settings import ROOT, KnowledgeSettings

PUBLIC = ROOT.parent / "shared" / "eval"
OURS = "hybrid (ours)"
WHOLE = "whole searcher (ours)"
ROUNDS = 3
Table = dict[str, dict[str, Any]]


def public_sets(folder: Path, embedder: Embedder, cache: Path) -> dict[str, Table]:
    """Lay questions → articles of statutes, and questions → their own answer."""
    statutes = _lines(folder / "statute_corpus.jsonl.gz")
    answers = _lines(folder / "qa_corpus.jsonl.gz")
    return {
        "statute": _public_set(
            "statute",
            {row["id"]: f"{row['law']}：{row['text']}" for row in statutes},
            _lines(folder / "statute_dev.jsonl"),
            embedder,
            cache,
        ),
        "qa": _public_set(
            "qa", {row["id"]: row["text"] for row in answers}, _lines(folder / "qa_dev.jsonl"), embedder, cache
        ),
    }


def _public_set(
    name: str, corpus: dict[int, str], asked: Sequence[dict[str, Any]], embedder: Embedder, cache: Path
) -> Table:
    row_of = {key: row for row, key in enumerate(corpus)}
    texts = [searchable(text) for text in corpus.values()]
    vectors = cached_passages(name, texts, embedder, cache)
    questions = [searchable(row["q"]) for row in asked]
    asked_vectors = embedder.queries(questions)
    gold = [frozenset(row_of[key] for key in row["gold"]) for row in asked]
    results = {}
    for label, rank in all_rankers(texts, vectors).items():
        start = time.perf_counter()
        ranked = [rank(*pair) for pair in zip(questions, asked_vectors, strict=True)]
        spent = (time.perf_counter() - start) / len(questions)
        results[label] = (quality(ranked, gold), spent * 1000)
        print(f"  {name}: {label} ranked {len(texts)} texts for {len(questions)} questions", flush=True)
    ours = results[OURS][0]
    return {
        label: {
            **measured.means(),
            "ms": round(spent, 2),
            **({} if label == OURS else {"minus ours": difference(ours.ndcg, measured.ndcg)}),
        }
        for label, (measured, spent) in results.items()
    }


def own_questions(knowledge: Knowledge, rows: Sequence[Golden]) -> Table:
    """Golden questions that have an answer: is the first target's matter right, and the first door?"""
    goals = targets(knowledge.release.catalogue)
    known = [(searchable(question), goal) for goal in goals for question in goal.questions]
    texts = [text for text, _ in known]
    ways: dict[str, Ranker] = all_rankers(texts, knowledge.embedder.queries(texts))
    asked = [(row, searchable(row.q), knowledge.embed(row.q)) for row in rows]
    first: dict[str, list[Target | None]] = {}
    for label, rank in ways.items():
        first[label] = [known[found[0]][1] if (found := rank(text, vector)) else None for _, text, vector in asked]
    found_all = [knowledge.release.searcher.find(text, vector).targets for _, text, vector in asked]
    first[WHOLE] = [found[0].target if found else None for found in found_all]
    doors = {key: answer.routes[0].name for key, answer in knowledge.every_answer() if answer.routes}
    names = {row.id: row.name for row in knowledge.release.catalogue.channels}
    matter = {
        label: np.array([goal is not None and goal.group in row.groups for row, goal in zip(rows, given, strict=True)])
        for label, given in first.items()
    }
    door = {
        label: np.array(
            [
                goal is not None and doors.get(goal.key) in {names[key] for key in row.doors}
                for row, goal in zip(rows, given, strict=True)
                if row.doors
            ]
        )
        for label, given in first.items()
    }
    return {
        label: {
            "matter": round(100 * float(matter[label].mean()), 1),
            "door": round(100 * float(door[label].mean()), 1),
            **({} if label == WHOLE else {"minus ours": difference(matter[WHOLE], matter[label])}),
        }
        for label in first
    }


def latency(knowledge: Knowledge, rows: Iterable[Golden]) -> dict[str, float]:
    """Milliseconds of one whole search without embedding the question, over all golden questions."""
    asked = [(row.q, knowledge.embed(row.q)) for row in rows]
    searcher = knowledge.release.searcher
    spent = []
    for round_number in range(ROUNDS + 1):
        for text, vector in asked:
            start = time.perf_counter()
            searcher.find(text, vector)
            if round_number:  # the first round warms caches
                spent.append((time.perf_counter() - start) * 1000)
    goals = targets(knowledge.release.catalogue)
    return {
        "median_ms": round(statistics.median(spent), 2),
        "p95_ms": round(statistics.quantiles(spent, n=20)[-1], 2),
        "questions": sum(len(goal.questions) for goal in goals),
        "texts": sum(len(goal.texts) for goal in goals) + len(knowledge.release.passages),
    }


def _lines(path: Path) -> list[dict[str, Any]]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in raw.decode().splitlines() if line]


def markdown(title: str, table: Table) -> str:
    """One table; the last column is the difference to ours in the first measure, with its interval."""
    columns = [key for key in next(iter(table.values())) if key != "minus ours"]
    lines = [f"\n**{title}**\n", f"| | {' | '.join(columns)} | minus ours ({columns[0]}) |"]
    lines.append("|---" * (len(columns) + 2) + "|")
    for label, row in table.items():
        gap = row.get("minus ours")
        told = f"{gap['difference']:+.1f} [{gap['low']:+.1f}, {gap['high']:+.1f}]" if gap else "–"
        lines.append(f"| {label} | {' | '.join(str(row[key]) for key in columns)} | {told} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--public", type=Path, default=PUBLIC, help="folder with the public retrieval sets")
    parser.add_argument("--golden", type=Path, default=ROOT / "tests" / "golden")
    parser.add_argument("--out", type=Path, default=ROOT / "results")
    options = parser.parse_args()
    settings = KnowledgeSettings()
    embedder = load_embedder(settings.model_source)
    try:
        knowledge = live.load(settings, embedder)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    results: dict[str, Any] = {"release": knowledge.release.id, "model": embedder.name, "digest": embedder.digest}
    tables = []
    if options.public.is_dir():
        results["public"] = public_sets(options.public, embedder, options.out / "embeddings")
        tables += [markdown(f"{name} (public set)", table) for name, table in results["public"].items()]
    else:
        print(f"skipped the public sets: no folder {options.public}")
    halves = {name: [row for row in rows if row.answerable] for name, rows in read_golden(options.golden).items()}
    results["golden"] = {name: own_questions(knowledge, rows) for name, rows in halves.items()}
    tables += [
        markdown(f"golden questions, {name} half ({len(halves[name])} with an answer)", table)
        for name, table in results["golden"].items()
    ]
    results["latency"] = latency(knowledge, [row for rows in halves.values() for row in rows])
    options.out.mkdir(parents=True, exist_ok=True)
    written = json.dumps(results, ensure_ascii=False, indent=1) + "\n"
    (options.out / "search.json").write_text(written, encoding="utf-8")
    print("\n".join(tables))
    print("\nsearch without embedding: " + ", ".join(f"{key} {value}" for key, value in results["latency"].items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
