"""The shipped content as a loaded release, for all tests that need the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.answer import Knowledge
from knowledge.embed import load_embedder
from knowledge.release import current, load_release
from knowledge.settings import SHIPPED_MODEL


@pytest.fixture(scope="session")
def knowledge(data_dir: Path) -> Knowledge:
    """Answers from the shipped content with the shipped model. Tests that use it carry the marker ``model``."""
    embedder = load_embedder(SHIPPED_MODEL)
    folder = data_dir / "releases"
    return Knowledge(load_release(folder, current(folder) or "", embedder), embedder)
