"""What has the focus can be seen: it is never lost, and never hidden behind the composer (WCAG 2.2, 2.4.11)."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import DESKTOP, NARROW, PHONE, QUESTION, OpenPage, ask, box

pytestmark = pytest.mark.browser

# The element with the focus, whether all of its height can be seen, and whether what lies at its middle is it.
FOCUS = """() => {
    const shadow = document.activeElement?.shadowRoot;
    const node = shadow?.activeElement;
    if (!node) return { name: document.activeElement?.tagName ?? "none", shown: true, inside: false };
    const area = node.getBoundingClientRect();
    const at = shadow.elementFromPoint(area.left + Math.min(area.width / 2, 20), area.top + area.height / 2);
    const whole = area.top >= -1 && area.bottom <= innerHeight + 1;
    const name = `${node.tagName} ${node.className} ${node.textContent.slice(0, 12)}`;
    return { name, shown: whole && (node === at || node.contains(at)), inside: true };
}"""


def focused(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(FOCUS)
    return found


@pytest.mark.parametrize(("viewport", "large"), [(DESKTOP, False), (PHONE, False), (PHONE, True), (NARROW, True)])
def test_the_composer_hides_nothing_that_has_the_focus(open_page: OpenPage, viewport: Any, large: bool) -> None:
    page = open_page(viewport=viewport)
    box(page).wait_for()
    if large:
        page.get_by_role("button", name="大字").click()
    ask(page, "包工头跑了工钱要不回来咋办")
    ask(page, QUESTION)
    page.locator(".turn").last.get_by_role("button", name="没用").click()
    box(page).focus()
    hidden, seen = [], []
    for key in ("Shift+Tab", "Tab"):
        for _ in range(40):
            page.keyboard.press(key)
            at = focused(page)
            if not at["inside"] or "TEXTAREA" in at["name"]:
                break
            seen.append(at["name"])
            hidden += [at["name"]] * (not at["shown"])
    assert len(seen) > 30
    assert hidden == []


def test_the_reasons_that_open_are_in_sight(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "包工头跑了工钱要不回来咋办")
    page.get_by_role("button", name="没用").click()
    last = page.locator(".reasons button").last
    expect(last).to_be_in_viewport(ratio=1)
    composer, reason = page.locator(".composer").bounding_box(), last.bounding_box()
    assert composer is not None
    assert reason is not None
    assert reason["y"] + reason["height"] <= composer["y"]


def test_the_focus_is_never_lost(open_page: OpenPage) -> None:
    """After each button that vanishes or changes the page, something in the widget has the focus."""
    page = open_page()
    page.locator(".welcome .choice").nth(1).focus()
    steps: list[tuple[str, str]] = []
    page.set_default_timeout(4000)

    def press(name: str, key: str = "Enter") -> None:
        page.keyboard.press(key)
        page.wait_for_timeout(100)
        steps.append((name, focused(page)["name"] if focused(page)["inside"] else "lost"))

    press("starter")
    page.locator(".answer").wait_for()
    page.locator(".answer .choice").first.focus()
    press("follow-up")
    page.locator(".answer").nth(1).wait_for()
    last = page.locator(".turn").last
    last.get_by_role("button", name="没用").focus()
    press("bad")
    last.get_by_role("button", name="看不懂").focus()
    press("reason")
    page.get_by_role("button", name="更多").focus()
    press("more")
    page.keyboard.press("Tab")
    press("close the menu", "Escape")
    press("more again")
    page.get_by_role("button", name="删除我的对话").focus()
    press("erase")
    page.get_by_role("button", name="不删").focus()
    press("keep")
    page.get_by_role("button", name="新对话").focus()
    press("new conversation")
    assert [step for step in steps if step[1] == "lost"] == []
    assert dict(steps)["reason"].startswith("BUTTON tool 没用")
    assert dict(steps)["close the menu"].startswith("BUTTON switch 更多")
