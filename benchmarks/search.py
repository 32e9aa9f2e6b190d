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
        ranked = [rank(text, vector) for text, vector in zip(questions, asked_vectors, strict=True)]
        results[label] = quality(ranked, gold)
        print(f"  {name}: {label} ranked {len(texts)} texts for {len(questions)} questions", flush=True)
    ours = results[OURS]
    return {
        label: {
            **measured.means(),
            **({} if label == OURS else {"minus ours": difference(ours.ndcg, measured.ndcg)}),
        }
        for label, measured in results.items()
    }


def first_targets(knowledge: Knowledge, rows: Sequence[Golden]) -> dict[str, list[Target | None]]:
    """What each way puts first for each question: the owner of the nearest known question, or what our searcher says."""
    known = [(question, goal) for goal in targets(knowledge.release.catalogue) for question in goal.questions]
    texts = [searchable(question) for question, _ in known]
    print(f"  golden: embedding {len(texts)} known questions", flush=True)
    ways: dict[str, Ranker] = all_rankers(texts, knowledge.embedder.queries(texts))
    asked = [(searchable(row.q), knowledge.embed(row.q)) for row in rows]
    first: dict[str, list[Target | None]] = {}
    for label, rank in ways.items():
        ranked = [rank(text, vector) for text, vector in asked]
        first[label] = [known[found[0]][1] if found else None for found in ranked]
    whole = [knowledge.search(row.q).targets for row in rows]
    return {**first, WHOLE: [found[0].target if found else None for found in whole]}


def own_table(knowledge: Knowledge, rows: Sequence[Golden], first: dict[str, list[Target | None]]) -> Table:
    """Golden questions that have an answer: is the first target's matter right, and the first door of its answer?"""
    doors = {key: answer.routes[0].name for key, answer in knowledge.every_answer() if answer.routes}
    names = {row.id: row.name for row in knowledge.release.catalogue.channels}
    matter, door = {}, {}
    for label, given in first.items():
        pairs = list(zip(rows, given, strict=True))
        matter[label] = np.array([goal is not None and goal.group in row.groups for row, goal in pairs])
        door[label] = np.array(
            [
                goal is not None and doors.get(goal.key) in {names[key] for key in row.doors}
                for row, goal in pairs
                if row.doors
            ]
        )
    return {
        label: {
            "matter": round(100 * float(matter[label].mean()), 1),
            "door": round(100 * float(door[label].mean()), 1),
            **({} if label == WHOLE else {"minus ours": difference(matter[WHOLE], matter[label])}),
        }
        for label in first
    }


def latency(knowledge: Knowledge, rows: Iterable[Golden]) -> dict[str, float]:
    """Milliseconds of one whole search without embedding the question, over golden questions with an answer."""
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
    golden = {name: [row for row in rows if row.answerable] for name, rows in read_golden(options.golden).items()}
    every = [row for rows in golden.values() for row in rows]
    first = first_targets(knowledge, every)
    results["golden"] = {}
    for name, rows in {**golden, "both": every}.items():
        picked = [i for i, row in enumerate(every) if name == "both" or row in rows]
        part = {label: [given[i] for i in picked] for label, given in first.items()}
        table = own_table(knowledge, [every[i] for i in picked], part)
        results["golden"][name] = table
        tables.append(markdown(f"golden questions with an answer: {name} ({len(picked)})", table))
    results["latency"] = latency(knowledge, every)
    options.out.mkdir(parents=True, exist_ok=True)
    written = json.dumps(results, ensure_ascii=False, indent=1) + "\n"
    (options.out / "search.json").write_text(written, encoding="utf-8")
    print("\n".join(tables))
    print("\nsearch without embedding: " + ", ".join(f"{key} {value}" for key, value in results["latency"].items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
