"""How long one question takes to embed on one thread, and whether idle threads keep the processor busy.

``python -m benchmarks.embed [--rounds N]`` prints a table and, with ``--json FILE``, writes the numbers.
Processor time over wall time must stay at about 1 at work and 0 in pauses: more means threads that spin.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from knowledge.encoder import OnnxEncoder
from knowledge.settings import SHIPPED_MODEL

TARGET_MS = 10.0
PAUSE_SECONDS, PAUSES = 0.02, 50
QUESTIONS = (
    "法律援助热线电话是多少?",
    "老板拖着工资不给,我该找谁",
    "村里的法律顾问怎么联系",
    "离婚了孩子归谁",
    "打官司没钱请律师怎么办",
    "邻居占了我家宅基地,说了不听,能不能找人调解",
    "开证明跑了三趟都不给办,能不能写个承诺代替",
    "我在工地上干活摔伤了,包工头说不是工伤,也不给看病的钱,我应该先去哪里申请,要带什么材料?",
)


def measure(encode: Callable[[str], Any], rounds: int) -> dict[str, float]:
    """Milliseconds for one question (median, 95th percentile), and processor time over wall time."""
    for question in QUESTIONS:
        encode(question)
    times = []
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(rounds):
        for question in QUESTIONS:
            start = time.perf_counter()
            encode(question)
            times.append((time.perf_counter() - start) * 1000)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "median_ms": round(statistics.median(times), 2),
        "p95_ms": round(statistics.quantiles(times, n=20)[-1], 2),
        "cpu_per_wall": round(cpu / wall, 2),
        "cpu_per_wall_in_pauses": round(_in_pauses(encode), 3),
    }


def _in_pauses(encode: Callable[[str], Any]) -> float:
    """Processor time over wall time in the 20 ms after a question, which is when idle threads would spin."""
    busy = 0.0
    for _ in range(PAUSES):
        encode(QUESTIONS[0])
        start = time.process_time()
        time.sleep(PAUSE_SECONDS)
        busy += time.process_time() - start
    return busy / (PAUSES * PAUSE_SECONDS)


def onnx_alone(rounds: int) -> dict[str, float]:
    encoder = OnnxEncoder(SHIPPED_MODEL)
    return measure(lambda text: encoder.encode([text]), rounds)


def through_sentence_transformers(rounds: int) -> dict[str, float]:
    # Imported late: torch would be counted as memory of the measurement above.
    from knowledge.embed import SentenceTransformerEmbedder

    embedder = SentenceTransformerEmbedder(SHIPPED_MODEL)
    embedder.warm_up()
    return measure(lambda text: embedder.queries([text]), rounds)


def resident_mb() -> float:
    """Memory of this process, from Linux's /proc."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embed", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = {}
    for name, run in (("OnnxEncoder", onnx_alone), ("SentenceTransformer.encode", through_sentence_transformers)):
        results[name] = run(options.rounds) | {"resident_mb": resident_mb()}
        print(f"{name:28s}" + "  ".join(f"{key} {value}" for key, value in results[name].items()), flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row["median_ms"] <= TARGET_MS for row in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
