"""The service as in tests/bot and tests/wechat, for tests that really break something."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.conftest import client, knowledge, meet, options, rasa, resident, rows, start

__all__ = ["client", "knowledge", "meet", "options", "rasa", "resident", "rows", "start"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """For nginx: not in pytest's own folder, which other accounts cannot enter."""
    with tempfile.TemporaryDirectory(prefix="yinfawen-nginx-") as made:
        yield Path(made)
