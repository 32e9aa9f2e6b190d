"""Events, feedback, erasing, suggestions: what the widget needs beside question and answer."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from bot.channels.web import events
from bot.conversations.events import Bell, TooManyListeners, event_id, moment_of
from bot.settings import Settings
from tests.bot.fakes import FakeRasa, Reply, Resident, until
from tests.bot.test_api import ID_CARD, Meet, Rows, Start, assert_problem

Call = Callable[..., Awaitable[Reply]]


def base(resident: Resident) -> str:
    return resident.url.removesuffix("/turns")


async def call(resident: Resident, method: str, path: str, **given: Any) -> Reply:
    headers = {"Authorization": f"Bearer {resident.token}", **given.pop("headers", {})}
    async with resident.client.request(method, base(resident) + path, headers=headers, **given) as response:
        text = await response.text()
        return Reply(response.status, json.loads(text) if text else None, response.headers)


async def poll(resident: Resident, last: str = "", wait: str = "0") -> list[dict[str, Any]]:
    reply = await call(resident, "GET", f"/events?wait={wait}", headers={"Last-Event-ID": last} if last else {})
    assert reply.status == 200
    return list(reply.body["events"])


async def stream(resident: Resident, last: str = "") -> ClientResponse:
    headers = {"Authorization": f"Bearer {resident.token}", "Accept": "text/event-stream", "Last-Event-ID": last}
    response: ClientResponse = await resident.client.get(f"{base(resident)}/events", headers=headers)
    assert response.status == 200
    assert response.content_type == "text/event-stream"
    assert await response.content.readuntil(b"\n\n") == b"retry: 3000\n\n"
    return response


async def next_event(response: ClientResponse) -> dict[str, Any]:
    async with asyncio.timeout(5):
        block = (await response.content.readuntil(b"\n\n")).decode()
    data = json.loads(block.split("data: ")[1])
    assert f"event: {data['event']}\n" in block
    assert (f"id: {data['id']}\n" in block) == bool(data["id"])
    return dict(data)


# --- events ---


async def test_a_listener_hears_each_answer_once_and_in_order(resident: Resident) -> None:
    response = await stream(resident)
    for number in range(3):
        turn = (await resident.say(f"第{number}个问题", f"t{number}")).body
        event = await next_event(response)
        assert event["turn"]["turn_id"] == turn["turn_id"]
        assert event["turn"]["answer"] == turn["answer"]
        assert event["turn"]["event_id"] == event["id"]
    response.close()


async def test_who_comes_back_misses_nothing(resident: Resident) -> None:
    await resident.say("第一个问题", "t1")
    last = (await poll(resident))[-1]["id"]
    await resident.say("第二个问题", "t2")
    await resident.say("第三个问题", "t3")
    response = await stream(resident, last)
    assert [(await next_event(response))["turn"]["client_turn_id"] for _ in range(2)] == ["t2", "t3"]
    response.close()
    history = (await resident.history()).body["turns"]
    assert await poll(resident, history[1]["event_id"]) == (await poll(resident))[2:]


async def test_a_long_poll_waits_for_the_answer(resident: Resident, rasa: FakeRasa) -> None:
    rasa.seconds = 0.3
    started = time.monotonic()
    waiting = asyncio.create_task(poll(resident, "1", "20"))
    await asyncio.sleep(0.05)
    await resident.say("工资拖着不给")
    assert [event["turn"]["text"] for event in await waiting] == ["工资拖着不给"]
    assert 0.3 <= time.monotonic() - started < 5


async def test_a_quiet_stream_has_a_heartbeat(resident: Resident, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.05)
    response = await stream(resident)
    assert await response.content.readuntil(b"\n\n") == b": \n\n"
    await resident.say("工资拖着不给")
    while (block := await response.content.readuntil(b"\n\n")) == b": \n\n":
        pass
    assert b"event: turn" in block
    response.close()


@pytest.mark.parametrize("last", ["", "x", "-1", "9" * 40, "１２", "1.5"])
async def test_a_strange_last_event_id_means_from_the_beginning(last: str, resident: Resident) -> None:
    await resident.say("工资拖着不给")
    reply = await call(resident, "GET", "/events?wait=0", headers={"Last-Event-ID": last})
    assert len(reply.body["events"]) == 1


@pytest.mark.parametrize("wait", ["26", "-1", "x", "1e1", "", "٣", "0000"])
async def test_a_wait_that_is_too_long_or_no_number_is_refused(wait: str, resident: Resident) -> None:
    assert_problem(await call(resident, "GET", f"/events?wait={wait}"), 422, "invalid")


async def test_nobody_listens_without_the_token(resident: Resident, client: TestClient[Any, Any], meet: Meet) -> None:
    stranger = Resident(client, resident.conversation_id, (await meet(client)).token)
    assert_problem(await call(stranger, "GET", "/events"), 401, "no-token")
    assert_problem(await call(stranger, "DELETE", ""), 401, "no-token")


async def test_too_many_streams_are_told_to_come_back(start: Start, meet: Meet) -> None:
    client = await start(streams=1)
    first, second = await meet(client), await meet(client)
    response = await stream(first)
    reply = await call(second, "GET", "/events?wait=0")
    assert_problem(reply, 429, "too-many")
    assert reply.headers["Retry-After"] == "30"
    response.close()
    await first.say("工资拖着不给")  # the service notices who left when it writes to them
    await first.say("房东不退押金", "t2")
    for _ in range(50):
        if (await call(second, "GET", "/events?wait=0")).status == 200:
            break
        await asyncio.sleep(0.05)
    else:
        raise AssertionError("the place of the one who left stays taken")


async def test_streams_end_when_the_service_stops(resident: Resident, client: TestClient[Any, Any]) -> None:
    response = await stream(resident)
    started = time.monotonic()
    await client.server.close()
    assert time.monotonic() - started < 4
    response.close()


def test_one_address_does_not_take_every_place() -> None:
    bell = Bell(listeners=3, per_address=2)
    with bell.listen("a", "10.0.0.1"), bell.listen("b", "10.0.0.1"):
        with pytest.raises(TooManyListeners), bell.listen("c", "10.0.0.1"):
            pass
        with bell.listen("c", "10.0.0.2"):
            pass
    with bell.listen("a", "10.0.0.1"), bell.listen("b", "10.0.0.1"):
        pass
    assert not bell._addresses, "who left is forgotten"


def test_the_bell_wakes_the_listeners_of_its_conversation_only() -> None:
    bell = Bell(listeners=3, per_conversation=2)
    with bell.listen("a") as one, bell.listen("a") as two, bell.listen("b") as other:
        bell.ring("a")
        assert (one.is_set(), two.is_set(), other.is_set()) == (True, True, False)
        with pytest.raises(TooManyListeners), bell.listen("c"):
            pass
    assert bell.listeners == 0
    with bell.listen("a"), bell.listen("a"), pytest.raises(TooManyListeners), bell.listen("a"):
        pass


def test_an_event_id_is_the_moment_of_the_answer() -> None:
    moment = moment_of("1764062400123456")
    assert event_id(moment) == "1764062400123456"
    assert moment.isoformat() == "2025-11-25T09:20:00.123456+00:00"


# --- feedback ---


async def test_a_verdict_is_kept_and_can_be_changed(resident: Resident, rows: Rows) -> None:
    turn = (await resident.say("工资拖着不给")).body["turn_id"]
    path = f"/turns/{turn}/feedback"
    assert (await call(resident, "PUT", path, json={"verdict": "good"})).status == 204
    assert (await resident.history()).body["turns"][0]["verdict"] == "good"
    body = {"verdict": "bad", "reason": f"内容不对，我的号是{ID_CARD}"}
    assert (await call(resident, "PUT", path, json=body)).status == 204
    assert rows("select turn_id, verdict, reason from feedback") == [
        (turn, "bad", "内容不对，我的号是〔身份证号已隐藏〕")
    ]
    assert (await poll(resident))[0]["turn"]["verdict"] == "bad"


@pytest.mark.parametrize(
    "body",
    [{}, {"verdict": "great"}, {"verdict": 1}, {"verdict": "bad", "reason": "字" * 201}, {"verdict": "bad", "x": 1}],
)
async def test_other_verdicts_are_refused(body: dict[str, Any], resident: Resident, rows: Rows) -> None:
    turn = (await resident.say("工资拖着不给")).body["turn_id"]
    assert_problem(await call(resident, "PUT", f"/turns/{turn}/feedback", json=body), 422, "invalid")
    assert rows("select count(*) from feedback") == [(0,)]


async def test_nobody_judges_another_residents_turn(
    resident: Resident, client: TestClient[Any, Any], meet: Meet, rows: Rows
) -> None:
    turn = (await resident.say("工资拖着不给")).body["turn_id"]
    other = await meet(client)
    reply = await call(other, "PUT", f"/turns/{turn}/feedback", json={"verdict": "bad"})
    assert_problem(reply, 404, "unknown-turn")
    assert_problem(await call(resident, "PUT", "/turns/%00/feedback", json={"verdict": "bad"}), 404, "unknown-turn")
    assert rows("select count(*) from feedback") == [(0,)]


# --- erasing ---


async def test_erasing_takes_everything_in_the_database_and_in_the_engine(
    resident: Resident, client: TestClient[Any, Any], meet: Meet, options: Settings, rows: Rows
) -> None:
    neighbour = await meet(client)
    memory = options.data_dir / "rasa" / "rasa.db"
    memory.parent.mkdir()
    with sqlite3.connect(memory) as connection:
        connection.execute("create table events (id integer primary key, sender_id text, data text)")
        for one in (resident, neighbour):
            connection.execute("insert into events (sender_id, data) values (?, 'x')", [one.conversation_id])
    connection.close()
    for one in (resident, neighbour):
        turn = (await one.say("工资拖着不给")).body["turn_id"]
        await call(one, "PUT", f"/turns/{turn}/feedback", json={"verdict": "good"})
    response = await stream(resident, "9" * 16)

    assert (await call(resident, "DELETE", "")).status == 204
    assert await next_event(response) == {"id": "", "event": "erased", "turn": None}
    assert await response.content.read() == b"", "the stream ends"
    assert_problem(await resident.history(), 404, "unknown-conversation")
    assert_problem(await resident.say("还在吗", "t2"), 404, "unknown-conversation")
    for table in ("conversations", "turns", "feedback"):
        assert rows(f"select count(*) from {table}") == [(1,)], table
    with sqlite3.connect(memory) as connection:
        assert connection.execute("select sender_id from events").fetchall() == [(neighbour.conversation_id,)]
    connection.close()


async def test_erasing_while_a_question_is_being_answered(resident: Resident, rasa: FakeRasa, rows: Rows) -> None:
    rasa.seconds = 0.3
    asking = asyncio.create_task(resident.say("工资拖着不给"))
    await until(lambda: rasa.messages)
    assert (await call(resident, "DELETE", "")).status == 204
    await asking
    assert rows("select count(*) from turns") == [(0,)]


# --- suggestions ---


async def test_suggestions_come_for_two_characters_and_are_limited(start: Start) -> None:
    client = await start(suggestions_per_minute=3)
    replies = [
        await client.get("/api/v1/suggestions", params={"q": typed}) for typed in ("工", "工资", "\0" * 90, "工资")
    ]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert await replies[1].json() == {"suggestions": ["工资怎么办"]}
    assert replies[1].headers["Cache-Control"] == "no-store"


async def test_what_is_typed_is_kept_nowhere(
    client: TestClient[Any, Any], caplog: pytest.LogCaptureFixture, rows: Rows
) -> None:
    logged = "\n".join(record.name for record in caplog.records)
    await client.get("/api/v1/suggestions", params={"q": "邻居占地的事"})
    kept = [record for record in caplog.records if "邻居" in record.getMessage() or "%E9%82%BB" in record.getMessage()]
    # The test server writes an access log of its own, the service has none (service.serve: access_log=None).
    assert {record.name for record in kept} <= {"aiohttp.access"}, logged
    assert rows("select count(*) from turns") == [(0,)]
