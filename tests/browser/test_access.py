"""Everyone can use it: axe in every state, keyboard, small screens, large text, dark, simple view, reading aloud."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import (
    DESKTOP,
    FOCUSED,
    NARROW,
    PHONE,
    QUESTION,
    ROOT,
    OpenPage,
    ask,
    assert_no_sideways_scroll,
    box,
    height_of,
    picture,
    send,
)
from tests.conftest import missing

pytestmark = pytest.mark.browser

AXE = ROOT / "bot" / "widget" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LONG = "请问怎么申请法律援助，要什么材料，去哪里办，多久有结果？"
# 400 汉字 in paragraphs, as an answer about a whole procedure may have.
LONG_TEXT = "\n".join(
    f"{n}. 先把工资条、考勤记录、转账凭证、聊天记录和证人都找出来，放在一起，写清日期，再打 12348 问。"
    for n in range(1, 12)
)
# How a browser that speaks and listens looks to the page; the voices themselves are the device's.
VOICES = """window.said = [];
Object.defineProperty(window, "speechSynthesis", { value: {
    getVoices: () => [], cancel: () => {}, speak: (utterance) => window.said.push(utterance.text) } });
window.SpeechRecognition = window.webkitSpeechRecognition = class extends EventTarget {
    start() { setTimeout(() => {
        this.dispatchEvent(Object.assign(new Event("result"), { results: [[{ transcript: "法律援助热线是多少" }]] }));
        this.dispatchEvent(new Event("end")); }); }
    stop() {} };"""


def axe(page: Page) -> list[str]:
    """What axe finds wrong, one line each."""
    if not AXE.is_file():
        missing("no axe-core: run make widget")
    if page.evaluate("() => typeof axe === 'undefined'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(
        "(rules) => axe.run(document, { runOnly: rules, resultTypes: ['violations'] })", RULES
    )
    assert found["testEngine"]["name"] == "axe-core"
    return [
        f"{row['impact']} {row['id']}: {node['target']} {node['failureSummary'][:200]}"
        for row in found["violations"]
        for node in row["nodes"]
    ]


def switch(page: Page, *names: str) -> None:
    page.get_by_role("button", name="更多").click()
    for name in names:
        page.get_by_role("button", name=name, exact=True).click()
    page.get_by_role("button", name="更多").click()


def test_axe_finds_nothing_in_any_state(open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE)
    found: dict[str, list[str]] = {}

    def look(state: str) -> None:
        found[state] = axe(page)

    box(page).wait_for()
    planted = "document.body.append(Object.assign(document.createElement('img'), { id: 'planted', src: 'x.png' }))"
    page.evaluate(planted)
    assert any("image-alt" in fault for fault in axe(page)), "it sees a fault that is there"
    page.evaluate("document.getElementById('planted').remove()")
    look("welcome")
    page.get_by_role("button", name="更多").click()
    look("menu")
    page.get_by_role("button", name="更多").click()
    box(page).press_sequentially("法律援助")
    page.locator(".suggestion").first.wait_for()
    look("suggestions")
    ask(page, QUESTION)
    page.locator("summary").first.click()
    look("answered")
    page.get_by_role("button", name="没用").click()
    look("reasons")
    ask(page, "我老公正在打我，救命")
    look("crisis")
    ask(page, "啊啊啊啊啊")
    look("no answer")
    page.context.set_offline(True)
    send(page, QUESTION)
    page.locator(".failure").wait_for()
    look("offline")
    page.context.set_offline(False)
    expect(page.locator(".answer")).to_have_count(4)
    switch(page, "深色")
    look("dark")
    switch(page, "高对比")
    look("dark, contrast")
    switch(page, "深色")
    look("contrast")
    page.get_by_role("button", name="大字").click()
    look("large")
    switch(page, "简洁")
    look("simple")
    page.get_by_role("button", name="更多").click()
    page.get_by_role("button", name="删除我的对话").click()
    look("erase")
    assert {state: faults for state, faults in found.items() if faults} == {}


@pytest.mark.parametrize("path", ["/passages/report-2021/1.6-4-3", "/passages/nothing", "/embed"])
def test_axe_finds_nothing_on_the_other_pages(open_page: OpenPage, path: str) -> None:
    page = open_page(path=path, viewport=PHONE)
    assert axe(page) == []
    assert_no_sideways_scroll(page)


def test_citation_leads_to_its_place_in_the_document(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, QUESTION)
    source = page.locator("details", has_text="殷都区2021年度法治政府建设工作报告").first
    quote = source.locator("blockquote").text_content()
    source.locator("summary").click()
    with page.expect_popup() as opened:
        source.get_by_role("link", name="看原文的前后文").click()
    passage = opened.value
    expect(passage.locator("mark")).to_have_text(quote or "")
    assert passage.locator(".document p").count() > 2
    expect(passage.locator("dl")).to_contain_text("2022-02-23")
    picture(passage, "passage", full=True)


@pytest.mark.parametrize(
    ("name", "viewport", "names"),
    [
        ("phone-large", PHONE, ["大字"]),
        ("phone-simple", PHONE, ["大字", "简洁"]),
        ("desktop-dark", DESKTOP, ["深色"]),
        ("desktop-contrast", DESKTOP, ["高对比"]),
        ("narrow-large", NARROW, ["大字"]),
    ],
)
def test_display_is_kept_and_nothing_is_cut_off(
    open_page: OpenPage, name: str, viewport: Any, names: list[str]
) -> None:
    page = open_page(viewport=viewport)
    before = page.locator(".widget").evaluate("(node) => parseFloat(getComputedStyle(node).fontSize)")
    for switched in names:
        if switched == "大字":
            page.get_by_role("button", name="大字").click()
        else:
            switch(page, switched)
    ask(page, QUESTION)
    page.reload()
    expect(page.locator(".answer")).to_have_count(1)
    for switched in names:
        expect(page.locator(f'.switch:text-is("{switched}")')).to_have_attribute("aria-pressed", "true")
    if "大字" in names:
        size = page.locator(".widget").evaluate("(node) => parseFloat(getComputedStyle(node).fontSize)")
        assert size >= before * 1.3
    if "简洁" in names:
        expect(page.get_by_role("button", name="复制")).to_be_hidden()
    assert_no_sideways_scroll(page)
    for control in page.locator("button:visible, a.door:visible, summary:visible").all():
        assert height_of(control) >= 44, control.inner_text()
    picture(page, f"widget-{name}")
    picture(page, f"widget-{name}-whole", full=True)


def long_answer(page: Page) -> None:
    """Shows an answer with a long text (the real service's answers are kept short)."""

    def lengthen(route: Any) -> None:
        body = route.fetch().json()
        body["answer"]["text"] = LONG_TEXT
        route.fulfill(json=body)

    page.route("**/turns", lengthen)
    page.route("**/events*", lambda route: route.abort())
    ask(page, LONG)


def test_a_long_answer_shows_its_first_part_and_keeps_all_of_it(open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE)
    long_answer(page)
    text = page.locator(".answer .text")
    rest = text.locator(".rest")
    assert text.text_content() == LONG_TEXT
    assert height_of(rest) <= 1
    more = page.get_by_role("button", name="展开全文")
    picture(page, "widget-long", full=True)
    page.emulate_media(media="print")
    assert height_of(rest) > 50
    page.emulate_media(media="screen")
    more.click()
    assert height_of(rest) > 50
    page.get_by_role("button", name="收起").click()
    assert height_of(rest) <= 1
    rest.locator("a").first.focus()
    expect(page.get_by_role("button", name="收起")).to_be_visible()
    assert axe(page) == []


def test_copy_print_aloud_and_voice(open_page: OpenPage) -> None:
    page = open_page(
        script=VOICES + "window.print = function () { (window.parent ?? window).printed = document.body.innerText; };",
        permissions=["clipboard-read", "clipboard-write"],
    )
    page.get_by_role("button", name="语音输入").click()
    expect(box(page)).to_have_value("法律援助热线是多少")
    page.keyboard.press("Control+A")
    ask(page, QUESTION)
    page.get_by_role("button", name="朗读", exact=True).click()
    assert "0 3 7 2 5 1 3 9 0 1 7" in page.evaluate("window.said[0]")
    page.get_by_role("button", name="停止朗读").click()
    page.get_by_role("button", name="复制").click()
    expect(page.locator("[role=status]")).to_have_text("已经复制。")
    assert page.evaluate("navigator.clipboard.readText()").startswith(f"问：{QUESTION}")
    page.get_by_role("button", name="打印").click()
    printed = page.evaluate("window.printed")
    assert "0372-5139017" in printed
    assert "法律援助热线" in printed
    assert "不是律师的意见" in printed
    switch(page, "自动朗读")
    ask(page, "怎么申请法律援助？")
    assert len(page.evaluate("window.said")) == 2


def test_feedback_is_kept_also_on_no_answer(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, QUESTION)
    ask(page, "火星上的房子漏水找谁")
    page.get_by_role("button", name="有用", exact=True).first.click()
    last = page.locator(".turn").last
    last.get_by_role("button", name="没用").click()
    last.get_by_role("button", name="看不懂").click()
    expect(last.locator(".thanks")).to_have_text("谢谢，我们会看。")
    expect(last.locator(".reasons")).to_be_hidden()
    page.reload()
    expect(page.locator(".turn").first.get_by_role("button", name="有用", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.locator(".turn").last.get_by_role("button", name="没用")).to_have_attribute("aria-pressed", "true")


def test_suggestions_by_keyboard(open_page: OpenPage) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "suggestions" in request.url else None)
    box(page).press_sequentially("拖欠工资")
    first = page.locator(".suggestion").first
    expect(first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".suggestions")).to_be_hidden()
    box(page).press_sequentially("怎么")
    last = page.locator(".suggestion").last
    expect(last).to_be_visible()
    text = last.inner_text()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_have_count(1)
    expect(page.locator(".question")).to_contain_text(text)
    assert page.evaluate(FOCUSED) == "question"
    before = len(asked)
    box(page).press_sequentially("号码13812345678")
    page.wait_for_timeout(500)
    assert all("1381234" not in url for url in asked[before:])


