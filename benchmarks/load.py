"""The whole product under a crowd (residents.py), and plain Rasa (plain_rasa.py) under the same crowd in the same run.

``python -m benchmarks.load --residents 30 100 200 --minutes 5 5 30`` starts both once and, for each number, lets that many
residents talk at the same time: each opens a conversation, does something every ``--pause`` seconds or so, and starts anew
after a dozen turns. Long segments of ours and short ones of plain Rasa alternate, so that what else the machine does hits
both; a system is idle while the other is measured. Tables in Markdown: p50, p95, p99 and the worst by kind, errors, ratios,
and memory over the loaded time with its growth per hour, a straight line fitted to all of it and to its later half.
``--url`` measures a product that runs already (two replicas behind nginx, say), then without its memory and plain Rasa.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from benchmarks import plain_rasa
from benchmarks.residents import OurWay, PlainWay, Resident, Tally, Way
from benchmarks.systems import Ours, Plain
from benchmarks.turns import RESULTS, golden_questions

LIMIT = 5.0  # WeChat's window
SAMPLE = 10.0  # seconds between looks at the memory
PATIENCE = aiohttp.ClientTimeout(total=30)
Memory = Callable[[], dict[str, float]]


async def segment(
    way: Way, tally: Tally, residents: int, seconds: float, pause: float, seed: int, memory: Memory | None
) -> None:
    """``residents`` at once for ``seconds``; what comes of it is added to ``tally``."""
    begun, before = time.monotonic(), tally.loaded
    asked = golden_questions()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=PATIENCE) as session:
        people = [Resident(session, way, asked, tally, 1000 * seed + number, pause) for number in range(residents)]
        staying = asyncio.gather(*(person.stay(begun + seconds) for person in people))
        while not staying.done():
            await asyncio.wait({staying}, timeout=SAMPLE)
            if memory is not None:
                tally.memory.append((before + time.monotonic() - begun, memory()))
        await staying
    tally.loaded += time.monotonic() - begun


def measure(
    ways: dict[str, tuple[Way, Memory | None]], residents: int, minutes: float, options: argparse.Namespace
) -> dict[str, Tally]:
    """``minutes`` of ours in segments, after each a segment of every other way."""
    tallies = {name: Tally() for name in ways}
    count = max(1, round(minutes / options.segment))
    for number in range(count):
        for name, (way, memory) in ways.items():
            seconds = 60 * (minutes / count if name == Ours.name else min(options.plain_segment, minutes / count))
            asyncio.run(segment(way, tallies[name], residents, seconds, options.pause, number, memory))
            said = f"{residents} residents, segment {number + 1} of {count}, {name}: load {os.getloadavg()[0]:.1f}"
            print(said, file=sys.stderr, flush=True)
    return tallies


def figures(times: list[float]) -> list[float]:
    """p50, p95, p99 and the worst, in the unit of ``times``."""
    ordered = sorted(times)
    return [ordered[min(len(ordered) - 1, int(part * len(ordered)))] for part in (0.5, 0.95, 0.99, 1.0)]


def rows(residents: int, tallies: dict[str, Tally]) -> Iterator[str]:
    """A table in Markdown; ``messages`` are all but opening and history, which plain Rasa has not."""
    yield "| residents | system | kind | requests | per s | p50 s | p95 s | p99 s | worst s | over 5 s | shed | errors |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|"
    summary = []
    for name, tally in tallies.items():
        kinds = {kind: (kind,) for kind in sorted(tally.seconds)}
        kinds["messages"] = tuple(kind for kind in kinds if kind not in ("open", "history"))
        for kind, parts in kinds.items():
            times = [second for part in parts for second in tally.seconds[part]]
            if not times:
                continue
            rate, found = len(times) / tally.loaded, figures(times)
            shed = sum(tally.shed[part] for part in parts)
            errors = sum(count for (part, _), count in tally.faults.items() if part in parts)
            over = sum(second > LIMIT for second in times)
            cells = " | ".join(f"{figure:.3f}" for figure in found)
            yield f"| {residents} | {name} | {kind} | {len(times)} | {rate:.1f} | {cells} | {over} | {shed} | {errors} |"
            if kind == "messages":
                summary.append([rate, *found])
    if len(summary) == 2:
        ratios = " | ".join(f"{ours / plain:.2f}" for ours, plain in zip(*summary, strict=True))
        yield f"| {residents} | ours / plain | messages | | {ratios} | | | |"


def growth(samples: list[tuple[float, float]]) -> float:
    """MB per hour of a straight line through (loaded second, MB); 0 when there are fewer than two points."""
    if len(samples) < 2:
        return 0.0
    return 3600 * statistics.linear_regression(*zip(*samples, strict=True)).slope


def memory_rows(tallies: dict[str, Tally]) -> Iterator[str]:
    """A table in Markdown: each process's memory at the start, in the middle, at the end, the most, and its growth."""
    yield "| process | MB at first | middle | last | most | MB an hour, all | MB an hour, later half |"
    yield "|---|---|---|---|---|---|---|"
    for name, tally in tallies.items():
        for role in sorted({role for _, sizes in tally.memory for role in sizes}):
            samples = [(second, sizes[role]) for second, sizes in tally.memory if role in sizes]
            sizes = [size for _, size in samples]
            shown = (sizes[0], sizes[len(sizes) // 2], sizes[-1], max(sizes))
            slopes = (growth(samples), growth(samples[len(samples) // 2 :]))
            cells = [*(f"{size:.0f}" for size in shown), *(f"{slope:+.0f}" for slope in slopes)]
            yield f"| {name}: {role} | {' | '.join(cells)} |"


def show(residents: int, tallies: dict[str, Tally]) -> None:
    print()
    print("\n".join(rows(residents, tallies)))
    for name, tally in tallies.items():
        faults = {f"{kind}: {fault}": count for (kind, fault), count in tally.faults.items()}
        print(f"\n{name}: loaded for {tally.loaded:.0f} s, faults: {faults or 'none'}")
    if any(tally.memory for tally in tallies.values()):
        print("\n" + "\n".join(memory_rows(tallies)), flush=True)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--residents", type=int, nargs="+", default=[30, 100, 200])
    parser.add_argument("--minutes", type=float, nargs="+", default=[30.0], help="of ours, for each number or for all")
    parser.add_argument("--segment", type=float, default=5.0, help="minutes of ours at a time")
    parser.add_argument("--plain-segment", type=float, default=1.0, help="minutes of plain Rasa after each")
    parser.add_argument("--pause", type=float, default=6.0, help="seconds between what one resident does, on average")
    parser.add_argument("--without-plain", action="store_true", help="ours only; needs no second Rasa")
    parser.add_argument("--url", help="a product that runs already")
    options = parser.parse_args()
    if len(options.minutes) == 1:
        options.minutes *= len(options.residents)
    if len(options.minutes) != len(options.residents):
        parser.error("--minutes: one number, or as many as --residents")
    if min(*options.minutes, options.segment, options.plain_segment, options.pause, *options.residents) <= 0:
        parser.error("all numbers must be greater than 0")
    return options


def main() -> None:
    options = parsed()
    with ExitStack() as stack:
        ways: dict[str, tuple[Way, Memory | None]] = {}
        ours = None
        if options.url:
            ways[Ours.name] = OurWay(options.url), None
        else:
            RESULTS.mkdir(exist_ok=True)
            peer = None if options.without_plain else plain_rasa.prepare(RESULTS)
            ours = Ours(Path(stack.enter_context(TemporaryDirectory(prefix="yinfawen-load-"))))
            stack.callback(ours.stop)
            if peer is not None:
                plain = Plain(*peer)
                stack.callback(plain.stop)
                plain.wait()
                ways[Plain.name] = PlainWay(plain.url), plain.memory
            ours.wait()
            ways = {Ours.name: (OurWay(ours.url), ours.memory), **ways}
        for residents, minutes in zip(options.residents, options.minutes, strict=True):
            show(residents, measure(ways, residents, minutes, options))
        if ours is not None:
            print(f"\nOurs answered by {ours.engines()}.")


if __name__ == "__main__":
    main()
