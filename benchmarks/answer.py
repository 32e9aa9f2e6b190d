"""How long one answer takes without Rasa, embedding included, on one core: questions in wordings that no cache has seen.

``python -m benchmarks.answer`` asks the golden questions of all kinds, each once a round with every cache emptied, prints
medians and where the time goes, and writes ``results/answer.json``. Needs a published release. The parts are timed on the
same questions in the same round, so they compare with each other and with the whole. Beside the time on the clock stands
processor time, which is what a core of one's own would need: other work on the machine lengthens only the first.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.peer import resident_mb
from benchmarks.peers import spent
from benchmarks.tables import markdown
from knowledge import live
from knowledge.answer import Knowledge
from knowledge.embed import load_embedder
from knowledge.evaluate.golden import read_golden
from knowledge.learning import GATE_FILE
from knowledge.normalise import normalise
from knowledge.passages import searchable
from knowledge.release import ReleaseError
from knowledge.settings import ROOT, KnowledgeSettings
from knowledge.tokens import tokens

TARGET_MS = 15.0
WHOLE = "answer"
Spent = dict[str, list[tuple[float, float]]]


def parts(knowledge: Knowledge, text: str) -> dict[str, Callable[[], object]]:
    """What answering ``text`` consists of, in its order; the rest of the whole is the steps and composing.

    Each is timed with empty caches, so the words of the question, which the whole needs once, count in three of them.
    """
    form = searchable(text)
    vector = knowledge.embedder.queries([form])[0]
    return {
        "normalising": lambda: searchable(text),
        "embedding": lambda: knowledge.embedder.queries([form]),
        "words of the question": lambda: tokens(form),
        "danger: patterns": lambda: knowledge.crisis.detect(form),
        "danger: model": lambda: knowledge.release.danger.judge(form, vector),
        "search": lambda: knowledge.release.searcher.find(form, vector),
    }


def one_round(knowledge: Knowledge, texts: list[str]) -> Spent:
    """Milliseconds of the whole and of each part, by question, on the clock and of the processor; they alternate."""
    taken: Spent = {}
    whole = Knowledge(knowledge.release, knowledge.embedder)  # remembers no question
    for text in texts:
        for name, run in {WHOLE: lambda text=text: whole.answer(text), **parts(knowledge, text)}.items():
            normalise.cache_clear()
            tokens.cache_clear()
            start, used = time.perf_counter(), time.process_time()
            run()
            used, passed = time.process_time() - used, time.perf_counter() - start
            taken.setdefault(name, []).append((1000 * passed, 1000 * used))
    return taken


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.answer", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--golden", type=Path, nargs="*", default=[GATE_FILE, ROOT / "tests" / "golden"])
    parser.add_argument("--out", type=Path, default=ROOT / "results")
    options = parser.parse_args()
    settings = KnowledgeSettings()
    try:
        knowledge = live.load(settings, load_embedder(settings.model_source))
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    texts = list(dict.fromkeys(row.q for rows in read_golden(*options.golden).values() for row in rows))
    one_round(knowledge, texts[:50])
    taken: Spent = {}
    for number in range(options.rounds):
        for name, values in one_round(knowledge, texts).items():
            taken.setdefault(name, []).extend(values)
        median = spent(taken[WHOLE][-len(texts) :])
        print(f"  round {number + 1}: {median}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    rows = {name: spent(pairs) for name, pairs in taken.items()}
    print(markdown(f"{len(texts)} questions, {options.rounds} rounds", rows))
    print(f"\nresident MB: {resident_mb():.0f}")
    options.out.mkdir(parents=True, exist_ok=True)
    written = json.dumps({"release": knowledge.release.id, "questions": len(texts), **rows}, indent=1) + "\n"
    (options.out / "answer.json").write_text(written, encoding="utf-8")
    return 0 if rows[WHOLE]["CPU median ms"] <= TARGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
