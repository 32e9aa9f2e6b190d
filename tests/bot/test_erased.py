"""What was erased is not in the bytes of the files either: free pages and the write-ahead log keep deleted words else."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import update

from bot import memory
from bot.conversations.migrate import migrate
from bot.conversations.store import ConversationStore
from bot.conversations.tables import conversations
from bot.settings import Settings
from tests.bot.fakes import an_answer, erase_older_than

SAID, ANSWERED, OTHERS = "邻居老秦昨夜翻墙进来", "老秦的事要这样办", "这句话还要留着"


def bytes_of(file: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))


def holds(file: Path, words: str) -> bool:
    """As text or as JSON writes it."""
    raw = bytes_of(file)
    return words.encode() in raw or json.dumps(words)[1:-1].encode() in raw


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "yinfawen.db"


@pytest_asyncio.fixture
async def store(file: Path) -> AsyncIterator[ConversationStore]:
    migrate(f"sqlite:///{file}")
    opened = ConversationStore(f"sqlite:///{file}")
    yield opened
    await opened.close()


async def told(store: ConversationStore, words: str, answered: str) -> str:
    """A conversation of some pages."""
    conversation_id, _ = await store.open_conversation("web")
    for number in range(20):
        turn = await store.begin_turn(conversation_id, f"t{number}", f"{words}{number}" * 50, ())
        await store.finish_turn(turn, an_answer(answered * 50), "rasa", an_answer)
    return conversation_id


@pytest.mark.parametrize("how", ["asked for", "by its age"])
async def test_nothing_is_left_in_the_file_and_its_log(store: ConversationStore, file: Path, how: str) -> None:
    mine = await told(store, SAID, ANSWERED)
    await told(store, OTHERS, OTHERS)
    assert holds(file, SAID)
    assert holds(file, ANSWERED)
    if how == "asked for":
        await store.erase(mine)
    else:
        then = datetime.now(UTC) - timedelta(days=200)
        aged = update(conversations).where(conversations.c.id == mine).values(last_turn_at=then)
        await store.run(lambda connection: connection.execute(aged))
        assert await erase_older_than(store, 180) == 1
    assert not holds(file, SAID)
    assert not holds(file, ANSWERED)
    assert not holds(file, mine)
    assert holds(file, OTHERS)


async def test_a_reader_delays_the_emptying_and_breaks_nothing(store: ConversationStore, file: Path) -> None:
    mine = await told(store, SAID, ANSWERED)
    reader = sqlite3.connect(file)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM turns").fetchone()
    await store.erase(mine)
    assert await store.history(mine) == []
    reader.close()
    await erase_older_than(store, 180)
    assert not holds(file, SAID)


async def test_the_dialogue_engines_file_too(store: ConversationStore, tmp_path: Path) -> None:
    rasa = tmp_path / "rasa" / "rasa.db"
    rasa.parent.mkdir()
    worker = sqlite3.connect(rasa)  # Rasa keeps its connection
    worker.execute("PRAGMA journal_mode=WAL")
    worker.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, sender_id TEXT, data TEXT)")
    for sender, words in (("mine", SAID), ("other", OTHERS)) * 30:
        worker.execute("INSERT INTO events (sender_id, data) VALUES (?, ?)", [sender, words * 40])
    worker.commit()
    assert holds(rasa, SAID)
    await memory.of(Settings(data_dir=tmp_path), store)("mine")
    assert not holds(rasa, SAID)
    assert holds(rasa, OTHERS)
    worker.close()
