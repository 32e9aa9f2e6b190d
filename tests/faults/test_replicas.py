"""Two replicas on one PostgreSQL, sticky to nothing: whichever is asked, the resident notices no difference."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from bot.settings import Settings
from tests.bot.conftest import knowledge
from tests.bot.fakes import Reply, Resident
from tests.databases.postgresql import Postgres
from tests.wechat.conftest import engine, options, person, session, start, wechat_api
from tests.wechat.fakes import EchoEngine, Person, Platform

__all__ = ["engine", "knowledge", "options", "person", "session", "start", "wechat_api"]


class Proxy:
    """Sends each request to the next replica; one that is gone is left out, and its request goes to the next."""

    def __init__(self, session: aiohttp.ClientSession, targets: list[str]) -> None:
        self._session, self.targets = session, targets
        self.served: dict[str, int] = dict.fromkeys(targets, 0)
        self._next = 0

    async def handle(self, request: web.Request) -> web.Response:
        body, tries = await request.read(), len(self.targets)
        headers = {name: value for name, value in request.headers.items() if name not in ("Host", "Content-Length")}
        for _ in range(tries):
            self._next += 1
            target = self.targets[self._next % len(self.targets)]
            try:
                async with self._session.request(
                    request.method, f"{target}{request.path_qs}", data=body, headers=headers
                ) as response:
                    self.served[target] += 1
                    kept = {"Content-Type": response.headers.get("Content-Type", "text/plain")}
                    return web.Response(status=response.status, body=await response.read(), headers=kept)
            except aiohttp.ClientConnectorError:
                continue
        return web.Response(status=502)


@pytest.fixture
def shared(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as url:
        yield url


@pytest_asyncio.fixture
async def replicas(start: Callable[..., Awaitable[Platform]], shared: str) -> list[Platform]:
    return [await start(database_url=shared, conversations_per_minute=0, wechat_reply_seconds=4.5) for _ in range(2)]


@pytest_asyncio.fixture
async def proxy(
    session: aiohttp.ClientSession, replicas: list[Platform], aiohttp_client: Callable[..., Awaitable[Any]]
) -> AsyncIterator[tuple[Any, Proxy]]:
    made = Proxy(session, [platform.url.removesuffix("/wechat") for platform in replicas])
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    yield await aiohttp_client(app), made


async def met(client: Any) -> Resident:
    async with client.post("/api/v1/conversations") as response:
        opened = await response.json()
    return Resident(client, opened["conversation_id"], opened["token"])


async def test_a_residents_turns_may_reach_either_replica(proxy: tuple[Any, Proxy], engine: EchoEngine) -> None:
    client, through = proxy
    residents = [await met(client) for _ in range(5)]

    async def talk(resident: Resident, number: int) -> None:
        for turn in range(4):
            reply = await resident.say(f"第{number}位问{turn}", f"t{turn}")
            assert (reply.status, reply.body["answer"]["text"]) == (200, f"答〔第{number}位问{turn}〕完。")

    await asyncio.gather(*(talk(resident, number) for number, resident in enumerate(residents)))
    for number, resident in enumerate(residents):
        turns = (await resident.history()).body["turns"]
        assert [turn["text"] for turn in turns] == [f"第{number}位问{turn}" for turn in range(4)]
    assert min(through.served.values()) >= 10, "both worked"
    assert sorted(engine.asked) == sorted({*engine.asked})


async def test_a_turn_sent_to_both_is_one_turn(proxy: tuple[Any, Proxy], engine: EchoEngine) -> None:
    client, _ = proxy
    resident = await met(client)
    replies: list[Reply] = [await resident.say("工资拖着不给", "t1") for _ in range(4)]
    assert len({reply.body["turn_id"] for reply in replies}) == 1
    assert engine.asked == ["工资拖着不给"]


async def test_a_page_open_at_one_replica_hears_what_the_other_answered(
    proxy: tuple[Any, Proxy], replicas: list[Platform], session: aiohttp.ClientSession
) -> None:
    client, _ = proxy
    resident = await met(client)
    headers = {"Authorization": f"Bearer {resident.token}"}

    async def wait(base: str) -> list[str]:
        url = f"{base}/api/v1/conversations/{resident.conversation_id}/events?wait=20"
        async with session.get(url, headers=headers) as response:
            return [event["turn"]["text"] for event in (await response.json())["events"]]

    bases = [platform.url.removesuffix("/wechat") for platform in replicas]
    waiting = [asyncio.create_task(wait(base)) for base in bases]
    await asyncio.sleep(0.3)  # both listen
    loop = asyncio.get_running_loop()
    started = loop.time()
    await resident.say("工资拖着不给", "t1")
    assert await asyncio.gather(*waiting) == [["工资拖着不给"], ["工资拖着不给"]]
    assert loop.time() - started < 1


async def test_when_one_replica_is_gone_the_other_goes_on(proxy: tuple[Any, Proxy], engine: EchoEngine) -> None:
    client, through = proxy
    resident = await met(client)
    await resident.say("第一个问题", "t1")
    through.targets[0] = "http://127.0.0.1:1"  # nobody listens there
    for number in range(4):
        assert (await resident.say(f"再问{number}", f"again-{number}")).status == 200
    assert [turn["text"] for turn in (await resident.history()).body["turns"]] == [
        "第一个问题",
        *(f"再问{number}" for number in range(4)),
    ]


async def test_a_repeat_of_wechat_at_another_replica_is_answered_once(
    replicas: list[Platform], person: Person, engine: EchoEngine, options: Settings
) -> None:
    engine.seconds = lambda _: 0.3
    message = person.text("工资拖着不给")
    posted = await asyncio.gather(*(platform.post(message) for platform in [*replicas, *replicas]))
    shown = {replicas[0].read(message, body) for status, body in posted if status == 200}
    assert len(shown) == 1
    assert "答〔工资拖着不给〕完。" in str(shown)
    assert engine.asked == ["工资拖着不给"]
