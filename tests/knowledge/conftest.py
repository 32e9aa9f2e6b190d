"""The shipped content as a loaded release, built once for all tests that need the truth."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from knowledge.answer import Knowledge
from knowledge.embed import load_embedder
from knowledge.release import build_release, built, load_release, publish
from knowledge.settings import SHIPPED_MODEL


@pytest.fixture(scope="session")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """Answers from the shipped content with the shipped model. Tests that use it carry the marker ``model``.

    Building takes about a minute. A folder in YINFAWEN_TEST_RELEASES keeps releases from run to run; a release of other
    content, code or model is never taken from it.
    """
    kept = os.environ.get("YINFAWEN_TEST_RELEASES")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("releases")
    embedder = load_embedder(SHIPPED_MODEL)
    release = built(folder, embedder.digest)
    if release is None:
        release = build_release(folder, embedder)
        publish(folder, release)
    return Knowledge(load_release(folder, release, embedder), embedder)
