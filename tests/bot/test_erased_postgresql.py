"""What is erased from PostgreSQL: in no dump afterwards, and after VACUUM FULL in none of its tables' files."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import insert, text, update

from bot import memory
from bot.conversations.callbacks import Callbacks
from bot.conversations.feedback import Verdict, give_feedback
from bot.conversations.migrate import migrate
from bot.conversations.store import ConversationStore
from bot.conversations.tables import conversations, wechat_users
from bot.settings import Settings
from tests.bot.fakes import an_answer, erase_older_than
from tests.databases.postgresql import Postgres

ASKED, AGED, OTHERS = "枣木棺材钱没给", "灶台被拆了没人管", "别人的话还在"
ANSWERED = "可以先找居委会说理"


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as made:
        migrate(made)
        yield made


def spelled(words: str) -> tuple[str, str]:
    """As text, and as JSON writes it."""
    return words, json.dumps(words)[1:-1]


def dump(postgres: Postgres, url: str) -> str:
    """As an administrator or a thief takes it."""
    command = [str(postgres.programs / "pg_dump"), "--inserts", url]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


async def told(store: ConversationStore, words: str) -> str:
    """A conversation with a verdict, a number left, a WeChat resident and what Rasa remembers of it."""
    conversation_id, _ = await store.open_conversation("wechat")
    for number in range(5):
        turn = await store.begin_turn(conversation_id, f"t{number}", f"{words}{number}", ())
        await store.finish_turn(turn, an_answer(f"{words}：{ANSWERED}"), "rasa", an_answer)
    await give_feedback(store, conversation_id, turn.id, Verdict.UNSATISFIED, f"不满意，{words}")
    calls = Callbacks(store, Fernet.generate_key().decode())
    with calls.holding(conversation_id, "13987654321"):
        assert await calls.keep(conversation_id)
    user = {"openid_hash": words, "conversation_id": conversation_id, "offered": [words], "rated_turn": None}
    event = "INSERT INTO events (sender_id, data) VALUES (:sender, :data)"
    await store.run(lambda connection: connection.execute(insert(wechat_users).values(user)))
    await store.run(lambda connection: connection.execute(text(event), {"sender": conversation_id, "data": words}))
    return conversation_id


async def test_no_dump_holds_what_was_erased(postgres: Postgres, url: str, tmp_path: Path) -> None:
    store = ConversationStore(url)
    events = "CREATE TABLE events (id SERIAL PRIMARY KEY, sender_id TEXT, data TEXT)"
    await store.run(lambda connection: connection.execute(text(events)))
    asked, aged, other = [await told(store, words) for words in (ASKED, AGED, OTHERS)]
    before = dump(postgres, url)
    for words in (ASKED, AGED, OTHERS, ANSWERED, asked, aged, other):
        assert all(one in before for one in spelled(words)[words == ANSWERED :]), words

    await store.erase(asked)
    then = update(conversations).where(conversations.c.id == aged)
    await store.run(lambda connection: connection.execute(then.values(last_turn_at=datetime.now(UTC) - timedelta(200))))
    assert await erase_older_than(store, 180) == 1
    forget = memory.of(Settings(_env_file=None, data_dir=tmp_path, database_url=url), store)
    await forget(asked)
    await forget(aged)
    await store.close()

    def clean() -> str:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM FULL")
            connection.execute("CHECKPOINT")
        return dump(postgres, url)

    after = await asyncio.to_thread(clean)
    files = [file for file in (postgres.data / "base").rglob("*") if file.is_file()]
    for words in (ASKED, AGED, asked, aged):
        for one in spelled(words):
            assert one not in after
            assert not [file.name for file in files if one.encode() in file.read_bytes()], words
    assert OTHERS in after
    assert any(OTHERS.encode() in file.read_bytes() for file in files)
