"""Log lines: readable by people or by machines."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from bot import logs


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """The root logger as it was."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


def logged() -> None:
    log = logging.getLogger("bot.somewhere")
    log.info("erased %d conversations", 3)
    try:
        raise RuntimeError("第一行\n第二行")
    except RuntimeError:
        log.exception("request failed at %s", "/api/v1/x")


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("INFO", "json")
    logged()
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["level"], first["logger"], first["message"]) == ("INFO", "bot.somewhere", "erased 3 conversations")
    assert first["time"].endswith("+00:00")
    assert "error" not in first
    assert "RuntimeError: 第一行\n第二行" in second["error"]


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("ERROR", "text")
    logged()
    said = capsys.readouterr().err
    assert "erased" not in said
    assert " ERROR bot.somewhere request failed at /api/v1/x\n" in said
