"""A resident on WeChat, on the whole product as it is started: asks, picks, opens the page, says what it was worth."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from selectolax.lexbor import LexborHTMLParser

from bot.channels.wechat.texts import say
from tests.wechat.fakes import Person, Platform

pytestmark = pytest.mark.rasa


@pytest_asyncio.fixture
async def platform(service_url: str) -> AsyncIterator[Platform]:
    async with aiohttp.ClientSession() as session:
        yield Platform(session, f"{service_url}/wechat")


@pytest.fixture
def person() -> Person:
    return Person()


async def page(platform: Platform, shown: str) -> LexborHTMLParser:
    """The page that a reply links to; the link begins with the public address, the test with the local one."""
    (link,) = [word[word.index("https:") :] for word in shown.split() if "/a/" in word]
    address = link.replace("https://fa.example.org", platform.url.removesuffix("/wechat"))
    async with platform.session.get(address) as response:
        assert response.status == 200
        return LexborHTMLParser(await response.text())


async def test_from_the_greeting_to_the_verdict(platform: Platform, person: Person) -> None:
    greeting = str((await platform.send(person.event("subscribe"))).shown)
    assert "法律援助热线电话是多少" in greeting

    picked = str((await platform.send(person.text("1"))).shown)
    assert "0372-5139017" in picked
    assert "《殷都区2021年度法治政府建设工作报告》（2022-02-23）" in picked

    html = await page(platform, picked)
    assert "tel:03725139017" in [link.attributes["href"] for link in html.css("a")]
    assert "法律援助热线" in html.css_first("blockquote").text()

    assert (await platform.send(person.text("不满意：想当面问"))).shown == say("reason-kept")
    assert "您选了：不满意" in (await page(platform, picked)).body.text()


async def test_a_voice_in_danger_gets_110_first(platform: Platform, person: Person) -> None:
    came = await platform.send(person.message("voice", MediaId="m", Recognition="他拿刀在门口不让我走"))
    doors = [line for line in str(came.shown).splitlines() if line.startswith("· ")]
    assert "110" in doors[0]
    assert "/a/" not in str(came.shown)


async def test_a_location_leads_to_the_village(platform: Platform, person: Person) -> None:
    fields = person.message("location", Location_X="36.1", Location_Y="114.3", Label="河南省安阳市殷都区水冶镇")
    came = str((await platform.send(fields)).shown)
    assert came.startswith("收到您的位置了。\n")
    assert "村" in came
