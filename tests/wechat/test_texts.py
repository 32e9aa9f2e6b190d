"""The channel's own words: each is used, complete, short, and says nothing that knowledge does not."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import yaml

from bot.channels.wechat.texts import say, texts
from knowledge.catalogue import load_catalogue

FOLDER = Path(str(resources.files("bot.channels.wechat")))
ROWS = yaml.safe_load((FOLDER / "texts.yml").read_text(encoding="utf-8"))
SOURCES = "\n".join(
    path.read_text(encoding="utf-8") for path in (*FOLDER.glob("*.py"), *FOLDER.glob("templates/*.html"))
)


def test_every_row_has_one_name_and_a_text() -> None:
    assert len(texts()) == len(ROWS)
    for row in ROWS:
        assert set(row) == {"id", "text"}
        assert row["text"] == row["text"].strip()
        assert row["text"]


def test_every_text_is_used_and_every_text_used_is_there() -> None:
    used = set(re.findall(r"""(?:say|_plain|texts)[(\[]["']([a-z-]+)["']""", SOURCES))
    used |= {name for pair in re.findall(r'say\("([a-z-]+)" if [^)]* else "([a-z-]+)"', SOURCES) for name in pair}
    assert used == set(texts())


def test_every_number_said_is_a_channel_of_ours() -> None:
    cards = {card.number for card in load_catalogue().channels}
    for row in ROWS:
        for number in re.findall(r"[0-9][0-9-]{2,}", row["text"]):
            assert number in cards, row["id"]


def test_nothing_is_promised_that_does_not_come() -> None:
    for row in ROWS:
        assert "思考中" not in row["text"]
        assert not re.search(r"人工客服|工作时间|稍候为您", row["text"])
    for name in ("late", "late-sent"):
        assert "https://x" in say(name, link="https://x")


def test_every_text_fits_into_one_message() -> None:
    assert max(len(row["text"].encode()) for row in ROWS) < 600
