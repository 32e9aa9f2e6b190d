"""How good and how fast search is: bm25s, dense alone, haystack's pipeline, our hybrid index and whole searcher in one run.

``python -m benchmarks.search`` prints Markdown tables and writes ``results/search.json``. It needs a published release
(``python -m knowledge build``); the public sets are measured where their folder is there. Differences are paired, with
the 95 % interval of a bootstrap over the questions. Milliseconds are without embedding the question and taken in rounds
in which all ways are asked in turn; haystack, which is slow, gets fewer questions.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peer import timed
from benchmarks.peers import Case, Measured, measure, spent
from benchmarks.ranking import cached
from benchmarks.tables import Table, markdown, retrieval, shares
from knowledge import live
from knowledge.answer import Knowledge
from knowledge.embed import Embedder, load_embedder
from knowledge.evaluate.golden import Golden, read_golden
from knowledge.learning import GATE_FILE
from knowledge.passages import Target, searchable, targets
from knowledge.release import ReleaseError
from knowledge.settings import ROOT, KnowledgeSettings

PUBLIC = ROOT.parent / "shared" / "eval"
WHOLE = "whole searcher (ours)"
ROUNDS = 3
Right = dict[str, dict[str, dict[int, bool]]]


def public_sets(folder: Path, embedder: Embedder, results: Path, of_haystack: int) -> dict[str, Table]:
    """Lay questions → articles of statutes, and questions → their own answer."""
    form: dict[str, Callable[[dict[str, Any]], str]] = {
        "statute": lambda row: f"{row['law']}：{row['text']}",
        "qa": lambda row: str(row["text"]),
    }
    tables = {}
    for name, text in form.items():
        corpus = _lines(folder / f"{name}_corpus.jsonl.gz")
        asked = _lines(folder / f"{name}_dev.jsonl")
        texts = [searchable(text(row)) for row in corpus]
        vectors = cached(name, texts, embedder.passages, embedder.digest, results / "embeddings")
        questions = [searchable(row["q"]) for row in asked]
        case = Case(name, texts, vectors, questions, embedder.queries(questions))
        row_of = {row["id"]: number for number, row in enumerate(corpus)}
        gold = [frozenset(row_of[key] for key in row["gold"]) for row in asked]
        tables[name] = retrieval(measure(case, results, of_haystack), gold)
    return tables


def golden_rankings(
    knowledge: Knowledge, asked: Sequence[Golden], results: Path, of_haystack: int
) -> tuple[dict[str, dict[int, Target | None]], dict[str, Measured]]:
    """What each way puts first for each question: the owner of the nearest known question, or what our searcher says."""
    known = [(question, goal) for goal in targets(knowledge.release.catalogue) for question in goal.questions]
    texts = [searchable(question) for question, _ in known]
    model = knowledge.embedder
    vectors = cached("known", texts, model.queries, model.digest, results / "embeddings")
    questions = [searchable(row.q) for row in asked]
    found = measure(Case("golden", texts, vectors, questions, model.queries(questions)), results, of_haystack)
    first = {
        label: {number: known[rows[0]][1] if rows else None for number, rows in row.ranked.items()}
        for label, row in found.items()
    }
    best = [next(iter(knowledge.search(row.q).targets), None) for row in asked]
    whole = {number: None if found is None else found.target for number, found in enumerate(best)}
    return {**first, WHOLE: whole}, found


def right(knowledge: Knowledge, rows: Mapping[int, Golden], first: Mapping[str, Mapping[int, Target | None]]) -> Right:
    """Is the first target's matter right, and the first door of its answer?"""
    doors = {key: answer.routes[0].name for key, answer in knowledge.every_answer() if answer.routes}
    names = {row.id: row.name for row in knowledge.release.catalogue.channels}
    verdicts: Right = {}
    for label, given in first.items():
        pairs = {number: (rows[number], goal) for number, goal in given.items() if number in rows}
        verdicts[label] = {
            "right matter": {
                number: goal is not None and goal.group in row.groups for number, (row, goal) in pairs.items()
            },
            "right door": {
                number: goal is not None and doors.get(goal.key) in {names[key] for key in row.doors}
                for number, (row, goal) in pairs.items()
                if row.doors
            },
        }
    return verdicts


def latency(knowledge: Knowledge, rows: Iterable[Golden]) -> dict[str, float]:
    """Milliseconds of one whole search without embedding the question, over golden questions with an answer."""
    asked = [(row.q, knowledge.embed(row.q)) for row in rows]
    # The first round warms caches.
    return spent(
        [timed(knowledge.release.searcher.find, *pair) for _ in range(ROUNDS + 1) for pair in asked][len(asked) :]
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in raw.decode().splitlines() if line]


def golden_tables(knowledge: Knowledge, options: argparse.Namespace) -> dict[str, Table]:
    """The half that weights were chosen on, the one never fitted on, and both; costs stand in the last."""
    halves = {name: [row for row in rows if row.answerable] for name, rows in read_golden(*options.golden).items()}
    every = [row for rows in halves.values() for row in rows]
    first, found = golden_rankings(knowledge, every, options.out, options.haystack)
    costs = {label: row.costs() for label, row in found.items()} | {WHOLE: latency(knowledge, every)}
    tables = {}
    for name, rows in {**halves, "both": every}.items():
        mine = {number: row for number, row in enumerate(every) if name == "both" or row in rows}
        tables[name] = shares(right(knowledge, mine, first), WHOLE, costs if name == "both" else {})
    return tables


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--public", type=Path, default=PUBLIC, help="folder with the public retrieval sets")
    parser.add_argument("--golden", type=Path, nargs="*", default=[GATE_FILE, ROOT / "tests" / "golden"])
    parser.add_argument("--out", type=Path, default=ROOT / "results")
    parser.add_argument("--haystack", type=int, default=150, help="questions of each set for haystack; 0 for all")
    options = parser.parse_args()
    settings = KnowledgeSettings()
    embedder = load_embedder(settings.model_source)
    try:
        knowledge = live.load(settings, embedder)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    results: dict[str, Any] = {"release": knowledge.release.id, "model": embedder.name, "digest": embedder.digest}
    if options.public.is_dir():
        results["public"] = public_sets(options.public, embedder, options.out, options.haystack)
    else:
        print(f"skipped the public sets: no folder {options.public}", file=sys.stderr)
    results["golden"] = golden_tables(knowledge, options)
    options.out.mkdir(parents=True, exist_ok=True)
    written = json.dumps(results, ensure_ascii=False, indent=1) + "\n"
    (options.out / "search.json").write_text(written, encoding="utf-8")
    for name, table in results.get("public", {}).items():
        print(markdown(f"{name} (public set)", table))
    for name, table in results["golden"].items():
        print(markdown(f"golden questions with an answer: {name}", table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
