"""The dialogue engine stopped and started again: answers go on, and it is used again without anybody's help."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from bot import engine
from tests.bot.fakes import FakeRasa, Resident


async def reasons(resident: Resident, name: str, count: int = 3) -> set[str]:
    """Who answered: texts differ between the engine's answer and knowledge's own."""
    replies = [await resident.say("工资拖着不给", f"{name}-{number}") for number in range(count)]
    assert {reply.status for reply in replies} == {200}
    return {reply.body["answer"]["text"] for reply in replies}


async def test_killed_and_back(resident: Resident, rasa: FakeRasa, rows: Any) -> None:
    assert await reasons(resident, "up") == {"引擎的答复。"}
    await rasa.stop()
    assert await reasons(resident, "down") == {"知识库的答复。"}
    assert (await resident.say("救命啊", "danger")).body["answer"]["status"] == "crisis"
    app = web.Application()
    app.router.add_post("/webhooks/rest/webhook", rasa._turn)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", rasa.port).start()
    rasa._closing = asyncio.Event()
    try:
        heard = set()
        for number in range(50):  # it rests a second after a refused connection
            heard |= await reasons(resident, f"back-{number}", 1)
            if "引擎的答复。" in heard:
                break
            await asyncio.sleep(0.1)
        assert heard == {"知识库的答复。", "引擎的答复。"}
    finally:
        await runner.cleanup()
    assert rows("select count(*) from turns where answered_at is null") == [(0,)]


async def test_hanging_costs_one_wait_and_then_nobody_waits(
    resident: Resident, rasa: FakeRasa, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "REST_TIME", 0.3)
    rasa.seconds = 30
    loop = asyncio.get_running_loop()
    assert await reasons(resident, "hangs", 1) == {"知识库的答复。"}
    started = loop.time()
    assert await reasons(resident, "rests", 2) == {"知识库的答复。"}
    assert loop.time() - started < 0.4
    rasa.seconds = 0
    await asyncio.sleep(0.35)
    assert await reasons(resident, "back", 1) == {"引擎的答复。"}


async def test_slow_but_in_time_is_waited_for(resident: Resident, rasa: FakeRasa) -> None:
    rasa.seconds = 0.3
    assert await reasons(resident, "slow", 1) == {"引擎的答复。"}


async def test_the_embedding_model_breaks_while_running(
    resident: Resident, knowledge: Any, rasa: FakeRasa, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(text: str) -> None:
        raise RuntimeError("corrupt")

    monkeypatch.setattr(knowledge, "prepare", broken)
    assert (await resident.say("工资拖着不给", "t1")).body["answer"]["text"] == "引擎的答复。"
    assert (await resident.say("救命啊", "t2")).body["answer"]["status"] == "crisis"
