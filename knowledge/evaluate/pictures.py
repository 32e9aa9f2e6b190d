"""Calibration and confusion as PNG. Needs matplotlib (extra ``dev``); axes carry ids, so no Chinese font is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from knowledge.evaluate.metrics import calibration, calibration_error, pairs
from knowledge.evaluate.outcome import Outcome

CALIBRATION, CONFUSION = "calibration.png", "confusion.png"
MISSING = "no pictures: matplotlib is not installed (it comes with the extra `dev`)"
# Without it, the file would name the version of matplotlib and change with it.
PLAIN = {"Software": None}


def draw(halves: Mapping[str, Sequence[Outcome]], folder: Path) -> bool:
    """Write both pictures below ``folder``; False when matplotlib is missing."""
    if find_spec("matplotlib") is None:
        return False
    _draw_calibration(halves, folder / CALIBRATION)
    _draw_confusion([item for outcomes in halves.values() for item in outcomes], folder / CONFUSION)
    return True


def _draw_calibration(halves: Mapping[str, Sequence[Outcome]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * len(halves), 4.6), layout="constrained")
    for axes, (name, outcomes) in zip(figure.subplots(1, len(halves), squeeze=False)[0], halves.items(), strict=True):
        bins = calibration(outcomes)
        promised = [item.promised for item in bins]
        true = [item.came_true.share for item in bins]
        reach = [[item.came_true.share - item.came_true.interval[0] for item in bins]]
        reach.append([item.came_true.interval[1] - item.came_true.share for item in bins])
        axes.plot([0, 1], [0, 1], color="0.7", linestyle="--")
        axes.errorbar(promised, true, yerr=reach, fmt="o-", capsize=3)
        for item in bins:
            axes.annotate(
                str(item.came_true.of), (item.promised, item.came_true.share), (5, 4), textcoords="offset points"
            )
        axes.set(xlim=(0, 1.02), ylim=(0, 1.06), xlabel="probability of the best target", ylabel="share that was right")
        axes.set_title(f"{name}: calibration error {calibration_error(bins):.3f}")
    figure.savefig(path, dpi=110, metadata=PLAIN)


def _draw_confusion(outcomes: Sequence[Outcome], path: Path) -> None:
    """Matters in which something went wrong: wanted down, given across. Right answers stand on the diagonal."""
    from matplotlib.figure import Figure

    cells = pairs(outcomes)
    wrong = {pair for pair in cells if pair[0] != pair[1]}
    wanted = sorted({pair[0] for pair in wrong})
    others = {pair[1] for pair in wrong} - set(wanted)
    given = [*wanted, *sorted(others, key=lambda name: (name.startswith("("), name))]
    figure = Figure(figsize=(3 + 0.24 * len(given), 2.6 + 0.24 * len(wanted)), layout="constrained")
    axes = figure.subplots()
    axes.set_title("matters with a wrong answer: wanted (down), given (across)")
    if wrong:
        grid = [[cells.get((row, column), 0) for column in given] for row in wanted]
        axes.imshow(grid, cmap="Blues", aspect="equal")
        for y, row in enumerate(grid):
            for x, count in enumerate(row):
                if count:
                    colour = "white" if count > max(map(max, grid)) / 2 else "black"
                    axes.text(x, y, str(count), ha="center", va="center", fontsize=7, color=colour)
        axes.set_xticks(range(len(given)), [_short(name) for name in given], rotation=90, fontsize=7)
        axes.set_yticks(range(len(wanted)), [_short(name) for name in wanted], fontsize=7)
    figure.savefig(path, dpi=110, metadata=PLAIN)


def _short(name: str) -> str:
    return name.removeprefix("guide:")
