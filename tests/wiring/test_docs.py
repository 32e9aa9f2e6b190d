"""Pages for operators name only tests, files, settings and commands that exist."""

from __future__ import annotations

import re

import pytest

from bot.__main__ import COMMANDS
from bot.settings import Settings
from tests.conftest import ROOT

PAGES = ("faults.md", "security.md", "deploy.md", "upgrade.md", "dependencies.md")


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_names_exists(name: str) -> None:
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    for file, test in re.findall(r"`(tests/[\w/]+\.py)(?:::([\w:]+))?`", page):
        source = (ROOT / file).read_text(encoding="utf-8")
        for part in filter(None, test.split("::")):
            assert re.search(rf"^\s*(?:async def|def|class) {part}\b", source, re.MULTILINE), part
    named = {word.lower() for word in re.findall(r"YINFAWEN_([A-Z_]+[A-Z])", page)}
    assert named - {"fuzz"} <= set(Settings.model_fields)
    assert set(re.findall(r"-m bot ([\w-]+)", page)) <= set(COMMANDS)
    for link in re.findall(r"\]\(([\w./-]+)\)", page):
        assert (ROOT / "docs" / link).exists(), link
    for path in re.findall(r"`((?:deploy|bot|knowledge|benchmarks)/[\w./-]+)`", page):
        assert (ROOT / path).exists(), path
