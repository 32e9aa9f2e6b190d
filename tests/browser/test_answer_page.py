"""Pages that the service writes itself: the answer page behind a WeChat link, and the answer to the plain form."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import aiohttp
import pytest
from playwright.sync_api import expect

from tests.browser.helpers import (
    LEGAL_AID,
    NARROW,
    PHONE,
    QUESTION,
    OpenPage,
    assert_no_sideways_scroll,
    height_of,
    picture,
)
from tests.browser.test_access import axe
from tests.wechat.fakes import Person, Platform

pytestmark = pytest.mark.browser
WAGES = "包工头跑了工钱要不回来咋办"


async def _asked(service_url: str, text: str) -> str:
    async with aiohttp.ClientSession() as session:
        shown = (await Platform(session, f"{service_url}/wechat").send(Person().text(text))).shown or ""
    return urlsplit(next(word for word in shown.replace("：", " ").split() if "/a/" in word)).path


@pytest.fixture
def answer_page(service_url: str) -> Callable[[str], str]:
    """Asks on WeChat (in a thread of its own: this one is the browser's) and gives the path of the answer page."""

    def ask(text: str) -> str:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, _asked(service_url, text)).result()

    return ask


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_answer_page_on_a_phone(open_page: OpenPage, answer_page: Callable[[str], str], scheme: str) -> None:
    page = open_page(path=answer_page(WAGES), viewport=PHONE, color_scheme=scheme)
    assert axe(page) == []
    assert_no_sideways_scroll(page)
    for control in page.locator("a.door, button, textarea").all():
        assert height_of(control) >= 44, control.inner_text()
    letters = page.locator(".answer p").first.evaluate("(node) => parseFloat(getComputedStyle(node).fontSize)")
    assert letters >= 18
    picture(page, f"answer-page-{scheme}", full=True)


def test_it_can_be_rated_printed_and_followed_to_its_source(
    open_page: OpenPage, answer_page: Callable[[str], str]
) -> None:
    path = answer_page(QUESTION)
    page = open_page(path=path, viewport=NARROW)
    expect(page.locator(f".doors {LEGAL_AID}")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("form")).to_be_hidden()
    expect(page.locator("blockquote").first).to_be_visible()
    picture(page, "answer-page-print", full=True)
    page.emulate_media(media="screen")
    page.get_by_label("哪里不好").fill("没说清几点上班")
    page.get_by_role("button", name="不满意").click()
    expect(page.get_by_role("heading", name="您选了：不满意")).to_be_visible()
    assert axe(page) == []
    assert_no_sideways_scroll(page)
    quote = page.locator("blockquote").first.inner_text().removeprefix("原文").strip()
    page.get_by_role("link", name="看原文的前后文").first.click()
    assert page.locator("mark").inner_text() == quote


def test_a_link_that_is_over(open_page: OpenPage) -> None:
    page = open_page(path=f"/a/{'x' * 32}", viewport=NARROW)
    expect(page.locator('a[href="tel:110"]')).to_be_visible()
    assert axe(page) == []
    assert_no_sideways_scroll(page)


def test_without_the_script_the_plain_form_is_as_accessible(open_page: OpenPage) -> None:
    """The script was lost on the way: what stands in the page goes on working."""
    page = open_page(viewport=NARROW, path="/passages/nothing")
    page.route("**/widget*.js", lambda route: route.abort())
    page.goto(urlsplit(page.url)._replace(path="/").geturl())
    assert axe(page) == []
    page.get_by_label("您想问什么？").fill(WAGES)
    page.get_by_role("button", name="发送").click()
    expect(page.locator(".reply .text")).to_be_visible()
    assert axe(page) == []
    assert_no_sideways_scroll(page)
    for control in page.locator("a.door, button, textarea").all():
        assert height_of(control) >= 44, control.inner_text()
