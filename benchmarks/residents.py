"""Residents as they come, for ``benchmarks.load``: what one does, how it is said to each system, and what came of it.

Of what residents do, 70 % are questions, 15 % follow-ups, 5 % steps of a form, 5 % a person wanted, 5 % reading the history.
Plain Rasa has no history to read; the rest is said to it in the same shares.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp

from benchmarks.turns import AFTER, BEFORE

MIX = {"question": 70, "follow-up": 15, "form": 5, "handover": 5, "history": 5}
PLAIN_MIX = {kind: share for kind, share in MIX.items() if kind != "history"}
FOLLOW_UPS = ("那要带啥材料", "要多久", "去哪里办", "要花钱吗", "要是他不给呢", "电话是多少")
FORM = ("我能申请法律援助吗", "工资被拖欠", "没有", "不是", "退出")
PERSON = ("转人工", "我想找真人说")
TURNS_EACH = 12
SHED = "too-slow"  # the reason of the fixed answer when too many ask at once


@dataclass
class Tally:
    """What came of one system's crowd: seconds, faults and shed messages by kind; MB by process over loaded seconds."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    shed: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    loaded: float = 0.0

    def note(self, kind: str, seconds: float, outcome: str | None) -> None:
        self.seconds[kind].append(seconds)
        if outcome == SHED:
            self.shed[kind] += 1
        elif outcome:
            self.faults[kind, outcome] += 1


class Way(Protocol):
    """How residents reach a system. Methods return None when all went well, else a short name of the fault."""

    kinds: dict[str, int]

    async def open(self, session: aiohttp.ClientSession) -> dict[str, str]:
        """A new conversation. Raises aiohttp.ClientError."""

    async def say(self, session: aiohttp.ClientSession, conversation: dict[str, str], text: str) -> str | None: ...

    async def history(self, session: aiohttp.ClientSession, conversation: dict[str, str]) -> str | None: ...


class OurWay:
    """The product's HTTP API at ``url``."""

    kinds = MIX

    def __init__(self, url: str) -> None:
        self._url = f"{url}/api/v1/conversations"

    async def open(self, session: aiohttp.ClientSession) -> dict[str, str]:
        async with session.post(self._url) as response:
            response.raise_for_status()
            return dict(await response.json())

    async def say(self, session: aiohttp.ClientSession, conversation: dict[str, str], text: str) -> str | None:
        body = {"text": text, "client_turn_id": uuid.uuid4().hex}
        async with session.post(self._turns(conversation), json=body, headers=_token(conversation)) as response:
            if response.status != 200:
                return str(response.status)
            answer = (await response.json())["answer"]
            return str(answer["reason"]) if answer["status"] == "error" else None

    async def history(self, session: aiohttp.ClientSession, conversation: dict[str, str]) -> str | None:
        async with session.get(self._turns(conversation), headers=_token(conversation)) as response:
            await response.read()
            return None if response.status == 200 else str(response.status)

    def _turns(self, conversation: dict[str, str]) -> str:
        return f"{self._url}/{conversation['conversation_id']}/turns"


class PlainWay:
    """A plain Rasa project's REST channel at ``url``."""

    kinds = PLAIN_MIX

    def __init__(self, url: str) -> None:
        self._url = f"{url}/webhooks/rest/webhook"

    async def open(self, session: aiohttp.ClientSession) -> dict[str, str]:
        return {"sender": uuid.uuid4().hex}

    async def say(self, session: aiohttp.ClientSession, conversation: dict[str, str], text: str) -> str | None:
        async with session.post(self._url, json={**conversation, "message": text}) as response:
            if response.status != 200:
                return str(response.status)
            return None if await response.json() else "nothing said"

    async def history(self, session: aiohttp.ClientSession, conversation: dict[str, str]) -> str | None:
        raise NotImplementedError("plain Rasa's REST channel has no history")


class Resident:
    """Does one thing after another until the time is over, with ``pause`` seconds between on average."""

    def __init__(
        self, session: aiohttp.ClientSession, way: Way, asked: list[str], tally: Tally, seed: int, pause: float
    ) -> None:
        self._session, self._way, self._asked, self._tally, self._pause = session, way, asked, tally, pause
        self._chance = random.Random(seed)
        self._form = 0
        self._conversation: dict[str, str] = {}

    async def stay(self, until: float) -> None:
        await asyncio.sleep(self._chance.uniform(0, self._pause))
        while time.monotonic() < until:
            if await self._timed("open"):
                for number in range(TURNS_EACH):
                    if time.monotonic() >= until:
                        return
                    await self._timed("question" if number == 0 else self._kind())
                    await asyncio.sleep(self._chance.expovariate(1 / self._pause))
            else:
                await asyncio.sleep(self._pause)

    def _kind(self) -> str:
        return self._chance.choices(list(self._way.kinds), list(self._way.kinds.values()))[0]

    async def _timed(self, kind: str) -> bool:
        started = time.monotonic()
        try:
            fault = await self._do(kind)
        except (aiohttp.ClientError, TimeoutError, ValueError, LookupError) as error:
            fault = error.__class__.__name__
        self._tally.note(kind, time.monotonic() - started, fault)
        return fault is None

    async def _do(self, kind: str) -> str | None:
        if kind == "open":
            self._conversation = await self._way.open(self._session)
            return None
        if kind == "history":
            return await self._way.history(self._session, self._conversation)
        return await self._way.say(self._session, self._conversation, self._words(kind))

    def _words(self, kind: str) -> str:
        if kind == "form":
            self._form += 1
            return FORM[(self._form - 1) % len(FORM)]
        said = self._chance.choice({"follow-up": FOLLOW_UPS, "handover": PERSON}.get(kind, self._asked))
        # Varied, so that a cache of repeated questions helps little.
        return f"{self._chance.choice(BEFORE)}{said}{self._chance.choice(AFTER)}" if kind == "question" else said


def _token(conversation: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {conversation['token']}"}
