"""Who can reach what in the product as it runs, and whom it calls: docs/dependencies.md rests on this."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from knowledge.documents.apart import pieces_apart
from knowledge.sources.files import ImportRefused
from tests.conftest import Running
from tests.knowledge.documents.files import word
from tests.wechat.fakes import Person, Platform

pytestmark = pytest.mark.rasa


def family(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from family(int(child))


def listening(pids: list[int]) -> set[tuple[str, int]]:
    """Addresses (as /proc writes them) and ports on which these processes wait for others."""
    mine = set()
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            try:
                mine.add(os.readlink(entry))
            except FileNotFoundError:
                continue
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if f"socket:[{inode}]" in mine and (state == "0A" or "udp" in table):
                address, _, port = local.partition(":")
                found.add((address, int(port, 16)))
    return found


def test_only_loopback_listens_and_only_three_ports(running: Running) -> None:
    loopback = "0100007F"
    expected = {(loopback, port) for port in (running.public, running.internal, running.rasa)}
    assert listening(list(family(running.process.pid))) == expected


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/version"),
        ("GET", "/status"),
        ("GET", "/domain"),
        ("GET", "/conversations/x/tracker"),
        ("POST", "/conversations/x/tracker/events"),
        ("POST", "/conversations/x/trigger_intent"),
        ("POST", "/conversations/x/execute"),
        ("POST", "/model/train"),
        ("POST", "/model/parse"),
        ("POST", "/model/predict"),
        ("POST", "/model/test/intents"),
        ("PUT", "/model"),
        ("DELETE", "/model"),
        ("GET", "/webhooks/callback/"),
        ("GET", "/webhooks/socketio/"),
        ("GET", "/webhooks/facebook/webhook"),
        ("GET", "/webhooks/slack/webhook"),
        ("GET", "/socket.io/"),
        ("GET", "/static/..%2f..%2fetc/passwd"),
    ],
)
async def test_the_dialogue_engine_offers_its_one_channel_only(
    running: Running, session: aiohttp.ClientSession, method: str, path: str
) -> None:
    """Neither its HTTP API, which loads models and changes conversations, nor files, nor other connectors."""
    async with session.request(method, f"http://127.0.0.1:{running.rasa}{path}", json={}) as response:
        assert response.status == 404


async def test_no_public_address_leads_to_the_dialogue_engine_or_the_actions(
    running: Running, session: aiohttp.ClientSession
) -> None:
    public = f"http://127.0.0.1:{running.public}"
    for path in ("/webhooks/rest/webhook", "/internal/actions", "/metrics", "/model", "/conversations/x/tracker"):
        for method in ("GET", "POST"):
            async with session.request(method, f"{public}{path}", json={}) as response:
                assert response.status in (404, 405), path
    inside = f"http://127.0.0.1:{running.internal}/internal/actions"
    for headers in ({}, {"X-Internal-Secret": ""}, {"X-Internal-Secret": "x"}, {"X-Internal-Secret": "口令"}):
        async with session.post(inside, json={"next_action": "action_answer"}, headers=headers) as response:
            assert response.status == 403


class Lure:
    """An address that everything sent to the product names; it counts who calls."""

    def __init__(self) -> None:
        self.calls = 0

    async def __aenter__(self) -> Lure:
        async def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.calls += 1
            writer.close()

        self._server = await asyncio.start_server(called, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/lure"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()


def documents(url: str) -> list[tuple[str, bytes]]:
    """Files that ask their reader to fetch something."""
    page = f'<html><head><link rel="stylesheet" href="{url}"><base href="{url}"><meta http-equiv="refresh" content="0;{url}">'
    page += f'</head><body><img src="{url}"><iframe src="{url}"></iframe><p>一句正文。</p></body></html>'
    remote, out = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word())) as source, zipfile.ZipFile(remote, "w") as target:
        for name in source.namelist():
            body = source.read(name)
            if name == "word/_rels/document.xml.rels":
                link = f'<Relationship Id="rId99" TargetMode="External" Target="{url}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
                both = f'{link}attachedTemplate"/>{link.replace("rId99", "rId98")}image"/></Relationships>'
                body = body.replace(b"</Relationships>", both.encode())
            target.writestr(name, body)
    with zipfile.ZipFile(io.BytesIO(word())) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            body = source.read(name)
            if name == "word/document.xml":
                end = body.index(b"?>") + 2
                body = body[:end] + f'<!DOCTYPE w [<!ENTITY % x SYSTEM "{url}"> %x;]>'.encode() + body[end:]
            target.writestr(name, body)
    return [(".html", page.encode()), (".docx", remote.getvalue()), (".docx", out.getvalue())]


async def test_nothing_that_is_sent_makes_it_call_an_address(
    running: Running, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    public = f"http://127.0.0.1:{running.public}"
    async with Lure() as lure:
        async with session.post(f"{public}/api/v1/conversations") as response:
            opened = await response.json()
        path = f"{public}/api/v1/conversations/{opened['conversation_id']}"
        headers = {"Authorization": f"Bearer {opened['token']}", "X-Forwarded-Host": lure.url, "Referer": lure.url}
        texts = [lure.url, f"打开{lure.url}看看", f"![]({lure.url})", f"<img src={lure.url}>", f"{{{{{lure.url}}}}}"]
        for number, text in enumerate([*texts, f"file:///etc/passwd {lure.url}"]):
            said = {
                "text": text,
                "client_turn_id": f"t{number}",
                "callback_url": lure.url,
                "metadata": {"url": lure.url},
            }
            async with session.post(f"{path}/turns", json=said, headers=headers) as response:
                assert response.status in (200, 422)
        async with session.get(f"{public}/api/v1/suggestions", params={"q": lure.url}) as response:
            assert response.status == 200
        platform, person = Platform(session, f"{public}/wechat"), Person()
        sent: list[dict[str, Any]] = [
            person.message("image", PicUrl=lure.url, MediaId="m"),
            person.message("link", Url=lure.url, Title=lure.url, Description="看"),
            person.event("SCAN", lure.url),
            person.text(lure.url),
        ]
        for fields in sent:
            assert (await platform.send(fields)).tries
        entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{lure.url}">]><xml><Content>&e;</Content></xml>'
        async with session.post(platform.url, params=platform.envelope(entity)[0], data=entity.encode()) as response:
            assert response.status in (400, 403)
        for number, (suffix, content) in enumerate(documents(lure.url)):
            file = tmp_path / f"{number}{suffix}"
            file.write_bytes(content)
            try:
                pieces = await asyncio.to_thread(pieces_apart, file)
            except ImportRefused:
                continue
            assert pieces
        await asyncio.sleep(0.3)
        assert lure.calls == 0
        with contextlib.suppress(aiohttp.ClientError):
            await session.get(lure.url)
        assert lure.calls == 1, "it does count"
