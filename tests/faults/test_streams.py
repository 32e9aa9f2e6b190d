"""Thousands of open event streams: the surplus is told when to come back, the others are served, memory stays bounded."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.conftest import missing
from tests.faults.small_service import SmallService

STREAMS, PER_ADDRESS, PER_CONVERSATION = 1000, 200, 6
MOST = 10_000
BEYOND = 2000  # at least so many more than are taken
EACH = 32 * 1024  # bytes of memory for one connection, open or refused

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[SmallService]:
    made = SmallService(tmp_path, streams=STREAMS, streams_per_address=PER_ADDRESS)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def count() -> Iterator[int]:
    """As many connections as this process may open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    allowed = min(MOST, hard - 500)
    if allowed < STREAMS + BEYOND:
        missing(f"only {hard} files may be open here (ulimit -n): {STREAMS + BEYOND + 500} are needed")
    yield allowed
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def listen(service: SmallService, address: str, path: str, token: str) -> tuple[int, bytes, Connection]:
    """Open one stream: its status, the reply's beginning, and the connection, which stays open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port, local_addr=(address, 0))
    lines = (f"GET {path}/events HTTP/1.1", "Host: x", "Accept: text/event-stream", f"Authorization: Bearer {token}")
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split()[1])
    if status != 200:
        length = int(head.lower().split(b"content-length:")[1].split()[0])
        head += await reader.readexactly(length)
    return status, head, (reader, writer)


async def test_thousands_of_streams(service: SmallService, count: int) -> None:
    met: list[tuple[str, str]] = []
    async with aiohttp.ClientSession(service.url) as session:

        async def meet() -> tuple[str, str]:
            async with session.post("/api/v1/conversations") as response:
                opened = await response.json()
            return f"/api/v1/conversations/{opened['conversation_id']}", opened["token"]

        for _ in range(0, count, PER_CONVERSATION * 50):
            met += await asyncio.gather(*(meet() for _ in range(50)))
        before, began = service.memory(), time.monotonic()
        statuses: Counter[int] = Counter()
        per_address: Counter[str] = Counter()
        refusals: list[bytes] = []
        kept: list[Connection] = []
        heard: list[tuple[int, Connection]] = []
        try:
            # The first address asks for more than its share, then the others come.
            places = ["127.0.1.1"] * (PER_ADDRESS + 100)
            places += [f"127.0.1.{2 + number // 150}" for number in range(count - len(places))]
            for start in range(0, count, 100):
                part = range(start, min(start + 100, count))
                opened = await asyncio.gather(*(listen(service, places[n], *met[n // PER_CONVERSATION]) for n in part))
                for number, (status, head, connection) in zip(part, opened, strict=True):
                    statuses[status] += 1
                    kept.append(connection)
                    if status == 200:
                        per_address[places[number]] += 1
                        heard.append((number, connection))
                    else:
                        refusals.append(head)
            grown, took = service.memory() - before, time.monotonic() - began
            print(f"{count} streams in {took:.1f} s: {dict(statuses)}, memory {before >> 20} + {grown >> 20} MB")

            assert statuses == {200: STREAMS, 429: count - STREAMS}
            assert per_address["127.0.1.1"] == PER_ADDRESS
            for refusal in refusals:
                head, body = refusal.split(b"\r\n\r\n", 1)
                assert b"\r\nRetry-After: 30" in head
                assert b"application/problem+json" in head
                assert "12348" in json.loads(body)["detail"]
            assert grown < count * EACH

            # Meanwhile a resident without a stream is answered, and one with a stream hears it.
            number, (reader, _) = heard[-1]
            for path, token in (met[-1], met[number // PER_CONVERSATION]):
                asked = time.monotonic()
                said = {"text": "工资拖着不给", "client_turn_id": "t1"}
                headers = {"Authorization": f"Bearer {token}"}
                async with session.post(f"{path}/turns", json=said, headers=headers) as response:
                    assert (await response.json())["answer"]["status"] == "answered"
                assert time.monotonic() - asked < 2
            async with asyncio.timeout(2):
                await reader.readuntil("工资拖着不给".encode())
        finally:
            for _, writer in kept:
                writer.close()
        # Those who left are noticed at the next heartbeat at the latest; then there is room again.
        for _ in range(80):
            status, _, (_, writer) = await listen(service, "127.0.1.1", *met[0])
            writer.close()
            if status == 200:
                break
            await asyncio.sleep(0.5)
        assert status == 200
