"""What is counted, as one table of measures; every share comes with its Wilson interval."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from knowledge.evaluate.outcome import Outcome
from knowledge.records import Status

Z95 = 1.959963984540054
BINS = 10


@dataclass(frozen=True, slots=True)
class Rate:
    """``hits`` of ``of`` with the 95 % Wilson interval; a share of nothing is 0 and may be anything."""

    hits: int
    of: int

    @property
    def share(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.hits, self.of)

    @property
    def noise(self) -> float:
        """Half the width of the interval."""
        low, high = self.interval
        return (high - low) / 2

    def to_dict(self) -> dict[str, float]:
        low, high = self.interval
        numbers = {"share": self.share, "low": low, "high": high}
        return {"hits": self.hits, "of": self.of, **{key: round(value, 4) for key, value in numbers.items()}}


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % score interval of a share; it stays inside 0 and 1 and is honest at both ends. (0, 1) for no trials."""
    if not of:
        return 0.0, 1.0
    share, square = hits / of, Z95 * Z95
    middle = (share + square / (2 * of)) / (1 + square / of)
    reach = Z95 / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    # Exact at the ends: rounding would put the share itself outside its interval.
    return (middle - reach if hits else 0.0), (middle + reach if hits < of else 1.0)


@dataclass(frozen=True, slots=True)
class Measure:
    """One share: ``of`` says hit, no hit, or None for rows that are not counted.

    ``exact`` measures come from word lists alone, so a change is never noise.
    """

    name: str
    label: str
    of: Callable[[Outcome], bool | None]
    lower_is_better: bool = False
    exact: bool = False

    def rate(self, outcomes: Iterable[Outcome]) -> Rate:
        judged = [value for value in map(self.of, outcomes) if value is not None]
        return Rate(sum(judged), len(judged))


def _status_among(statuses: Sequence[Status]) -> Callable[[Outcome], bool | None]:
    return lambda item: item.answer.status in statuses if item.row.answerable else None


def _flag(item: Outcome) -> bool:
    return item.answer.status is Status.CRISIS


MEASURES = (
    Measure("good", "全对（状态、事项、段落、数字都对）", lambda item: item.good),
    Measure("status", "状态对", lambda item: item.status_ok),
    Measure("matter", "事项对（答了的里面）", lambda item: item.matter_ok),
    Measure("section", "说的正是问的那一段（答了的里面）", lambda item: item.section_ok),
    Measure("door", "第一个去处对", lambda item: item.door_ok),
    Measure("figures", "数字对", lambda item: item.figures_ok),
    Measure("never", "没说不该说的", lambda item: item.never_ok),
    Measure("answered", "该答的答了", _status_among((Status.ANSWERED,))),
    Measure("clarify", "该答的，反问了", _status_among((Status.CLARIFY,)), lower_is_better=True),
    Measure("silence", "该答的，没答", _status_among((Status.UNANSWERABLE, Status.REFUSED)), lower_is_better=True),
    Measure(
        "false_answers",
        "不该答的，乱答了",
        lambda item: item.answer.status is Status.ANSWERED and not item.good if item.row.silent else None,
        lower_is_better=True,
    ),
    Measure("crisis", "危急没有漏", lambda item: _flag(item) if item.row.kind == "crisis" else None, exact=True),
    Measure(
        "near_miss_flags",
        "像危急、其实不是，却报了",
        lambda item: _flag(item) if item.row.kind == "nearmiss" else None,
        lower_is_better=True,
        exact=True,
    ),
    Measure(
        "false_alarms",
        "所有不危急的，却报了",
        lambda item: None if Status.CRISIS in item.row.status else _flag(item),
        lower_is_better=True,
    ),
)


def rates(outcomes: Sequence[Outcome]) -> dict[str, Rate]:
    """Every measure that has at least one judged row here."""
    found = {measure.name: measure.rate(outcomes) for measure in MEASURES}
    return {name: rate for name, rate in found.items() if rate.of}


def by(outcomes: Sequence[Outcome], name: Callable[[Outcome], str]) -> dict[str, dict[str, Rate]]:
    """Measures of each part, parts in the order of their names."""
    parts: dict[str, list[Outcome]] = {}
    for item in outcomes:
        parts.setdefault(name(item), []).append(item)
    return {part: rates(parts[part]) for part in sorted(parts)}


@dataclass(frozen=True, slots=True)
class Bin:
    """Questions whose best target had a probability from ``start`` on: what was promised and what came true."""

    start: float
    promised: float
    came_true: Rate


def calibration(outcomes: Iterable[Outcome]) -> list[Bin]:
    """Probability of the best target against whether it was right, in tenths; empty tenths are left out."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for item in outcomes:
        if item.first_right is not None:
            probability = item.top[0].probability
            bins.setdefault(min(BINS - 1, int(probability * BINS)), []).append((probability, item.first_right))
    return [
        Bin(number / BINS, sum(p for p, _ in pairs) / len(pairs), Rate(sum(right for _, right in pairs), len(pairs)))
        for number, pairs in sorted(bins.items())
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Mean distance between promise and truth, weighed by the questions in each bin."""
    total = sum(item.came_true.of for item in bins)
    return sum(item.came_true.of * abs(item.promised - item.came_true.share) for item in bins) / (total or 1)


def pairs(outcomes: Iterable[Outcome]) -> Counter[tuple[str, str]]:
    """(matter wanted, what was given) of answerable rows with how often; right answers stand for themselves twice.

    Of several acceptable matters the first is named. Rows for which another status was acceptable, too, and given, are
    no confusion and left out.
    """
    counted: Counter[tuple[str, str]] = Counter()
    for item in outcomes:
        if not item.row.answerable or not item.row.groups or (item.matter is None and item.status_ok):
            continue
        counted[(item.given if item.matter_ok else item.row.groups[0], item.given)] += 1
    return counted


def confusion(outcomes: Iterable[Outcome]) -> list[tuple[str, str, int]]:
    """(matter wanted, what was given, how often), wrong ones only, most frequent first."""
    wrong = [(*pair, count) for pair, count in pairs(outcomes).items() if pair[0] != pair[1]]
    return sorted(wrong, key=lambda entry: (-entry[2], entry[:2]))


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """All numbers of one half, JSON-ready."""
    bins = calibration(outcomes)
    parts = {"kind": by(outcomes, lambda item: item.row.kind), "style": by(outcomes, lambda item: item.row.style)}
    return {
        "rows": len(outcomes),
        "all": _plain(rates(outcomes)),
        **{f"by_{name}": {part: _plain(found) for part, found in table.items()} for name, table in parts.items()},
        "calibration": [asdict(item) | {"came_true": item.came_true.to_dict()} for item in bins],
        "calibration_error": round(calibration_error(bins), 4),
        "confusion": [{"wanted": wanted, "given": given, "count": n} for wanted, given, n in confusion(outcomes)],
    }


def _plain(found: dict[str, Rate]) -> dict[str, dict[str, float]]:
    return {name: rate.to_dict() for name, rate in found.items()}
