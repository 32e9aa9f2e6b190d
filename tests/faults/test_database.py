"""The database locked, full, or restarted: what the resident sees meanwhile, and that nobody has to help afterwards."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from bot.channels.web import api
from bot.conversations import store as store_module
from bot.settings import Settings
from tests.bot.fakes import Resident, SmallKnowledge, until
from tests.databases.postgresql import Postgres

Start = Callable[..., Awaitable[TestClient[Any, Any]]]
Meet = Callable[..., Awaitable[Resident]]
Rows = Callable[[str], list[tuple[Any, ...]]]


async def assert_answered(resident: Resident, name: str) -> None:
    """A question and a danger, asked at once, get their answers."""
    question, danger = await asyncio.gather(
        resident.say("工资拖着不给", f"{name}-q"), resident.say("救命啊", f"{name}-d")
    )
    assert (question.status, question.body["answer"]["status"]) == (200, "answered")
    assert (danger.status, danger.body["answer"]["status"]) == (200, "crisis")
    assert "110" in danger.body["answer"]["text"]


async def test_a_locked_database_keeps_nobody_waiting(
    resident: Resident, options: Settings, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "PATIENCE", 0.3)
    await assert_answered(resident, "before")
    with closing(sqlite3.connect(options.data_dir / "yinfawen.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()
        await asyncio.gather(*(assert_answered(resident, f"locked-{number}") for number in range(10)))
        assert time.monotonic() - started < 3, "they did not wait one after the other"
        other.execute("ROLLBACK")
    for _ in range(50):  # what waited for the lock ends by itself
        try:
            await assert_answered(resident, "after")
            break
        except AssertionError:
            await asyncio.sleep(0.1)
    stored = dict(rows("select client_turn_id, status from turns where answered_at is not null"))
    assert stored["before-q"] == "answered"
    assert stored["after-d"] == "crisis"


async def test_a_full_disk_loses_nothing_and_keeps_nobody_from_an_answer(
    resident: Resident, client: TestClient[Any, Any], rows: Rows
) -> None:
    await assert_answered(resident, "before")
    store = client.server.app[api.STORE]  # type: ignore[attr-defined]

    async def limit(pages: int) -> None:
        await store.run(lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}").scalar())

    await limit(1)  # SQLite takes the pages there are for the least: from now on the file is full
    long = "工资拖着不给" + "长" * 900
    replies = [await resident.say(long, f"full-{number}") for number in range(40)]
    assert {(reply.status, reply.body["answer"]["status"]) for reply in replies} == {(200, "answered")}
    assert len(rows("select id from turns")) < 42, "it was full"
    await assert_answered(resident, "still-full")
    ready = await client.get("/readyz")
    assert ready.status in (200, 503)
    await limit(1_000_000)
    await assert_answered(resident, "after")
    stored = [name for (name,) in rows("select client_turn_id from turns where answered_at is not null")]
    assert {"before-q", "before-d", "after-q", "after-d"} <= set(stored)
    assert (await resident.history()).status == 200


@pytest.fixture
def shared(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as url:
        yield url


async def test_postgresql_restarted_under_the_service(
    postgres: Postgres, shared: str, start: Start, meet: Meet
) -> None:
    resident = await meet(await start(database_url=shared))
    await assert_answered(resident, "before")
    await asyncio.to_thread(postgres.stop)
    try:
        await assert_answered(resident, "down")
        assert (await resident.client.get("/readyz")).status == 503
    finally:
        await asyncio.to_thread(postgres.start)
    await assert_answered(resident, "after")
    assert (await resident.client.get("/readyz")).status == 200
    kept = [turn["client_turn_id"] for turn in (await resident.history()).body["turns"]]
    assert kept[:2] == ["before-q", "before-d"] or kept[:2] == ["before-d", "before-q"]
    assert set(kept[2:]) == {"after-q", "after-d"}


async def test_a_clock_put_back_hides_no_answer_from_a_listener(
    resident: Resident, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    await resident.say("第一个问题", "t1")
    last = (await resident.history()).body["turns"][0]["event_id"]

    real = store_module.datetime

    class Earlier(real):  # type: ignore[misc,valid-type]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real.fromtimestamp(time.time() - 3600, tz)

    monkeypatch.setattr(store_module, "datetime", Earlier)
    await resident.say("第二个问题", "t2")
    headers = {"Authorization": f"Bearer {resident.token}", "Last-Event-ID": last}
    async with resident.client.get(f"{resident.url[:-6]}/events?wait=0", headers=headers) as response:
        found = (await response.json())["events"]
    assert [event["turn"]["client_turn_id"] for event in found] == ["t2"]
    assert found[0]["id"] > last


async def test_too_many_at_once_get_the_hotlines_and_danger_its_numbers(
    start: Start, meet: Meet, rasa: Any, rows: Rows, knowledge: SmallKnowledge
) -> None:
    rasa.seconds = 0.3
    resident = await meet(await start(turns_at_once=2))
    begun = [asyncio.create_task(resident.say(f"第{number}个问题", f"t{number}")) for number in range(2)]
    await until(lambda: len(rasa.messages) == 2)
    question, danger = await resident.say("工资拖着不给", "t8"), await resident.say("救命啊", "t9")
    assert (question.status, question.body["answer"]["reason"]) == (200, "too-slow")
    assert [route["number"] for route in question.body["answer"]["routes"]] == ["12348"]
    assert danger.body["answer"]["status"] == "crisis"
    assert {(await task).body["answer"]["status"] for task in begun} == {"answered"}
    assert len(rows("select id from turns")) == 2
    assert (await resident.say("工资拖着不给", "t8")).body["answer"]["status"] == "answered", "sent again later"
