"""What every implementation of the Index protocol must do: FAISS, and Qdrant in memory, in a folder and behind HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from knowledge.index import CANDIDATES, HybridIndex, Index, Matches, Vector
from tests.knowledge.test_index import close_together

ROWS, K = 500, 10
TEXTS = [f"第{row % 97}村的{'工资' if row % 3 else '土地'}{row}号事" for row in range(ROWS)]
VECTORS = close_together(ROWS, seed=1)
ASKED = close_together(25, seed=2)
NOT_INSTALLED = "Qdrant's client is not installed: pip install -e '.[service,qdrant]'"


class Kind(NamedTuple):
    """How one implementation is made, and opened from what it saved."""

    build: Callable[[Sequence[str], Vector], Any]
    load: Callable[[Path], Any]


@pytest.fixture(params=["faiss", "qdrant in memory", "qdrant in a folder", "qdrant over http"])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kind]:
    if request.param == "faiss":
        yield Kind(HybridIndex.build, HybridIndex.load)
        return
    pytest.importorskip("qdrant_client", reason=NOT_INSTALLED)
    from knowledge.qdrant import QdrantIndex, connect
    from tests.knowledge.qdrant_server import running

    with running() as address:
        places = {"memory": ":memory:", "folder": str(tmp_path / "qdrant"), "http": address}
        client = connect(places[request.param.split()[-1]])
        yield Kind(
            lambda texts, vectors: QdrantIndex.build(texts, vectors, client),
            lambda folder: QdrantIndex.load(folder, client),
        )
        client.close()


@pytest.fixture
def made(kind: Kind) -> Index:
    return kind.build(TEXTS, VECTORS)


def same(one: Matches, other: Matches) -> bool:
    columns = ((one.fused, other.fused), (one.dense, other.dense), (one.lexical, other.lexical))
    return one.rows.tolist() == other.rows.tolist() and all(np.allclose(*pair, atol=1e-5) for pair in columns)


def test_it_has_as_many_rows_as_texts(made: Index) -> None:
    assert made.size == ROWS


def test_it_finds_what_exact_search_finds(made: Index) -> None:
    """Without a known word the cosine alone decides, so the best rows are those of the full product."""
    kept = 0
    for vector in ASKED:
        wanted = np.argsort(-(VECTORS @ vector), kind="stable")[:K]
        kept += len(np.intersect1d(made.search("", vector, K).rows, wanted))
    assert kept >= 0.99 * K * len(ASKED)


def test_scores_are_the_cosine_and_the_fusion_of_both_sides(made: Index) -> None:
    plain = HybridIndex.build(TEXTS, VECTORS)
    for vector in ASKED[:5]:
        found = made.search("俺村嘞土地", vector, K)
        assert np.allclose(found.dense, VECTORS[found.rows] @ vector, atol=1e-5)
        assert found.fused.tolist() == sorted(found.fused.tolist(), reverse=True)
        assert same(found, plain.search("俺村嘞土地", vector, K))


def test_a_row_that_only_its_words_bring_has_its_cosine(made: Index) -> None:
    vector = ASKED[0]
    far = int(np.argmin(VECTORS @ vector))
    found = made.search(f"{far}号", vector, 2 * CANDIDATES)
    match = next(match for match in found if match.row == far)
    assert match.lexical > 0
    assert match.dense == pytest.approx(float(VECTORS[far] @ vector), abs=1e-5)


def test_equal_texts_stand_in_the_order_they_were_given(kind: Kind) -> None:
    texts, vectors = ["拖欠工资怎么办", "土地", "拖欠工资怎么办"], VECTORS[[7, 8, 7]]
    found = kind.build(texts, vectors).search("拖欠工资怎么办", VECTORS[7], 3)
    assert found.rows.tolist() == [0, 2, 1]
    assert found.fused[0] == found.fused[1]


def test_there_are_never_more_matches_than_rows(kind: Kind) -> None:
    few = kind.build(TEXTS[:3], VECTORS[:3])
    assert sorted(few.search("工资", ASKED[0], 50).rows.tolist()) == [0, 1, 2]
    assert len(few.search("工资", ASKED[0], 2)) == 2
    alone = kind.build(TEXTS[:1], VECTORS[:1])
    assert alone.search("", ASKED[0], 5).rows.tolist() == [0]


@pytest.mark.parametrize(("texts", "vectors"), [(TEXTS[:0], VECTORS[:0]), (TEXTS[:3], VECTORS[:2])])
def test_nothing_or_unequal_counts_make_no_index(kind: Kind, texts: list[str], vectors: Vector) -> None:
    with pytest.raises(ValueError, match="do not make an index"):
        kind.build(texts, vectors)


def test_a_vector_of_another_length_is_refused(made: Index) -> None:
    """Never an answer from half a vector. FAISS asserts; Qdrant says both lengths (below)."""
    with pytest.raises((ValueError, AssertionError)):
        made.search("工资", ASKED[0][:-1].copy(), K)


def test_what_is_saved_answers_as_before(kind: Kind, made: Any, tmp_path: Path) -> None:
    made.save(tmp_path / "saved")
    for opened in (kind.load(tmp_path / "saved"), HybridIndex.load(tmp_path / "saved")):
        assert opened.size == ROWS
        for vector in ASKED[:5]:
            assert same(opened.search("土地的事", vector, K), made.search("土地的事", vector, K))


def test_a_missing_or_damaged_file_is_an_error(kind: Kind, made: Any, tmp_path: Path) -> None:
    with pytest.raises((OSError, RuntimeError)):
        kind.load(tmp_path / "nowhere")
    made.save(tmp_path / "saved")
    whole = (tmp_path / "saved" / "dense.faiss").read_bytes()
    (tmp_path / "saved" / "dense.faiss").write_bytes(whole[: len(whole) // 2])
    with pytest.raises((OSError, RuntimeError)):
        kind.load(tmp_path / "saved")
