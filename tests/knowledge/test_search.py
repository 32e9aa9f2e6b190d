"""The arithmetic of search: how far a target is ahead of those of another kind."""

from __future__ import annotations

import numpy as np
import pytest

from knowledge.search import _best_other


@pytest.mark.parametrize(
    ("score", "kind", "others"),
    [
        ([0.9, 0.7, 0.8, 0.1], [0, 0, 1, 2], [0.8, 0.8, 0.9, 0.9]),
        ([0.5, 0.5], [0, 1], [0.5, 0.5]),
        ([-0.3, -0.2], [0, 1], [0.0, 0.0]),  # less than nothing is nothing
        ([0.4, 0.2], [0, 0], [0.0, 0.0]),  # there is no other
        ([], [], []),
    ],
)
def test_the_best_of_another_kind(score: list[float], kind: list[int], others: list[float]) -> None:
    found = _best_other(np.array(score, np.float64), np.array(kind, np.int64))
    assert found.tolist() == others


def test_it_is_what_looking_at_each_target_alone_gives() -> None:
    chance = np.random.default_rng(3)
    for _ in range(50):
        score, kind = chance.standard_normal(60), chance.integers(0, 9, 60)
        alone = [score[kind != kind[row]].max(initial=0.0) for row in range(60)]
        assert _best_other(score, kind).tolist() == alone
