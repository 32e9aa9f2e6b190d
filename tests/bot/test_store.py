"""Where conversations are kept: the schema and its migrations, tokens, turn numbers, retention."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from bot.conversations.migrate import migrate
from bot.conversations.store import ConversationStore, TurnConflict, UnknownConversation, WrongToken, connect
from bot.conversations.tables import conversations, metadata
from tests.bot.fakes import an_answer, erase_older_than
from tests.databases.postgresql import Postgres

Aged = Callable[[str, int], None]


@pytest.fixture
def url(database_url: str) -> str:
    """A database of either kind."""
    return database_url


@pytest_asyncio.fixture
async def store(url: str) -> AsyncIterator[ConversationStore]:
    opened = ConversationStore(url)
    yield opened
    await opened.close()


@pytest.fixture
def aged(url: str) -> Aged:
    """Makes a conversation's last turn that many days old."""

    def age(conversation_id: str, days: int) -> None:
        engine, then = connect(url), datetime.now(UTC) - timedelta(days=days)
        with engine.begin() as connection:
            mine = conversations.c.id == conversation_id
            connection.execute(update(conversations).where(mine).values(last_turn_at=then))
        engine.dispose()

    return age


def content(url: str, query: str) -> list[Any]:
    engine = connect(url)
    with engine.begin() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return found


# --- schema ---


