"""What the retrieval benchmarks compare: each way a process of its own (peer.py), all asked in turn in one run."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peer import HAYSTACK
from benchmarks.ranking import RANKERS, SEED
from knowledge.index import Vector
from knowledge.settings import ROOT

# Needs nothing of ours but our tokens; pinned, made once below results/.
PACKAGES = ("haystack-ai==3.4.1", "numpy==2.4.6", "rjieba==0.2.2")
ALONE = {**os.environ, "PYTHONPATH": str(ROOT), "HAYSTACK_TELEMETRY_ENABLED": "false"}
ALONE |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
ROUNDS, QUICK, SLOW = 5, 60, 3  # rounds, and searches in each: of ours and bm25s, of haystack


@dataclass(frozen=True, slots=True)
class Case:
    """Texts with vectors, and questions with vectors, all in the form that is compared."""

    name: str
    texts: Sequence[str]
    vectors: Vector
    questions: Sequence[str]
    asked: Vector


@dataclass(slots=True)
class Measured:
    """What one way gave: rows by question (only those it was asked), cost of making, milliseconds a search."""

    ranked: dict[int, list[int]] = field(default_factory=dict)
    seconds: float = 0.0
    mb: float = 0.0
    ms: list[tuple[float, float]] = field(default_factory=list)

    def costs(self) -> dict[str, float]:
        """Rounded for a table; empty for what was not timed: another reading of the same searches."""
        return {**spent(self.ms), "MB": round(self.mb), "built in s": round(self.seconds, 1)} if self.ms else {}


def spent(ms: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Median and 95th percentile of (clock, processor) times."""
    row = {}
    for name, values in zip(("", "CPU "), zip(*ms, strict=True), strict=True):
        row[f"{name}median ms"] = round(statistics.median(values), 2)
        row[f"{name}p95 ms"] = round(statistics.quantiles(values, n=20)[-1], 2)
    return row


class Peer:
    """One process with one index; building ends before the constructor does."""

    def __init__(self, way: str, folder: Path, python: Path) -> None:
        self.way = way
        command = [str(python), "-m", "benchmarks.peer", way, str(folder)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ALONE, cwd=ROOT
        )
        self.cost: dict[str, float] = self._answer()

    def ask(self, do: str, rows: Iterable[int]) -> list[Any]:
        """``rank``: rankings by name for each row; ``spend``: milliseconds for each row."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, "rows": list(rows)}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.way}: the process ended with code {self._process.wait()}")
        return json.loads(line)


def measure(case: Case, results: Path, asked_of_haystack: int, rank: bool = True) -> dict[str, Measured]:
    """Build every way, rank all questions (haystack: some, the same for the same seed), then time them in turns."""
    folder = results / "cases" / case.name
    _write(case, folder)
    every = list(range(len(case.questions)))
    some = sorted(random.Random(SEED).sample(every, min(asked_of_haystack or len(every), len(every))))
    peers, found = [], {}
    for way in [*HAYSTACK, *RANKERS]:
        peer = Peer(way, folder, haystack_python(results) if way in HAYSTACK else Path(sys.executable))
        peers.append(peer)
        found[way] = Measured(seconds=peer.cost["seconds"], mb=peer.cost["mb"])
        _tell(f"{case.name}: {way} built in {found[way].seconds:.1f} s, {found[way].mb:.0f} MB")
        rows = some if way in HAYSTACK else every
        if rank:
            for row, answers in zip(rows, peer.ask("rank", rows), strict=True):
                for label, ranked in answers.items():
                    found.setdefault(label, Measured()).ranked[row] = ranked
            _tell(f"{case.name}: {way} ranked {len(case.texts)} texts for {len(rows)} questions")
    for number in range(ROUNDS):
        rows = random.Random(number).sample(every, min(QUICK, len(every)))
        for peer in peers if number % 2 == 0 else reversed(peers):
            found[peer.way].ms += peer.ask("spend", rows[:SLOW] if peer.way in HAYSTACK else rows)
        _tell(f"{case.name}: round {number + 1} of {ROUNDS}, load {os.getloadavg()[0]:.1f}")
    for peer in peers:
        peer.stop()
    return {label: found[label] for label in sorted(found, key=lambda label: label.startswith("haystack"))}


def haystack_python(results: Path) -> Path:
    """The interpreter of haystack's environment, which is made when missing."""
    home = results / "haystack"
    if not (home / "installed").is_file():
        _tell(f"installing {', '.join(PACKAGES)}, about a minute")
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        (home / "installed").touch()
    return (home / "bin" / "python").absolute()


def _write(case: Case, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, texts in (("texts", case.texts), ("questions", case.questions)):
        (folder / f"{name}.json").write_text(json.dumps(list(texts), ensure_ascii=False), encoding="utf-8")
    np.save(folder / "vectors.npy", case.vectors)
    np.save(folder / "asked.npy", case.asked)


def _tell(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)
