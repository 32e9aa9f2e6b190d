"""Building anew: what has to be learnt again, and what the release before has learnt already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from knowledge.release import build_release, load_release
from tests.knowledge.small import LetterEmbedder, small_content

LEARNING = "fitting the gate"


class CountingEmbedder(LetterEmbedder):
    """Counts the texts that were embedded."""

    def __init__(self) -> None:
        self.texts = 0

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += len(texts)
        return super().queries(texts)

    passages = queries


@pytest.mark.parametrize(
    ("file", "old", "new", "again"),
    [
        ("statuses.yml", "不客气。", "别客气。", False),
        ("guides/legal-aid.yml", "questions:\n  - ", "questions:\n  - 新的问法\n  - ", True),
        ("danger_cases.yml", "near_misses:\n  - ", "near_misses:\n  - 电影里的着火\n  - ", True),
    ],
    ids=["a text", "a known question", "a case of danger"],
)
def test_only_what_changed_is_learnt_again(tmp_path: Path, file: str, old: str, new: str, again: bool) -> None:
    content, releases, embedder = small_content(tmp_path / "content"), tmp_path / "releases", CountingEmbedder()
    first = build_release(releases, embedder, content)
    path = content / file
    before = path.read_text(encoding="utf-8")
    said: list[str] = []
    path.write_text(before.replace(old, new, 1), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != before
    second = build_release(releases, embedder, content, said.append)
    assert (second != first, LEARNING in said) == (True, again)
    loaded = load_release(releases, second, embedder)
    assert loaded.searcher.find("咋申请", embedder.queries(["咋申请"])[0]).targets
    if not again:
        assert loaded.searcher.gate == load_release(releases, first, embedder).searcher.gate


def test_a_damaged_release_is_learnt_anew(tmp_path: Path) -> None:
    content, releases, embedder = small_content(tmp_path / "content"), tmp_path / "releases", CountingEmbedder()
    first = build_release(releases, embedder, content)
    (releases / first / "danger" / "names.json").write_text("{", encoding="utf-8")
    embedder.texts, said = 0, list[str]()
    assert build_release(releases, embedder, content, said.append) == first
    assert LEARNING in said
    assert embedder.texts == 0, "vectors that are sound are kept"
    load_release(releases, first, embedder)


def test_new_words_alone_are_embedded_and_found_as_if_all_had_been_learnt(tmp_path: Path) -> None:
    content, releases, embedder = small_content(tmp_path / "content"), tmp_path / "releases", CountingEmbedder()
    first = build_release(releases, embedder, content)
    path = content / "guides" / "legal-aid.yml"
    catalogue = load_release(releases, first, embedder).catalogue
    old = catalogue.guides[1].sections[0].statements[0].text
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    data["sections"][0]["statements"][0]["text"] = "这一句是新写的。"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    embedder.texts = 0
    quick = load_release(releases, build_release(releases, embedder, content), embedder)
    assert embedder.texts == 1
    slow = load_release(tmp_path / "anew", build_release(tmp_path / "anew", embedder, content), embedder)
    assert quick.id == slow.id
    assert old not in quick.catalogue.model_dump_json()
    for text in ("这一句是新写的", "法律援助找谁", "不相干的话"):
        vector = embedder.queries([text])[0]
        mine, theirs = quick.searcher.find(text, vector), slow.searcher.find(text, vector)
        assert [(item.target.key, item.dense, item.statement) for item in mine.targets] == [
            (item.target.key, item.dense, item.statement) for item in theirs.targets
        ]
        assert [hit.match for hit in mine.passages] == [hit.match for hit in theirs.passages]
