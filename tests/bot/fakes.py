"""Small real stand-ins for the tests of the service: knowledge without a model, a dialogue engine to misbehave, a resident."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np
from aiohttp import web
from aiohttp.test_utils import TestClient

from bot.conversations.store import ConversationStore
from bot.desk.audit import COMMAND
from bot.retention import erase
from knowledge.catalogue import Catalogue, load_catalogue
from knowledge.index import Vector
from knowledge.records import Answer, Citation, Passage, Route, Status
from knowledge.surroundings import Surroundings, surroundings_of

RELEASE = "2026-01-01-test"
DOOR = Route("hotline", "12348 热线", "12348", "tel:12348", "问法律", "渠道卡")
CITATION = Citation("年度报告", "一", "殷都区", "2022-02-23", "法律援助热线电话0372-5139017", True, None, "report/1-1")


async def erase_older_than(store: ConversationStore, days: int) -> int:
    """The service's erasing, whatever the clock; returns how many conversations."""
    return await store.erasing(lambda connection: erase(connection, days, datetime.now(UTC), COMMAND))


def an_answer(text: str, status: Status = Status.ANSWERED, reason: str = "answered") -> Answer:
    return Answer(status, reason, text, (CITATION,), (DOOR,), ("还能问什么",), RELEASE, "法律援助")


async def until(condition: Callable[[], object], seconds: float = 5) -> None:
    """Wait until it is so; an AssertionError when it never is."""
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not so within {seconds} seconds")


@cache
def _catalogue() -> Catalogue:
    return load_catalogue()


class SmallKnowledge:
    """Answers everything in one way, sees danger in one word, and can be told to be slow or to break."""

    shipped_model = True

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.seconds = 0.0
        self.fault: Exception | None = None

    @property
    def places(self) -> Any:
        """Finds every place by its words."""
        return SimpleNamespace(find=lambda text, expected=False: [text])

    @property
    def advisor_answers(self) -> Any:
        """One advisor, whatever the place."""
        return SimpleNamespace(answer=lambda places: an_answer(f"{places[0]}的法律顾问是张三。"))

    @cached_property
    def release(self) -> Any:
        """The shipped catalogue: what the duty page asks for holidays."""
        return SimpleNamespace(id="small", catalogue=_catalogue())

    def danger(self, text: str, vector: object = None) -> Answer | None:
        return an_answer("先打 110。", Status.CRISIS, "crisis") if "救命" in text else None

    def prepare(self, text: str) -> Vector:
        return np.zeros(384, np.float32)

    def answer(self, text: str) -> Answer:
        self.asked.append(text)
        time.sleep(self.seconds)
        if self.fault is not None:
            raise self.fault
        return an_answer("知识库的答复。")

    def current(self, answer: Answer) -> Answer:
        return answer

    def suggest(self, typed: str) -> list[str]:
        return [f"{typed}怎么办"] if len(typed) > 1 else []

    def surroundings(self, passage_id: str) -> Surroundings | None:
        """One document of three sentences."""
        words = ("前一句。", str(CITATION.quote), "后一句<b>。")
        passages = [Passage(f"report/1-{n}", "report", text, text, ("一、标题",)) for n, text in enumerate(words)]
        return surroundings_of(passages, passage_id, CITATION) if passage_id == CITATION.passage_id else None

    def status(self, reason: str) -> Answer:
        return an_answer("请打 12348。", Status.ERROR, reason)


class FakeRasa:
    """An HTTP server at Rasa's place; ``reply`` is what its REST channel says, ``status`` how."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.reply: Any = [{"recipient_id": "x", "custom": {"answer": an_answer("引擎的答复。").to_dict()}}]
        self.raw: bytes | None = None
        self.content_type = "application/json"
        self.status = 200
        self.seconds = 0.0
        self.port = 0
        self._closing = asyncio.Event()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/webhooks/rest/webhook", self._turn)
        app.router.add_get("/", self._home)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        self._closing.set()
        await self._runner.cleanup()

    async def _home(self, request: web.Request) -> web.Response:
        return web.Response(text="Hello from Rasa")

    async def _turn(self, request: web.Request) -> web.Response:
        self.messages.append(await request.json())
        if self.seconds:
            await asyncio.wait([asyncio.ensure_future(self._closing.wait())], timeout=self.seconds)
        if self.raw is not None:
            return web.Response(body=self.raw, status=self.status, content_type=self.content_type)
        return web.json_response(self.reply, status=self.status)


@dataclass(frozen=True)
class Reply:
    """An HTTP response, read to its end."""

    status: int
    body: Any
    headers: Any


@dataclass
class Resident:
    """Someone with a conversation, who talks to the HTTP API."""

    client: TestClient[Any, Any]
    conversation_id: str
    token: str
    said: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"/api/v1/conversations/{self.conversation_id}/turns"

    async def say(self, text: str, client_turn_id: str = "t1") -> Reply:
        self.said.append(text)
        return await self.post(json={"text": text, "client_turn_id": client_turn_id})

    async def post(self, **given: Any) -> Reply:
        given.setdefault("headers", {"Authorization": f"Bearer {self.token}"})
        async with self.client.post(self.url, **given) as response:
            return Reply(response.status, await response.json(content_type=None), response.headers)

    async def history(self) -> Reply:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.client.get(self.url, headers=headers) as response:
            return Reply(response.status, await response.json(content_type=None), response.headers)
