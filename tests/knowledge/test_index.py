"""The hybrid index: both ways to compare vectors agree, and what is saved answers as before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from knowledge import index
from knowledge.index import HybridIndex, Vector

ROWS, K = 3000, 200


def close_together(count: int, seed: int) -> Vector:
    """Unit vectors as e5 models make them: all within a narrow cone, in clusters."""
    chance = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((40, 64)) + 3.0
    vectors = centres[chance.integers(0, 40, count)] + 0.5 * chance.standard_normal((count, 64))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


TEXTS = [f"第{row % 97}村的{'工资' if row % 3 else '土地'}{row}号事" for row in range(ROWS)]
VECTORS = close_together(ROWS, seed=1)
ASKED = close_together(40, seed=2)


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> tuple[HybridIndex, HybridIndex]:
    """The same texts searched exactly, and in two passes as if they were many."""
    exact = HybridIndex.build(TEXTS, VECTORS)
    monkeypatch.setattr(index, "MANY_ROWS", ROWS)
    return exact, HybridIndex.build(TEXTS, VECTORS)


def test_two_passes_find_what_the_exact_pass_finds(both: tuple[HybridIndex, HybridIndex]) -> None:
    exact, quick = both
    assert quick._scan is not quick._dense
    kept = 0
    for vector in ASKED:
        wanted, found = exact.search("俺村嘞工资", vector, K), quick.search("俺村嘞工资", vector, K)
        assert found.rows[:20].tolist() == wanted.rows[:20].tolist()
        kept += len(np.intersect1d(found.rows, wanted.rows))
    assert kept >= 0.999 * K * len(ASKED)


def test_the_cosines_of_two_passes_are_exact(both: tuple[HybridIndex, HybridIndex]) -> None:
    for vector in ASKED[:5]:
        found = both[1].search("俺村嘞工资", vector, K)
        assert np.allclose(found.dense, VECTORS[found.rows] @ vector, atol=1e-6)


def test_few_rows_are_compared_exactly() -> None:
    made = HybridIndex.build(TEXTS[:50], VECTORS[:50])
    assert made._scan is made._dense
    for row in (0, 17, 49):
        assert made.search("", VECTORS[row], 1).rows.tolist() == [row]


def test_a_saved_index_answers_as_before(both: tuple[HybridIndex, HybridIndex], tmp_path: Path) -> None:
    for number, made in enumerate(both):
        made.save(tmp_path / str(number))
        loaded = HybridIndex.load(tmp_path / str(number))
        for vector in ASKED[:5]:
            wanted, found = made.search("土地的事", vector, K), loaded.search("土地的事", vector, K)
            assert found.rows.tolist() == wanted.rows.tolist()
            assert np.array_equal(found.fused, wanted.fused)


def test_texts_without_vectors_make_no_index() -> None:
    with pytest.raises(ValueError, match="do not make an index"):
        HybridIndex.build(TEXTS[:3], VECTORS[:2])
    with pytest.raises(ValueError, match="do not make an index"):
        HybridIndex.build([], VECTORS[:0])
