"""Floors under the measures: how bad they may become before a test fails.

``python -m knowledge.evaluate.floor results/evaluate tests/golden/floor.json`` sets them from an evaluation's numbers.
A floor lies half a Wilson interval below the measured share, so that noise alone does not fail it; measures that rest
on word lists alone have no noise and may not become worse at all.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from knowledge.evaluate.metrics import MEASURES, Rate

AT_LEAST, AT_MOST = "at_least", "at_most"
Floors = dict[str, dict[str, dict[str, float]]]


def floors_from(summary: Mapping[str, Any]) -> Floors:
    """Floors (or ceilings, where lower is better) of every measure of every half."""
    return {half: _of_half(numbers["all"]) for half, numbers in summary.items()}


def _of_half(found: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    floors = {}
    for measure in MEASURES:
        if measure.name not in found:
            continue
        rate = Rate(int(found[measure.name]["hits"]), int(found[measure.name]["of"]))
        noise = 0.0 if measure.exact else rate.noise
        if measure.lower_is_better:
            floors[measure.name] = {AT_MOST: round(min(1.0, rate.share + noise), 4)}
        else:
            floors[measure.name] = {AT_LEAST: round(max(0.0, rate.share - noise), 4)}
    return floors


def faults(found: Mapping[str, Mapping[str, float]], floors: Mapping[str, Mapping[str, float]]) -> list[str]:
    """One line per measure of a half that is worse than its floor allows, or that is gone."""
    told = []
    for name, floor in floors.items():
        share = found[name]["share"] if name in found else None
        if share is None:
            told.append(f"{name}: no longer measured")
        elif share < floor.get(AT_LEAST, 0.0) or share > floor.get(AT_MOST, 1.0):
            (bound, value), *_ = floor.items()
            told.append(f"{name}: {share:.4f}, but {bound} {value:.4f} is wanted")
    return told


def main() -> int:
    """Write the floors of an evaluation."""
    parser = argparse.ArgumentParser(prog="python -m knowledge.evaluate.floor", description=__doc__)
    parser.add_argument("evaluation", type=Path, help="folder that `python -m knowledge evaluate` wrote")
    parser.add_argument("floor", type=Path, help="file to write")
    args = parser.parse_args()
    try:
        summary = json.loads((args.evaluation / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"{args.evaluation}: run `python -m knowledge evaluate` first ({error})", file=sys.stderr)
        return 1
    args.floor.write_text(json.dumps(floors_from(summary), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
