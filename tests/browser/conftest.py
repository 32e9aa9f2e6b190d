"""A real Chromium for the tests of the page and the widget."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.browser.helpers import DESKTOP, FLAGS, VIOLATIONS, WATCH, OpenPage
from tests.conftest import missing


def chromium() -> str:
    """Where the browser is; without one the test ends here with the reason."""
    path = os.environ.get("YINFAWEN_CHROMIUM") or shutil.which("chromium")
    if path is None:
        missing("no Chromium: install Debian's chromium or set YINFAWEN_CHROMIUM")
    return path


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    chromium()
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    launched = playwright.chromium.launch(executable_path=chromium(), headless=True, args=FLAGS)
    yield launched
    launched.close()


@pytest.fixture
def contexts() -> Iterator[list[BrowserContext]]:
    """Browser profiles to be closed at the end."""
    opened: list[BrowserContext] = []
    yield opened
    for context in opened:
        context.close()


@pytest.fixture
def watch(contexts: list[BrowserContext]) -> Iterator[Callable[[Page], Page]]:
    """A page handed in must see no script error and no violation of its policy until the test ends."""
    pages: list[Page] = []
    errors: list[str] = []

    def add(page: Page) -> Page:
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        pages.append(page)
        return page

    yield add
    violations = [found for page in pages if not page.is_closed() for found in page.evaluate(VIOLATIONS)]
    assert errors == []
    assert violations == []


@pytest.fixture
def open_page(
    service_url: str, browser: Browser, contexts: list[BrowserContext], watch: Callable[[Page], Page]
) -> OpenPage:
    """Opens a page of the service in a fresh browser profile, or in ``context``; watched as above."""

    def open_it(script: str = "", path: str = "/", context: BrowserContext | None = None, **options: Any) -> Page:
        if context is None:
            chosen = {"viewport": DESKTOP, "locale": "zh-CN", "reduced_motion": "reduce"} | options
            context = browser.new_context(**chosen)
            context.add_init_script(WATCH + script)
            contexts.append(context)
        page = watch(context.new_page())
        page.goto(service_url + path)
        return page

    return open_it
