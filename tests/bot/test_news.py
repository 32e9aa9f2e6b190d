"""What one replica stores, the listeners of another one hear at once: over a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest

from bot.conversations import news
from bot.conversations.events import Bell
from bot.conversations.migrate import migrate
from bot.conversations.store import ConversationStore
from knowledge.records import Status
from tests.bot.fakes import an_answer, until
from tests.databases.postgresql import Postgres


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as address:
        migrate(address)
        yield address


@asynccontextmanager
async def replica(url: str) -> AsyncIterator[tuple[ConversationStore, Bell]]:
    """A store whose bell hears the others; ready to hear when it is given."""
    store, bell = ConversationStore(url), Bell()
    task = asyncio.create_task(news.listen(store.engine, bell))
    with bell.listen("") as ready:  # everybody is woken once it listens
        await until(ready.is_set)
    try:
        yield store, bell
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await store.close()


async def test_another_replicas_answer_and_erasure_ring_here(url: str) -> None:
    async with replica(url) as (store, _), replica(url) as (_, bell):
        mine, _ = await store.open_conversation("web")
        other, _ = await store.open_conversation("web")
        with bell.listen(mine) as heard, bell.listen(other) as unheard:
            turn = await store.begin_turn(mine, "t1", "问", ())
            await store.finish_turn(turn, an_answer("答"), "rasa", an_answer)
            await until(heard.is_set, 1)
            heard.clear()
            await store.erase(mine)
            await until(heard.is_set, 1)
            assert not unheard.is_set()


async def test_what_is_rolled_back_rings_nobody(url: str) -> None:
    async with replica(url) as (store, _), replica(url) as (_, bell):

        def fails(connection: object) -> None:
            news.tell(connection, "rolled-back")  # type: ignore[arg-type]
            raise LookupError

        with bell.listen("rolled-back") as unheard, bell.listen("committed") as heard:
            with suppress(LookupError):
                await store.run(fails)
            await store.run(lambda connection: news.tell(connection, "committed"))
            await until(heard.is_set, 1)
            assert not unheard.is_set()


async def test_after_a_restart_of_the_database_everybody_looks_again(
    postgres: Postgres, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "PAUSE", 0.05)
    async with replica(url) as (store, bell):
        mine, _ = await store.open_conversation("web")
        with bell.listen(mine) as heard:
            await asyncio.to_thread(postgres.stop)
            await asyncio.to_thread(postgres.start)
            await until(heard.is_set)
            heard.clear()
            turn = await store.begin_turn(mine, "t1", "问", ())  # the pool notices its dead connections by itself
            await store.finish_turn(turn, an_answer("答"), "rasa", an_answer)
            await until(heard.is_set, 1)


async def test_the_desk_of_another_replica_hears_of_the_inbox_and_of_nothing_else(url: str) -> None:
    store, residents, desk = ConversationStore(url), Bell(), Bell()
    task = asyncio.create_task(news.listen(store.engine, residents, desk))
    try:
        with desk.listen(news.DESK) as heard:
            await until(heard.is_set)  # it listens
            heard.clear()
            mine, _ = await store.open_conversation("web")
            turn = await store.begin_turn(mine, "t1", "问", ())
            await store.finish_turn(turn, an_answer("答"), "rasa", an_answer)
            turn = await store.begin_turn(mine, "t2", "转人工", ())
            calling = an_answer("找人", Status.HANDOVER, "asked")
            with residents.listen(mine) as told:
                assert not heard.is_set()
                await store.finish_turn(turn, calling, "rasa", an_answer)
                await until(lambda: heard.is_set() and told.is_set(), 1)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await store.close()
