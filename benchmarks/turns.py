"""Turns under load: our HTTP API against a plain Rasa project, alternating in one run on one machine.

``python -m benchmarks.turns`` is the driver, a process of its own. It starts our product as `make run` does and the peer
(plain_rasa.py), lets 1, 8 and 32 residents talk without a pause to one system at a time, prints a Markdown table of the
medians over the rounds and writes ``results/turns.json``. Both systems get the same texts in the same order: golden
questions in all their styles (without dangers, which never reach Rasa in ours) and small talk as every fifth turn, with
varied politeness around them, so that a cache of repeated questions helps little.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from benchmarks import plain_rasa
from benchmarks.systems import Ours, Plain, System, cpu_seconds
from knowledge.evaluate.golden import read_golden
from knowledge.learning import GATE_FILE
from knowledge.settings import ROOT

RESULTS = ROOT / "results"
GOLDEN = (GATE_FILE, ROOT / "tests" / "golden")
SMALL_TALK = (
    "你好",
    "谢谢啊",
    "在吗",
    "你是谁",
    "你能帮我做什么",
    "恁好",
    "多谢了",
    "再见",
    "转人工",
    "我想找个人问问",
)
BEFORE = ("", "", "你好，", "请问，", "您好，麻烦问一下，", "俺想问问，", "同志，", "想咨询一下，")
AFTER = ("", "", "，谢谢", "？", "，急", "，麻烦了", "，中不中", "，该咋弄")
TURNS_PER_CONVERSATION = 20
PATIENCE = aiohttp.ClientTimeout(total=60)


@dataclass(frozen=True, slots=True)
class Phase:
    """What one system did in one stretch of load; times in milliseconds."""

    system: str
    residents: int
    turns: int
    errors: int
    turns_per_second: float
    p50: float
    p95: float
    p99: float
    cpu_per_turn: float
    driver_share: float


def golden_questions() -> list[str]:
    """All golden questions but dangers."""
    return [row.q for half in read_golden(*GOLDEN).values() for row in half if row.kind != "crisis"]


def texts(seed: int) -> Iterator[str]:
    """What residents say, without end; the same for the same seed."""
    chance = random.Random(seed)
    asked = golden_questions()
    chance.shuffle(asked)
    for number, question in enumerate(itertools.cycle(asked), 1):
        yield f"{chance.choice(BEFORE)}{question}{chance.choice(AFTER)}"
        if number % 4 == 0:
            yield chance.choice(SMALL_TALK)


async def run_phase(system: System, residents: int, seconds: float, seed: int) -> Phase:
    """Closed loop: each resident sends the next text when the answer to the last one is there."""
    source = texts(seed)
    times: list[float] = []
    errors = 0
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=PATIENCE) as session:

        async def resident(until: float) -> None:
            nonlocal errors
            while True:
                conversation = await system.conversation(session)
                for _ in range(TURNS_PER_CONVERSATION):
                    if time.perf_counter() >= until:
                        return
                    text = next(source)
                    started = time.perf_counter()
                    good = await system.turn(session, conversation, text)
                    times.append(time.perf_counter() - started)
                    errors += not good

        begun, cpu, own = time.perf_counter(), cpu_seconds(system.pids()), time.process_time()
        await asyncio.gather(*(resident(begun + seconds) for _ in range(residents)))
        took, cpu = time.perf_counter() - begun, cpu_seconds(system.pids()) - cpu
        own = time.process_time() - own
    p50, p95, p99 = (1000 * _percentile(times, share) for share in (0.50, 0.95, 0.99))
    rate = len(times) / took
    return Phase(system.name, residents, len(times), errors, rate, p50, p95, p99, 1000 * cpu / len(times), own / took)


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def measure(systems: list[System], options: argparse.Namespace) -> list[Phase]:
    """All phases; within a round both systems get the same texts, and they take turns in going first."""
    for system in systems:
        await run_phase(system, 4, 3.0, seed=0)
    phases = []
    for number in range(options.rounds):
        for level in options.levels:
            for system in systems if number % 2 == 0 else reversed(systems):
                phase = await run_phase(system, level, options.seconds, seed=1000 * number + level)
                phases.append(phase)
                print(
                    f"round {number + 1}/{options.rounds}, {level} residents, {system.name}: p50 {phase.p50:.0f} ms, "
                    f"{phase.turns_per_second:.0f} turns/s, {phase.errors} errors, load {os.getloadavg()[0]:.1f}",
                    file=sys.stderr,
                    flush=True,
                )
    return phases


COLUMNS = {
    "p50 ms": "p50",
    "p95 ms": "p95",
    "p99 ms": "p99",
    "turns/s": "turns_per_second",
    "CPU ms/turn": "cpu_per_turn",
    "errors": "errors",
    "turns": "turns",
    "driver CPU": "driver_share",
}


def table(phases: list[Phase]) -> str:
    """Medians over the rounds (errors and turns: sums), and the ratio of ours to plain Rasa under each pair."""
    lines = [f"| residents | system | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 2) + "|"]
    names = list(dict.fromkeys(phase.system for phase in phases))
    for level in dict.fromkeys(phase.residents for phase in phases):
        rows = []
        for name in names:
            of = [asdict(phase) for phase in phases if (phase.system, phase.residents) == (name, level)]
            row = {field: statistics.median(phase[field] for phase in of) for field in COLUMNS.values()}
            row |= {field: sum(phase[field] for phase in of) for field in ("errors", "turns")}
            rows.append(row)
            cells = [
                f"{row[field]:.{0 if field in ('errors', 'turns') else 2 if row[field] < 10 else 0}f}" for field in row
            ]
            lines.append(f"| {level} | {name} | {' | '.join(cells)} |")
        if len(rows) == 2:
            shares = [f"{rows[0][f] / rows[1][f]:.2f}" if f in list(rows[0])[:5] else "" for f in rows[0]]
            lines.append(f"| {level} | ours / plain | {' | '.join(shares)} |")
    return "\n".join(lines)


def main() -> int:
    """Start what is measured, measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.turns", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=12.0, help="length of one phase")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--levels", type=int, nargs="+", default=[1, 8, 32], help="residents at a time")
    parser.add_argument("--without-plain", action="store_true", help="ours only; needs no second Rasa")
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    peer = None if options.without_plain else plain_rasa.prepare(RESULTS)
    with TemporaryDirectory(prefix="yinfawen-turns-") as folder:
        systems: list[System] = [Ours(Path(folder))]
        try:
            if peer is not None:
                systems.append(Plain(*peer))
            for system in systems:
                print(f"waiting for {system.name}", file=sys.stderr, flush=True)
                system.wait()
            phases = asyncio.run(measure(systems, options))
            memory = {system.name: system.memory() for system in systems}
            engines = systems[0].engines()  # type: ignore[attr-defined]
        finally:
            for system in systems:
                system.stop()
    report = {"phases": [asdict(phase) for phase in phases], "memory_mb": memory, "engines": engines}
    (RESULTS / "turns.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(table(phases))
    print(f"\nResident MB at the end: {json.dumps(memory)}. Who answered our turns: {json.dumps(engines)}.")
    return 1 if any(phase.errors for phase in phases) else 0


if __name__ == "__main__":
    sys.exit(main())
