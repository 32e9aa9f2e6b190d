"""One of two replicas killed under load behind nginx: no stored turn is lost, no request is sent more than twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

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


async def test_one_of_two_killed_under_load(replicas: list[SmallService], folder: Path) -> None:
    nginx = Nginx(folder, [one.port for one in replicas])
    nginx.start()
    site = Site(nginx)
    try:
        killed = asyncio.Event()
        late = 0

        async def talk(number: int) -> None:
            """One resident, who never sends anything twice."""
            nonlocal late
            address = f"127.0.0.{10 + number}"
            path, headers = await site.meet(address)
            for turn in range(TURNS):
                said = {"text": f"第{number}位问{turn}", "client_turn_id": f"t{turn}"}
                async with site.at(address).post(f"{path}/turns", json=said, headers=headers) as response:
                    reply = await response.json(content_type=None)
                assert response.status == 200, reply
                assert reply["answer"]["status"] == "answered"
                late += killed.is_set()
            async with site.at(address).get(f"{path}/turns", headers=headers) as response:
                turns = (await response.json())["turns"]
            assert [turn["text"] for turn in turns] == [f"第{number}位问{turn}" for turn in range(TURNS)]
            assert all(turn["answer"]["status"] == "answered" for turn in turns), "each stored once, with its answer"

        async def strike() -> None:
            await asyncio.sleep(1.0)
            await asyncio.to_thread(replicas[0].kill)
            killed.set()

        await asyncio.gather(strike(), *(talk(number) for number in range(RESIDENTS)))
        assert late > RESIDENTS * TURNS / 4, "it was killed in the middle"
        tries = [
            line.split(" ", 6)[6].split(", ") for line in nginx.lines() if "/turns" in line or "/conversations" in line
        ]
        gone = f"127.0.0.1:{replicas[0].port}"
        assert max(map(len, tries)) == 2, "turns under way at the killed one went to the other, once"
        assert all(len(set(where)) == len(where) for where in tries)
        assert sum(where == [gone] for where in tries) >= 10, "it had its share before"

        # It comes back, and nginx uses it again without anybody's help.
        await asyncio.to_thread(replicas[0].start)
        seen = len(nginx.lines())
        for _ in range(40):
            await site.meet("127.0.0.9")
            await asyncio.sleep(0.3)
            if any(line.endswith(f" {gone}") for line in nginx.lines()[seen:]):
                break
        else:
            raise AssertionError("it stays left out")
    finally:
        await site.close()
        nginx.stop()


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