def test_the_phone_keyboard_hides_neither_input_nor_answer(open_page: OpenPage) -> None:
    """A keyboard of 300 px that the browser does not tell the layout about: only visualViewport knows."""
    page = open_page(
        viewport=PHONE,
        script="""const view = new (class extends EventTarget {
            scale = 1; offsetTop = 0; get height() { return innerHeight - (window.keyboard ?? 0); } })();
        Object.defineProperty(window, "visualViewport", { value: view });""",
    )
    ask(page, QUESTION)
    page.evaluate("() => { window.keyboard = 300; visualViewport.dispatchEvent(new Event('resize')); }")
    found = box(page).bounding_box()
    assert found is not None
    assert found["y"] + found["height"] <= PHONE["height"] - 300
    # And the kind of browser that does shrink the layout.
    page.evaluate("() => { window.keyboard = 0; visualViewport.dispatchEvent(new Event('resize')); }")
    page.set_viewport_size({"width": 375, "height": 400})
    box(page).focus()
    expect(box(page)).to_be_in_viewport(ratio=1)
    picture(page, "widget-phone-keyboard")


@pytest.mark.parametrize(("wish", "moves"), [("reduce", "none"), ("no-preference", "breathe")])
def test_nothing_moves_for_who_does_not_want_it(open_page: OpenPage, wish: str, moves: str) -> None:
    page = open_page(reduced_motion=wish)
    page.route("**/turns", lambda route: None)  # never answered
    send(page, QUESTION)
    dot = page.locator(".dots i").first
    assert dot.evaluate("(node) => getComputedStyle(node).animationName") == moves


