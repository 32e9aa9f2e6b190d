"""Our clock is wrong by more than WeChat's messages may be old."""

from __future__ import annotations

import time

import pytest
import time_machine

from tests.wechat.fakes import EchoEngine, Person, Platform, xml_of


@pytest.mark.parametrize("hours", [-2, 2, 24 * 300])
async def test_whoever_is_in_danger_still_gets_the_number(
    platform: Platform, person: Person, engine: EchoEngine, hours: int
) -> None:
    """Nothing is stored and no question answered: the message may as well be an old one that somebody overheard."""
    fields = person.text("救命啊")
    query, body = platform.envelope(xml_of(fields))
    forged = {**query, "msg_signature": "0" * 40}
    with time_machine.travel(time.time() + hours * 3600, tick=True):
        async with platform.session.post(platform.url, params=query, data=body.encode()) as response:
            said = str(platform.read(fields, await response.text()))
        async with platform.session.post(platform.url, params=forged, data=body.encode()) as response:
            assert response.status == 403, "a signature is still needed"
    assert "12348" in said
    assert "110" in said
    assert engine.asked == []
    shown = await platform.send(person.text("工钱"))
    assert "答〔工钱〕完。" in str(shown.shown), "by itself, once the clock is right"


async def test_a_repeat_after_a_small_leap_is_still_answered_once(
    platform: Platform, person: Person, engine: EchoEngine
) -> None:
    fields = person.text("工钱")
    first = await platform.post(fields)
    for off in (250, -250):
        with time_machine.travel(time.time() + off, tick=True):
            query, body = platform.envelope(xml_of(fields))
            async with platform.session.post(platform.url, params=query, data=body.encode()) as response:
                again = (response.status, await response.text())
        assert (again[0], platform.read(fields, again[1])) == (200, platform.read(fields, first[1]))
    assert engine.asked == ["工钱"]
