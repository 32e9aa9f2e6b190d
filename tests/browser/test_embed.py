"""The widget on other people's sites: one script tag under a strict policy, the page in a frame, and who may not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.browser.helpers import DESKTOP, LEGAL_AID, PHONE, QUESTION, WATCH, ask, picture, send
from tests.browser.test_access import axe

pytestmark = pytest.mark.browser
OpenSite = Callable[..., Page]


@pytest.fixture(scope="module")
def site(service_url: str, other_site: str) -> Iterator[str]:
    """A town's home page at the address that the service knows; its policy allows nothing but what it must."""
    policy = (
        f"default-src 'none'; script-src {service_url}; connect-src {service_url}; frame-src {service_url}; "
        "base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    # Its own style is unkind to what stands on it.
    pages = {
        "/": f'<script src="{service_url}/widget.js" defer></script>',
        "/in-place": f'<div id="here"></div><script src="{service_url}/widget.js" data-target="#here" defer></script>',
        "/frame": f'<iframe src="{service_url}/embed" title="法律问答" width="360" height="600"></iframe>',
    }

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            head = '<!doctype html><html lang="zh"><meta name="viewport" content="width=device-width"><title>镇政府</title>'
            self.wfile.write(f"{head}<main><h1>镇政府</h1>{body or ''}</main>".encode())

        def log_message(self, *_: object) -> None:
            pass

    address = urlsplit(other_site)
    server = ThreadingHTTPServer(("127.0.0.1", address.port or 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield other_site
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_site(site: str, browser: Browser, contexts: list[BrowserContext], watch: Callable[[Page], Page]) -> OpenSite:
    def open_it(path: str, viewport: ViewportSize = DESKTOP, base: str = "") -> Page:
        context = browser.new_context(viewport=viewport, locale="zh-CN", reduced_motion="reduce")
        context.add_init_script(WATCH)
        contexts.append(context)
        page = watch(context.new_page())
        page.goto((base or site) + path)
        return page

    return open_it


@pytest.mark.parametrize(("name", "viewport"), [("desktop", DESKTOP), ("phone", PHONE)])
def test_one_script_tag_on_another_site(open_site: OpenSite, name: str, viewport: ViewportSize) -> None:
    page = open_site("/", viewport)
    launcher = page.get_by_role("button", name="法律问答")
    launcher.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    ask(page, QUESTION)
    expect(page.locator(f".routes {LEGAL_AID}").first).to_be_visible()
    picture(page, f"embedded-{name}")
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(launcher).to_be_focused()
    page.reload()
    launcher.click()
    expect(page.locator(".answer")).to_have_count(1)


def test_the_button_tells_of_an_answer_that_came_while_it_was_closed(open_site: OpenSite) -> None:
    page = open_site("/")
    page.get_by_role("button", name="法律问答").click()
    page.context.set_offline(True)
    send(page, QUESTION)
    page.locator(".failure").wait_for()
    page.keyboard.press("Escape")
    page.context.set_offline(False)
    expect(page.get_by_role("button", name="法律问答：有新答复")).to_be_visible()


def test_in_place_on_another_site(open_site: OpenSite) -> None:
    page = open_site("/in-place")
    ask(page, QUESTION)
    assert page.locator("#here yin-fawen").count() == 1
    assert page.locator(".launcher").count() == 0
    color = page.locator(".send").evaluate("(node) => getComputedStyle(node).backgroundColor")
    assert color == "rgb(29, 85, 102)", "styled although the site's policy forbids inline styles"


def test_in_a_frame_on_another_site(open_site: OpenSite) -> None:
    page = open_site("/frame")
    frame = page.frame_locator("iframe")
    frame.get_by_label("您想问什么？").fill(QUESTION)
    frame.get_by_role("button", name="发送").click()
    expect(frame.locator(".answer")).to_have_count(1)
    picture(page, "embedded-frame")


def test_a_site_that_is_not_listed_gets_nothing(open_site: OpenSite, site: str) -> None:
    """The same pages under another name: the browser refuses the frame and the replies of the API."""
    stranger = site.replace("127.0.0.1", "localhost") if "127.0.0.1" in site else site.replace("localhost", "127.0.0.1")
    page = open_site("/", base=stranger)
    page.get_by_role("button", name="法律问答").click()
    send(page, QUESTION)
    expect(page.locator(".failure")).to_be_visible()
    framed = open_site("/frame", base=stranger)
    framed.wait_for_timeout(1000)
    assert framed.frame_locator("iframe").locator("yin-fawen").count() == 0