def tables(url: str) -> set[str]:
    engine = connect(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names


def test_migrations_go_up_down_and_up_again(url: str) -> None:
    assert tables(url) == {"alembic_version", *metadata.tables}
    migrate(url, "base")
    assert tables(url) == {"alembic_version"}
    migrate(url)
    migrate(url)
    assert tables(url) == {"alembic_version", *metadata.tables}


def test_migrated_database_is_what_the_tables_say(url: str) -> None:
    engine = connect(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_sqlite_has_a_write_ahead_log_and_keeps_foreign_keys(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    migrate(url)
    assert content(url, "PRAGMA journal_mode") == [("wal",)]
    assert content(url, "PRAGMA foreign_keys") == [(1,)]


# --- tokens ---


async def test_tokens_are_stored_as_digests_only(store: ConversationStore, url: str) -> None:
    conversation_id, token = await store.open_conversation("web")
    await store.check(conversation_id, token)
    with pytest.raises(WrongToken):
        await store.check(conversation_id, token[:-1])
    with pytest.raises(UnknownConversation):
        await store.check("nobody", token)
    (row,) = content(url, "select * from conversations")
    assert conversation_id in row
    assert token not in str(row)


async def test_a_token_once_proven_still_opens_nothing_else_and_no_erased_conversation(
    store: ConversationStore, url: str
) -> None:
    conversation_id, token = await store.open_conversation("web")
    for _ in range(2):
        await store.check(conversation_id, token)
    with pytest.raises(WrongToken):
        await store.check(conversation_id, token[:-1])
    engine = connect(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE conversations SET last_turn_at = '2001-01-01 00:00:00'")
    engine.dispose()
    assert await erase_older_than(store, 30) == 1
    with pytest.raises(UnknownConversation):
        await store.check(conversation_id, token)


async def test_ids_and_tokens_are_long_and_never_the_same(store: ConversationStore) -> None:
    opened = [await store.open_conversation("web") for _ in range(20)]
    assert len({value for pair in opened for value in pair}) == 40
    assert all(len(name) >= 22 and len(token) >= 43 for name, token in opened)


# --- turns ---


async def test_turns_begun_at_once_get_numbers_of_their_own(store: ConversationStore, url: str) -> None:
    mine, _ = await store.open_conversation("web")
    other, _ = await store.open_conversation("web")
    await asyncio.gather(
        *(store.begin_turn(name, f"t{number}", "问", ()) for number in range(40) for name in (mine, other))
    )
    assert content(url, f"select number from turns where conversation_id = '{mine}' order by number") == [
        (number,) for number in range(1, 41)
    ]


async def test_two_replicas_do_not_store_one_turn_twice(store: ConversationStore, url: str) -> None:
    replica = ConversationStore(url)
    name, _ = await store.open_conversation("web")
    begun = await asyncio.gather(
        *(place.begin_turn(name, f"t{number}", "问", ()) for number in range(20) for place in (store, replica))
    )
    await replica.close()
    assert len({turn.id for turn in begun}) == 20
    assert content(url, "select count(*), count(distinct number) from turns") == [(20, 20)]


async def test_a_turn_keeps_its_text_and_its_answer(store: ConversationStore, url: str) -> None:
    name, _ = await store.open_conversation("web")
    begun = await store.begin_turn(name, "t1", "工资〔手机号已隐藏〕", ("mobile",))
    with pytest.raises(TurnConflict):
        await store.begin_turn(name, "t1", "别的话", ())
    answer = an_answer("有答复了。")
    await store.finish_turn(begun, answer, "rasa", lambda reason: an_answer(reason))
    again = await store.begin_turn(name, "t1", "工资〔手机号已隐藏〕", ("mobile",))
    assert (again.id, again.answer) == (begun.id, answer.to_dict())
    assert content(url, "select cast(masked as text), status, reason, release, engine from turns") == [
        ('["mobile"]', "answered", "answered", answer.release, "rasa")
    ]


async def test_what_one_replica_answered_another_does_not_change(store: ConversationStore, url: str) -> None:
    replica = ConversationStore(url)
    name, _ = await store.open_conversation("web")
    for number in range(10):
        turn = await store.begin_turn(name, f"t{number}", "问", ())
        both = (store.finish_turn(turn, an_answer("先。"), "rasa", an_answer),)
        both += (replica.finish_turn(turn, an_answer("后。"), "knowledge", an_answer),)
        one, other = await asyncio.gather(*both)
        late = await replica.finish_turn(turn, an_answer("更晚。"), "knowledge", an_answer)
        assert one == other == late
        stored = (await store.begin_turn(name, f"t{number}", "问", ())).answer
        assert stored == one.answer.to_dict()
    await replica.close()


async def test_a_replica_frozen_in_the_middle_of_a_turn_is_cut_off(postgres: Postgres) -> None:
    """Its transaction holds the conversation's row; what takes longer by its nature may stand still."""
    with postgres.database() as url:
        migrate(url)
        frozen, other = ConversationStore(url), ConversationStore(url)
        name, _ = await other.open_conversation("web")
        held = update(conversations).where(conversations.c.id == name).values(last_turn_at=datetime.now(UTC))
        locked = threading.Event()

        def standing_still(connection: Connection) -> bool:
            connection.execute(held)
            locked.set()
            time.sleep(3.5)
            return connection.execute(select(conversations.c.id)).scalar() == name

        stuck = asyncio.create_task(frozen.run(standing_still))
        await asyncio.to_thread(locked.wait, 5)
        await other.begin_turn(name, "t1", "问", ())
        with pytest.raises(SQLAlchemyError):
            await stuck
        assert await frozen.read(standing_still)
        assert await frozen.run(standing_still, patience=10)
        assert [turn.text for turn in await frozen.history(name)] == ["问"]
        await frozen.close()
        await other.close()


async def test_times_come_back_with_their_zone(store: ConversationStore) -> None:
    name, _ = await store.open_conversation("web")
    await store.begin_turn(name, "t1", "问", ())
    (turn,) = await store.history(name)
    assert turn.created_at.tzinfo is not None
    assert abs(datetime.now(UTC) - turn.created_at) < timedelta(minutes=1)


# --- retention ---


async def test_old_conversations_are_erased_with_their_turns(store: ConversationStore, aged: Aged, url: str) -> None:
    old, token = await store.open_conversation("web")
    kept, _ = await store.open_conversation("web")
    for name in (old, kept):
        await store.begin_turn(name, "t1", f"{name}说的话", ())
    aged(old, 181)
    aged(kept, 179)
    assert await erase_older_than(store, 180) == 1
    assert content(url, "select id from conversations") == [(kept,)]
    assert content(url, "select text from turns") == [(f"{kept}说的话",)]
    with pytest.raises(UnknownConversation):
        await store.check(old, token)
    with pytest.raises(UnknownConversation):
        await store.begin_turn(old, "t2", "还在吗", ())


async def test_a_new_turn_starts_the_retention_anew(store: ConversationStore, aged: Aged) -> None:
    name, _ = await store.open_conversation("web")
    aged(name, 400)
    await store.begin_turn(name, "t1", "又来了", ())
    assert await erase_older_than(store, 180) == 0
