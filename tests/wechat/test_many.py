"""200 people, three messages each, with an engine that is quick, slow or very slow: nobody misses, doubles or mixes up."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

from tests.wechat.crowd import Crowd
from tests.wechat.fakes import EchoEngine, FakeApi, Person, Platform

PEOPLE = 200


def seconds(text: str) -> float:
    """Six in seven quick, some later than a window, some later than all three."""
    chance = random.Random(text)
    kind = chance.random()
    return chance.uniform(0, 0.2) if kind < 0.86 else chance.uniform(4, 9) if kind < 0.95 else chance.uniform(15, 18)


async def bearable(platform: Platform, engine: EchoEngine) -> float:
    """The pause between messages at which this machine, as busy as it is, could take twice as many.

    Platform, service and engine share one process here, so that a full machine makes the platform's own clock late.
    """
    started = time.monotonic()
    for number in range(30):
        await platform.send(Person().text(f"试{number}"))
    each = (time.monotonic() - started) / 30
    engine.asked.clear()
    return min(30.0, max(4.0, 3 * PEOPLE * each))


@pytest.mark.parametrize("certified", [False, True])
async def test_two_hundred_people_each_get_their_own_answers_once(
    start: Any, engine: EchoEngine, wechat_api: FakeApi, certified: bool
) -> None:
    platform: Platform = await start(wechat_certified=certified, wechat_reply_seconds=4.5)
    platform.window = 5.0
    random.seed(5)

    async def read(path: str) -> str:
        async with platform.session.get(platform.url.replace("/wechat", path)) as response:
            return await response.text()

    crowd = Crowd(
        platform,
        [[f"第{person}位问{number}" for number in range(3)] for person in range(PEOPLE)],
        lambda text: f"答〔{text}〕完。",
        read,
        wechat_api.texts,
        spread=await bearable(platform, engine),
    )
    engine.seconds = seconds
    outcome = await crowd.run()
    print(
        f"spread {crowd.spread:.1f} s, {outcome.passive} at once or joined ({outcome.joined}), {outcome.linked} links after at most {max(outcome.notices):.2f} s"
    )
    assert (outcome.missed, outcome.mixed, outcome.twice, outcome.never) == (0, [], [], [])
    assert len(engine.asked) == len(set(engine.asked)) == PEOPLE * 3
    assert outcome.linked > 10
