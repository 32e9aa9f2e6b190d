"""What only the Qdrant index has: places, collections that are found again, errors of a server that is not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from knowledge.index import HybridIndex
from tests.knowledge.test_index_contract import ASKED, NOT_INSTALLED, TEXTS, VECTORS

pytest.importorskip("qdrant_client", reason=NOT_INSTALLED)

from knowledge.qdrant import QdrantIndex, QdrantUnavailable, connect


def test_nobody_imports_qdrant_who_did_not_choose_it() -> None:
    code = "import sys, knowledge.release, knowledge.live, bot.service; sys.exit('qdrant_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("place", ["", "qdrant.example.org:6333", "ftp://qdrant.example.org"])
def test_a_place_that_is_none_is_named(place: str) -> None:
    with pytest.raises(ValueError, match="is no place for vectors"):
        connect(place)


def test_a_vector_of_another_length_is_told_with_both_lengths() -> None:
    made = QdrantIndex.build(TEXTS[:5], VECTORS[:5])
    with pytest.raises(ValueError, match="64 numbers, not of 63"):
        made.search("", ASKED[0][:-1].copy(), 3)


def test_a_folder_keeps_its_collections_and_opens_once(tmp_path: Path) -> None:
    first = connect(str(tmp_path / "vectors"))
    made = QdrantIndex.build(TEXTS[:50], VECTORS[:50], first)
    with pytest.raises(QdrantUnavailable, match="used by another process"):
        connect(str(tmp_path / "vectors"))
    first.close()
    again = connect(str(tmp_path / "vectors"))
    assert again.count(made.collection).count == 50
    assert QdrantIndex.build(TEXTS[:50], VECTORS[:50], again).search("", VECTORS[7], 1).rows.tolist() == [7]


def test_two_indexes_in_one_place_do_not_mix() -> None:
    client = connect(":memory:")
    one = QdrantIndex.build(TEXTS[:50], VECTORS[:50], client)
    other = QdrantIndex.build(TEXTS[50:80], VECTORS[50:80], client)
    assert one.collection != other.collection
    assert one.search("", VECTORS[7], 1).rows.tolist() == [7]
    assert other.search("", VECTORS[57], 1).rows.tolist() == [7]
    other.drop()
    assert [row.name for row in client.get_collections().collections] == [one.collection]


def test_a_half_filled_collection_is_filled(tmp_path: Path) -> None:
    """As after a power cut while the vectors were being sent."""
    client = connect(":memory:")
    HybridIndex.build(TEXTS[:50], VECTORS[:50]).save(tmp_path / "saved")
    made = QdrantIndex.load(tmp_path / "saved", client)
    client.delete(made.collection, points_selector=list(range(20, 50)))
    assert client.count(made.collection).count == 20
    opened = QdrantIndex.load(tmp_path / "saved", client)
    assert client.count(opened.collection).count == 50
    assert np.allclose(opened.search("", VECTORS[40], 1).dense, 1.0, atol=1e-5)


def test_a_server_that_is_not_there_is_one_clear_error() -> None:
    client = connect("http://127.0.0.1:9")
    with pytest.raises(QdrantUnavailable, match="does not answer"):
        QdrantIndex.build(TEXTS[:5], VECTORS[:5], client)
