"""Vectors kept for the next release: the same numbers, made once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from knowledge import vectors as module
from knowledge.embed import Embedder, load_embedder
from knowledge.index import Vector
from knowledge.settings import SHIPPED_MODEL
from knowledge.vectors import FILE, Remembering

QUESTIONS = ["工资拖着不给", "离婚要准备什么", "", "工资拖着不给"]
TEXTS = ["用人单位应当按时足额支付工资。", "工资拖着不给"]


@pytest.fixture(scope="module")
def real() -> Embedder:
    return load_embedder(SHIPPED_MODEL)


class Counting:
    """The real embedder; says what it was asked for."""

    def __init__(self, embedder: Embedder, digest: str | None = None) -> None:
        self._embedder = embedder
        self.name, self.digest, self.dimension = embedder.name, digest or embedder.digest, embedder.dimension
        self.asked: list[str] = []

    def queries(self, texts: Sequence[str]) -> Vector:
        self.asked += texts
        return self._embedder.queries(texts)

    def passages(self, texts: Sequence[str]) -> Vector:
        self.asked += texts
        return self._embedder.passages(texts)


def built(real: Embedder, folder: Path, questions: Sequence[str] = QUESTIONS, digest: str | None = None) -> list[str]:
    """What the model had to do for a release of these questions and TEXTS; its vectors are checked."""
    counting = Counting(real, digest)
    remembering = Remembering(counting, folder)
    assert np.array_equal(remembering.queries(questions), real.queries(questions))
    assert np.array_equal(remembering.passages(TEXTS), real.passages(TEXTS))
    assert remembering.queries([]).shape == (0, real.dimension)
    remembering.keep()
    return counting.asked


def test_what_was_embedded_once_is_not_embedded_again(real: Embedder, tmp_path: Path) -> None:
    assert built(real, tmp_path) == [*QUESTIONS[:3], *TEXTS]
    assert built(real, tmp_path) == []
    assert built(real, tmp_path, [*QUESTIONS, "欠条没写日期"]) == ["欠条没写日期"]
    assert [path.name for path in tmp_path.iterdir()] == [FILE], "nothing half-written is left"


def test_what_is_no_longer_asked_is_forgotten(real: Embedder, tmp_path: Path) -> None:
    built(real, tmp_path)
    built(real, tmp_path, ["欠条没写日期"])
    assert built(real, tmp_path) == QUESTIONS[:3]


def test_another_model_or_other_code_begins_anew(
    real: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built(real, tmp_path)
    assert len(built(real, tmp_path, digest="another")) == 5
    built(real, tmp_path)
    monkeypatch.setattr(module, "_CODE", ("embed", "encoder"))
    assert len(built(real, tmp_path)) == 5


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "not one"])
def test_a_damaged_file_is_made_anew(real: Embedder, tmp_path: Path, damage: str) -> None:
    built(real, tmp_path)
    path = tmp_path / FILE
    sound = path.read_bytes()
    middle = len(sound) // 2
    path.write_bytes(
        {
            "empty": b"",
            "cut": sound[:middle],
            "flipped": sound[:middle] + bytes([sound[middle] ^ 0xFF]) + sound[middle + 1 :],
            "not one": b"\x93NUMPY and no more",
        }[damage]
    )
    assert len(built(real, tmp_path)) == 5
    assert built(real, tmp_path) == []


def test_workers_change_nothing(real: Embedder) -> None:
    from knowledge.encoder import OnnxEncoder

    encoder = OnnxEncoder(SHIPPED_MODEL)
    texts = [f"{text}，第{number}次" for number in range(20) for text in QUESTIONS]
    alone = encoder.encode(texts)
    for workers in (2, 3, 200):
        assert np.array_equal(encoder.encode(texts, workers=workers), alone)
    assert np.array_equal(alone, real.queries(texts))
