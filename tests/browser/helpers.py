"""What the browser tests share: how to ask, what is stored, where pictures go."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Request, ViewportSize, expect

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "test-artifacts"
QUESTION = "法律援助热线电话是多少？"
LEGAL_AID = 'a[href="tel:03725139017"]'
TURNS = re.compile(r"/api/v1/conversations/[^/]+/turns$")
EVENTS = re.compile(r"/api/v1/conversations/[^/]+/events")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
PHONE: ViewportSize = {"width": 375, "height": 812}
NARROW: ViewportSize = {"width": 320, "height": 640}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Violations reach the console only as text; the event is the same in every version of the browser.
WATCH = """window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => window.violations.push(e.violatedDirective));"""
VIOLATIONS = "() => window.violations ?? []"
SAVED_CONVERSATION = """() => Object.keys(localStorage)
    .filter((key) => key.includes("conversation")).map((key) => [key, localStorage.getItem(key)])[0] ?? null"""
FOCUSED = "() => document.activeElement?.shadowRoot?.activeElement?.id ?? ''"

OpenPage = Callable[..., Page]


def box(page: Page) -> Locator:
    """The input."""
    return page.get_by_label("您想问什么？")


def send(page: Page, text: str) -> None:
    """Types and sends with Enter."""
    box(page).fill(text)
    page.keyboard.press("Enter")


def ask(page: Page, text: str) -> None:
    """Types and sends, then waits for the answer."""
    answers = page.locator(".answer")
    before = answers.count()
    send(page, text)
    expect(answers).to_have_count(before + 1)


def conversation_of(page: Page) -> dict[str, str]:
    return dict(json.loads(page.evaluate(SAVED_CONVERSATION)[1]))


def stored_turns(page: Page, service_url: str, conversation: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """The turns as the service has them."""
    conversation = conversation or conversation_of(page)
    reply = page.request.get(
        f"{service_url.rstrip('/')}/api/v1/conversations/{conversation['conversation_id']}/turns",
        headers={"Authorization": f"Bearer {conversation['token']}"},
    )
    assert reply.status == 200
    turns: list[dict[str, Any]] = reply.json()["turns"]
    return turns


def client_turn_id(request: Request) -> str:
    return str(json.loads(request.post_data or "")["client_turn_id"])


def height_of(target: Locator) -> float:
    found = target.bounding_box()
    assert found is not None
    return found["height"]


def assert_no_sideways_scroll(page: Page) -> None:
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def picture(page: Page, name: str, full: bool = False) -> None:
    """Kept as an artifact of the run, to be looked at."""
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=full)
