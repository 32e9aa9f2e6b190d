"""From golden questions to a folder of results: ask all, judge, count, write."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from knowledge.answer import Knowledge
from knowledge.evaluate.golden import Golden, read_golden
from knowledge.evaluate.metrics import MEASURES, summary
from knowledge.evaluate.outcome import Judge, Outcome
from knowledge.evaluate.page import page
from knowledge.evaluate.pictures import CALIBRATION, CONFUSION, MISSING, draw

Halves = dict[str, list[Outcome]]


def run(knowledge: Knowledge, golden_paths: Iterable[Path], out_folder: str | Path, today: date | None = None) -> str:
    """Measure ``knowledge`` on the golden questions of files or folders and write everything below ``out_folder``.

    Writes config.json, rows.jsonl, summary.json, report.html and, where matplotlib is installed, two PNGs. Returns a
    short table. The same release, questions and day give the same files. ContentError when the questions are faulty.
    """
    golden = read_golden(*golden_paths)
    halves = measure(knowledge, golden)
    numbers = {name: summary(outcomes) for name, outcomes in halves.items()}
    config = _config(knowledge, golden, today or date.today())
    out = Path(out_folder)
    out.mkdir(parents=True, exist_ok=True)
    for name in (CALIBRATION, CONFUSION):
        (out / name).unlink(missing_ok=True)  # a picture of an earlier run beside new numbers would lie
    drawn = draw(halves, out)
    _write_json(out / "config.json", config)
    _write_json(out / "summary.json", numbers)
    rows = [{"half": name, **item.to_dict()} for name, outcomes in halves.items() for item in outcomes]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (out / "rows.jsonl").write_text(lines, encoding="utf-8")
    (out / "report.html").write_text(page(config, numbers, halves, out), encoding="utf-8")
    told = [_table(numbers), "", f"release {knowledge.release.id}; all of it: {out / 'report.html'}"]
    return "\n".join(told if drawn else [*told, MISSING])


def measure(knowledge: Knowledge, golden: Mapping[str, Sequence[Golden]]) -> Halves:
    """Ask and judge every question, by half."""
    judge = Judge(knowledge)
    return {name: [judge.ask(row) for row in rows] for name, rows in golden.items()}


def _config(knowledge: Knowledge, golden: Mapping[str, Sequence[Golden]], today: date) -> dict[str, Any]:
    return {
        "release": knowledge.release.id,
        "model": knowledge.embedder.name,
        "model_digest": knowledge.embedder.digest,
        "gate": asdict(knowledge.release.searcher.gate),
        "date": today.isoformat(),
        "questions": {name: len(rows) for name, rows in golden.items()},
    }


def _table(numbers: Mapping[str, Any]) -> str:
    """Measures down, halves across; shares in percent with their 95 % interval."""
    names = list(numbers)
    lines = [f"{'':22s}" + "".join(f"{name:>28s}" for name in names)]
    for item in MEASURES:
        cells = [_percent(numbers[name]["all"].get(item.name)) for name in names]
        mark = " (low)" if item.lower_is_better else ""
        lines.append(f"{item.name + mark:22s}" + "".join(f"{cell:>28s}" for cell in cells))
    errors = "".join(f"{numbers[name]['calibration_error']:>28.3f}" for name in names)
    return "\n".join([*lines, f"{'calibration error':22s}{errors}"])


def _percent(rate: Mapping[str, float] | None) -> str:
    if rate is None:
        return "–"
    bounds = f"[{100 * rate['low']:.1f}, {100 * rate['high']:.1f}]"
    return f"{rate['hits']:.0f}/{rate['of']:.0f} {100 * rate['share']:.1f} {bounds}"


def _write_json(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
