"""The running service follows the pointer; what cannot be loaded changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.editing.swap import Swap
from bot.settings import Settings
from knowledge import live
from knowledge.answer import Knowledge
from knowledge.catalogue import load_catalogue
from knowledge.entries import Entry, record
from knowledge.release import build_release, load_release, publish
from tests.knowledge.small import LetterEmbedder, small_content


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A data folder with two releases that greet differently."""
    folder, embedder = tmp_path_factory.mktemp("swap"), LetterEmbedder()
    content = small_content(folder / "content")
    row = record(load_catalogue(content), "status", "greet")
    assert row is not None
    entry = Entry("status", "greet", row | {"text": "换了一句问候。"})
    releases = folder / "data" / "releases"
    names = [build_release(releases, embedder, content), build_release(releases, embedder, content, entries=[entry])]
    return folder / "data", names


@pytest.fixture
def swap(built: tuple[Path, list[str]]) -> Iterator[Swap]:
    data, names = built
    before = live._live
    publish(data / "releases", names[0])
    embedder = LetterEmbedder()
    live.use(Knowledge(load_release(data / "releases", names[0], embedder), embedder))
    yield Swap(Settings(_env_file=None, data_dir=data))
    live._live = before


async def test_what_is_published_is_used_and_rolled_back(swap: Swap, built: tuple[Path, list[str]]) -> None:
    data, names = built
    first = live.knowledge()
    await swap.warm(names[1])
    await swap.look()
    assert live.knowledge() is first
    publish(data / "releases", names[1])
    await swap.look()
    assert live.knowledge().status("greet").text == "换了一句问候。"
    publish(data / "releases", names[0])
    await swap.look()
    assert live.knowledge() is first  # kept warm, so that going back takes no time


async def test_a_draft_can_be_tried_without_anybody_else_seeing_it(swap: Swap, built: tuple[Path, list[str]]) -> None:
    draft = await swap.draft(built[1][1])
    assert draft.status("greet").text == "换了一句问候。"
    assert live.knowledge().status("greet").text != "换了一句问候。"


async def test_a_damaged_release_leaves_everything_as_it_was(
    swap: Swap, built: tuple[Path, list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    data, _ = built
    first = live.knowledge()
    (data / "releases" / "current").write_text("2026-01-01-damaged", encoding="utf-8")
    await swap.look()
    await swap.look()
    assert live.knowledge() is first
    assert sum("cannot be used" in row.message for row in caplog.records) == 1
