"""The answer page over HTTP: what it shows, what it forbids, when it is gone."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from bot.channels.wechat.page import dialled
from bot.channels.wechat.texts import say
from knowledge.records import Status
from tests.wechat.fakes import EchoEngine, Person, Platform
from tests.wechat.test_window import link_in


class Browser:
    """Opens pages of the service as a phone does."""

    def __init__(self, platform: Platform) -> None:
        self._session = platform.session
        self._base = platform.url.removesuffix("/wechat")

    async def open(self, path: str, **form: str) -> tuple[int, LexborHTMLParser, Any]:
        method = "POST" if form else "GET"
        async with self._session.request(method, self._base + path, data=form or None) as response:
            return response.status, LexborHTMLParser(await response.text()), response.headers


@pytest.fixture
def browser(platform: Platform) -> Browser:
    return Browser(platform)


@pytest.fixture
async def path(platform: Platform, person: Person) -> str:
    return link_in((await platform.send(person.text("工资"))).shown)


async def test_it_shows_the_answer_its_doors_and_its_sources(browser: Browser, path: str) -> None:
    status, html, _ = await browser.open(path)
    assert status == 200
    text = " ".join(html.body.text(separator=" ").split())
    for part in (
        "答〔工资〕完。",
        "第三十一条",
        "全国人大常委会",
        "2022-01-01",
        "请求支付劳动报酬",
        "原文",
        say("page-note"),
    ):
        assert part in text
    (door,) = html.css("ul.doors a")
    assert (door.attributes["href"], door.text(separator=" ").split()) == ("tel:12348", ["12348", "热线", "12348"])
    assert html.css_first("meta[name=viewport]") is not None


async def test_it_is_strict_and_private(browser: Browser, path: str) -> None:
    _, html, headers = await browser.open(path)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in headers["X-Robots-Tag"]
    assert html.css("script, style, [style], img, iframe") == []
    assert [link.attributes["href"] for link in html.css("link")] == ["/a/page.css"]


async def test_its_style_is_readable_and_printable(browser: Browser) -> None:
    status, html, headers = await browser.open("/a/page.css")
    assert (status, headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "@media print" in html.html
    assert "url(" not in html.html


async def test_links_differ_and_cannot_be_guessed(platform: Platform, path: str, rows: Any) -> None:
    other = link_in((await platform.send(Person().text("工资"))).shown)
    assert re.fullmatch(r"/a/[A-Za-z0-9_-]{32}", path)
    assert path != other
    kept = [row[0] for row in rows("SELECT id_hash FROM answer_pages")]
    assert path.removeprefix("/a/") not in kept
    assert len(kept) == 2


@pytest.mark.parametrize("page_id", ["x" * 32, "x", "a" * 64])
async def test_an_unknown_link_is_explained(browser: Browser, page_id: str) -> None:
    status, html, _ = await browser.open(f"/a/{page_id}")
    assert (status, html.css_first("h1").text()) == (410, say("page-gone-title"))
    assert "tel:12348" in [link.attributes["href"] for link in html.css("a")]


async def test_an_old_link_is_explained(browser: Browser, path: str, options: Any) -> None:
    with sqlite3.connect(options.data_dir / "yinfawen.db") as connection:
        connection.execute("UPDATE answer_pages SET expires_at = '2020-01-01 00:00:00'")
    status, html, _ = await browser.open(path)
    assert (status, html.css_first("h1").text()) == (410, say("page-gone-title"))
    assert (await browser.open(path, verdict="good"))[0] == 410


async def test_an_erased_conversation_takes_its_pages_along(browser: Browser, path: str, options: Any) -> None:
    with sqlite3.connect(options.data_dir / "yinfawen.db") as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("DELETE FROM conversations")
    assert (await browser.open(path))[0] == 410


async def test_a_turn_that_was_never_answered_ends_with_the_hotlines(browser: Browser, path: str, options: Any) -> None:
    with sqlite3.connect(options.data_dir / "yinfawen.db") as connection:
        connection.execute("UPDATE turns SET answer = NULL")
        connection.execute("UPDATE answer_pages SET created_at = '2026-01-01 00:00:00'")
    status, html, headers = await browser.open(path)
    assert (status, "Refresh" in headers) == (200, False)
    assert say("page-failed") in html.body.text()


async def test_a_verdict_from_the_page(browser: Browser, path: str, rows: Any) -> None:
    status, html, _ = await browser.open(path, verdict="bad", reason="看不懂，打13812345678")
    assert (status, "您选了：不满意" in html.body.text()) == (200, True)
    assert rows("SELECT verdict, reason FROM feedback") == [("bad", "看不懂，打〔手机号已隐藏〕")]
    assert (await browser.open(path, verdict="great"))[0] == 400
    assert (await browser.open(path, reason="x"))[0] == 400


async def test_words_in_an_answer_are_never_markup(
    platform: Platform, browser: Browser, person: Person, engine: EchoEngine
) -> None:
    path = link_in((await platform.send(person.text("<script>alert(1)</script>"))).shown)
    _, html, _ = await browser.open(path)
    assert html.css("script") == []
    assert "<script>" in html.css_first(".answer").text()


async def test_in_danger_the_numbers_come_first_and_nothing_is_asked(
    platform: Platform, browser: Browser, person: Person, engine: EchoEngine
) -> None:
    engine.status = Status.CRISIS
    path = link_in((await platform.send(person.text("长" * 900))).shown)
    _, html, _ = await browser.open(path)
    assert html.css_first("h1").text() == say("page-title")
    assert html.css_first("main > ul.doors + section.answer.crisis") is not None
    assert html.css("form") == []


async def test_a_number_in_a_quotation_dials(browser: Browser, path: str, options: Any) -> None:
    with sqlite3.connect(options.data_dir / "yinfawen.db") as connection:
        connection.execute("UPDATE turns SET answer = json_set(answer, '$.citations[0].quote', '打12348热线')")
    _, html, _ = await browser.open(path)
    assert html.css_first("blockquote a").attributes["href"] == "tel:12348"


def test_numbers_of_routes_dial_and_others_do_not() -> None:
    routes = [
        {"number": "110", "link": "tel:110"},
        {"number": "0372-5139017", "link": "tel:0372-5139017"},
        {"number": None, "link": None},
        {"number": "12345", "link": "javascript:alert(1)"},
    ]
    html = str(dialled("打110或0372-5139017，别打<1100>、12345、1101", routes))
    assert html == (
        '打<a class="number" href="tel:110">110</a>或<a class="number" href="tel:03725139017">0372-5139017</a>，'
        "别打&lt;1100&gt;、12345、1101"
    )
