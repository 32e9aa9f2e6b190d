"""Known questions that match what someone is typing. Words only, no model: it must be quick at every key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from knowledge.passages import Target, searchable

MOST = 5
SHORTEST = 2
ENOUGH = 0.6  # of the typed pairs of characters
LONGEST = 30  # a known question longer than this is no help beside an input


class Suggester:
    """Finds known questions by the pairs of neighbouring characters that they share with the typed text."""

    def __init__(self, targets: Iterable[Target]) -> None:
        """``targets``: those whose questions may be suggested."""
        self._questions: list[str] = []
        self._forms: list[str] = []
        self._owners: list[str] = []
        pairs: dict[str, list[int]] = defaultdict(list)
        for target in targets:
            for question in target.questions:
                form = searchable(question)
                if not SHORTEST <= len(form) <= LONGEST:
                    continue
                for pair in set(_pairs(form)):
                    pairs[pair].append(len(self._forms))
                self._questions.append(question)
                self._forms.append(form)
                self._owners.append(target.key)
        self._pairs: dict[str, NDArray[np.int32]] = {pair: np.array(rows, np.int32) for pair, rows in pairs.items()}

    def __call__(self, typed: str) -> list[str]:
        """At most MOST questions, best first, one for each thing they lead to; none for less than two characters."""
        form = searchable(typed)
        wanted = set(_pairs(form))
        rows = [self._pairs[pair] for pair in wanted if pair in self._pairs]
        if not rows or len(rows) < ENOUGH * len(wanted):
            return []
        shared = np.bincount(np.concatenate(rows), minlength=len(self._forms))
        candidates = np.flatnonzero(shared >= ENOUGH * len(wanted))
        chosen: dict[str, int] = {}
        for row in sorted(candidates.tolist(), key=lambda row: self._rank(row, form, int(shared[row]))):
            if self._forms[row] != form:  # what stands there already is no suggestion
                chosen.setdefault(self._owners[row], row)
            if len(chosen) == MOST:
                break
        return [self._questions[row] for row in chosen.values()]

    def _rank(self, row: int, form: str, shared: int) -> tuple[bool, bool, int, int, int]:
        known = self._forms[row]
        return (not known.startswith(form), form not in known, -shared, len(known), row)


def _pairs(form: str) -> list[str]:
    return [form[at : at + 2] for at in range(len(form) - 1)]
