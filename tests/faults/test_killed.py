"""One of two replicas killed or frozen under load behind nginx: no stored turn is lost, no request is sent more than twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.databases.postgresql import Postgres
from tests.faults.nginx import Nginx
from tests.faults.small_service import SmallService
from tests.faults.test_nginx import Site, assert_polite

RESIDENTS, TURNS = 8, 12


@pytest.fixture
def replicas(postgres: Postgres, tmp_path: Path) -> Iterator[list[SmallService]]:
    """Two processes on one PostgreSQL; an answer takes 0.2 s, so that some are under way whenever one is killed."""
    with postgres.database() as url:
        made = [SmallService(tmp_path / name, 0.2, database_url=url, trusted_proxy=True) for name in ("one", "two")]
        for one in made:
            one.start()
        yield made
        for one in made:
            one.stop()


async def talk(site: Site, number: int, count: int) -> list[float]:
    """One resident, who never sends anything twice and finds all in the history; the seconds of each answer."""
    address, clock, took = f"127.0.0.{10 + number}", asyncio.get_running_loop().time, []
    path, headers = await site.meet(address)
    for turn in range(count):
        said, asked = {"text": f"第{number}位问{turn}", "client_turn_id": f"t{turn}"}, clock()
        async with site.at(address).post(f"{path}/turns", json=said, headers=headers) as response:
            reply = await response.json(content_type=None)
        assert response.status == 200, reply
        assert reply["answer"]["status"] == "answered"
        took.append(clock() - asked)
    async with site.at(address).get(f"{path}/turns", headers=headers) as response:
        turns = (await response.json())["turns"]
    assert [turn["text"] for turn in turns] == [f"第{number}位问{turn}" for turn in range(count)]
    assert all(turn["answer"]["status"] == "answered" for turn in turns), "each stored once, with its answer"
    return took


def tries(nginx: Nginx) -> list[list[str]]:
    """Where each request was sent."""
    return [line.split(" ", 6)[6].split(", ") for line in nginx.lines()]


async def had_its_share(nginx: Nginx, replica: str) -> None:
    """Until it answered a dozen requests."""
    for _ in range(1000):
        if tries(nginx).count([replica]) >= 12:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nobody asks it")


async def used_again(site: Site, replica: str, seconds: float) -> None:
    """nginx sends requests there without anybody's help."""
    seen = len(site.nginx.lines())
    for _ in range(int(seconds / 0.3)):
        await site.meet("127.0.0.9")
        await asyncio.sleep(0.3)
        if [replica] in tries(site.nginx)[seen:]:
            return
    raise AssertionError("it stays left out")


@pytest_asyncio.fixture
async def site(replicas: list[SmallService], folder: Path) -> AsyncIterator[Site]:
    nginx = Nginx(folder, [one.port for one in replicas])
    nginx.start()
    made = Site(nginx)
    yield made
    await made.close()
    nginx.stop()


async def test_one_of_two_killed_under_load(site: Site, replicas: list[SmallService]) -> None:
    gone = f"127.0.0.1:{replicas[0].port}"

    async def strike() -> int:
        await had_its_share(site.nginx, gone)
        await asyncio.to_thread(replicas[0].kill)
        return len(site.nginx.lines())

    before, *took = await asyncio.gather(strike(), *(talk(site, number, TURNS) for number in range(RESIDENTS)))
    sent = tries(site.nginx)
    assert RESIDENTS < before < len(sent) * 3 / 4, "it was killed in the middle"
    assert max(map(len, sent)) == 2, "turns under way at the killed one went to the other, once"
    assert all(len(set(where)) == len(where) for where in sent)
    assert max(max(seconds) for seconds in took) < 5
    await asyncio.to_thread(replicas[0].start)
    await used_again(site, gone, 12)


async def test_one_of_two_frozen_under_load(site: Site, replicas: list[SmallService]) -> None:
    """It neither answers nor breaks off: the worst for whoever waits."""
    frozen, process = f"127.0.0.1:{replicas[0].port}", replicas[0].process
    assert process is not None

    async def strike() -> None:
        await had_its_share(site.nginx, frozen)
        process.send_signal(signal.SIGSTOP)

    try:
        _, *took = await asyncio.gather(strike(), *(talk(site, number, TURNS) for number in range(RESIDENTS)))
    finally:
        process.send_signal(signal.SIGCONT)
    sent = tries(site.nginx)
    assert [frozen, f"127.0.0.1:{replicas[1].port}"] in sent, "some were under way there"
    assert max(map(len, sent)) == 2
    slowest = max(max(seconds) for seconds in took)
    assert 9 < slowest < 14, "nginx waits 10 seconds, then asks the other one"
    await used_again(site, frozen, 12)


@pytest.mark.parametrize(
    ("method", "path", "tries"),
    [
        ("POST", "/api/v1/conversations/x/turns", 2),
        ("POST", "/api/v1/conversations", 2),
        ("POST", "/wechat", 2),
        ("GET", "/desk/inbox", 2),
        ("POST", "/desk/conversations/x/messages", 1),
        ("POST", "/desk/package", 1),
        ("POST", "/ask", 1),
    ],
)
async def test_only_what_may_come_twice_is_sent_twice(folder: Path, method: str, path: str, tries: int) -> None:
    """Both replicas die the moment they have read a request."""
    heard: list[bytes] = []

    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.transport.abort()

    servers = [await asyncio.start_server(die, "127.0.0.1", 0) for _ in range(2)]
    nginx = Nginx(folder, [server.sockets[0].getsockname()[1] for server in servers])
    nginx.start()
    site = Site(nginx)
    try:
        async with site.at().request(method, path, data=b"{}" if method == "POST" else None) as response:
            assert response.status == 503
            assert_polite(503, response.headers, await response.text(), path)
        assert heard == [f"{method} {path} HTTP/1.1\r\n".encode()] * tries
    finally:
        await site.close()
        nginx.stop()
        for server in servers:
            server.close()
