"""The shipped content as a loaded release, for all tests that need the truth."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.answer import Knowledge
from knowledge.embed import load_embedder
from knowledge.release import Release, build_release, current, load_release
from knowledge.settings import SHIPPED_MODEL
from tests.knowledge.small import LetterEmbedder, small_content


@pytest.fixture(scope="session")
def knowledge(data_dir: Path) -> Knowledge:
    """Answers from the shipped content with the shipped model. Tests that use it carry the marker ``model``."""
    embedder = load_embedder(SHIPPED_MODEL)
    folder = data_dir / "releases"
    return Knowledge(load_release(folder, current(folder) or "", embedder), embedder)


@pytest.fixture(scope="session")
def small_release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release of the small content: for tests in which it does not matter what is found."""
    folder = tmp_path_factory.mktemp("small")
    name = build_release(folder / "releases", LetterEmbedder(), small_content(folder / "content"))
    return load_release(folder / "releases", name, LetterEmbedder())


@pytest.fixture
def zipped() -> Callable[[Path, dict[str, bytes]], Path]:
    """Puts files into a zip package, which is made when there is none; one of the same name is replaced."""

    def pack(path: Path, files: dict[str, bytes]) -> Path:
        kept: dict[str, bytes] = {}
        if path.exists():
            with zipfile.ZipFile(path) as package:
                kept = {name: package.read(name) for name in package.namelist()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            for name, content in (kept | files).items():
                package.writestr(name, content)
        return path

    return pack