def test_high_contrast_of_the_system_shows_what_is_pressed(open_page: OpenPage) -> None:
    page = open_page(forced_colors="active")
    large = page.get_by_role("button", name="大字")
    large.click()
    assert large.evaluate("(node) => getComputedStyle(node).outlineStyle") == "solid"
    ask(page, QUESTION)
    assert axe(page) == []
    picture(page, "widget-forced-colors")


def refuse(status: int, route: Any) -> None:
    route.fulfill(status=status, body="{}")


def test_axe_finds_nothing_when_things_go_wrong_or_wait(open_page: OpenPage) -> None:
    """States that need a service in trouble, or a browser that listens."""
    page = open_page(script=VOICES.replace("setTimeout(() => {", "void (() => {"), viewport=PHONE)
    found: dict[str, list[str]] = {}
    page.get_by_role("button", name="语音输入").click()
    expect(page.get_by_role("button", name="说完了")).to_have_attribute("aria-pressed", "true")
    found["listening"] = axe(page)
    page.route("**/turns", lambda route: None)
    send(page, QUESTION)
    page.locator(".waiting").first.wait_for()
    send(page, QUESTION)
    found["waiting"] = axe(page)
    page.unroute_all(behavior="ignoreErrors")
    for status in (429, 500, 413):
        page.get_by_role("button", name="新对话").click()
        page.route("**/turns", partial(refuse, status))
        send(page, QUESTION)
        page.locator(".failure").wait_for()
        found[str(status)] = axe(page)
        page.unroute_all(behavior="ignoreErrors")
    page.get_by_role("button", name="新对话").click()
    ask(page, QUESTION)
    page.route("**/turns", lambda route: route.abort())
    page.reload()
    expect(page.locator(".notice")).to_contain_text("以前的对话没有取回来")
    found["history missing"] = axe(page)
    assert {state: faults for state, faults in found.items() if faults} == {}


def test_zoomed_to_400_percent(open_page: OpenPage) -> None:
    """A window of 1280 × 1024 zoomed four times is 320 × 256 CSS pixels."""
    page = open_page(viewport={"width": 320, "height": 256})
    ask(page, QUESTION)
    assert_no_sideways_scroll(page)
    page.locator("summary").first.click()
    expect(page.locator("blockquote").first).to_be_in_viewport()
