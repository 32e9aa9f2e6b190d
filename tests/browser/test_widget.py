"""The page and its widget in a real browser, against the real service (fixture ``service_url``)."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, BrowserContext, Request, Route, ViewportSize, expect

from tests.browser.helpers import (
    DESKTOP,
    FOCUSED,
    LEGAL_AID,
    NARROW,
    PHONE,
    QUESTION,
    SAVED_CONVERSATION,
    TURNS,
    UUID,
    OpenPage,
    ask,
    assert_no_sideways_scroll,
    client_turn_id,
    height_of,
    picture,
    send,
    stored_turns,
)

pytestmark = pytest.mark.browser


def test_page_is_served_under_a_strict_policy(open_page: OpenPage) -> None:
    """Without the header the check for violations in ``open_page`` would prove nothing."""
    reply = open_page().reload()
    assert reply is not None
    policy = reply.headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "require-trusted-types-for 'script'"):
        assert rule in policy


@pytest.mark.parametrize(("name", "viewport"), [("phone", PHONE), ("desktop", DESKTOP)])
def test_answer_dials_and_shows_its_source(open_page: OpenPage, name: str, viewport: ViewportSize) -> None:
    page = open_page(viewport=viewport)
    ask(page, QUESTION)

    answer = page.locator(".answer")
    expect(answer.locator(f".text {LEGAL_AID}").first).to_be_visible()
    button = answer.locator(f".routes {LEGAL_AID}").first
    expect(button).to_contain_text("0372-5139017")
    assert height_of(button) >= 44

    source = answer.locator("details", has_text="殷都区2021年度法治政府建设工作报告").first
    quote = source.locator("blockquote")
    expect(quote).to_be_hidden()
    source.locator("summary").click()
    expect(quote).to_contain_text("0372-5139017法律援助热线")
    expect(source).to_contain_text("2022-02-23")
    expect(source).to_contain_text("依法有效化解社会矛盾纠纷")
    expect(source).to_contain_text("原文")

    assert_no_sideways_scroll(page)
    picture(page, f"widget-{name}")


def test_history_survives_reload_and_new_conversation_clears_it(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, QUESTION)
    text = page.locator(".answer .text").inner_text()

    page.reload()
    expect(page.locator(".question")).to_contain_text(QUESTION)
    assert page.locator(".answer .text").inner_text() == text

    page.get_by_role("button", name="新对话").click()
    expect(page.locator(".turn")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("您好，请说说您遇到的事。")).to_be_visible()
    assert page.evaluate(SAVED_CONVERSATION) is None
    expect(page.locator(".turn")).to_have_count(0)


def test_keyboard_only(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_label("您想问什么？").wait_for()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == "question":
            break
    assert page.evaluate(FOCUSED) == "question"
    box = page.get_by_label("您想问什么？")
    assert box.evaluate("(node) => getComputedStyle(node).outlineStyle") == "solid"

    page.keyboard.type("法律援助热线")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("电话是多少？")
    assert box.input_value() == "法律援助热线\n电话是多少？"
    page.keyboard.press("Enter")
    page.locator(".answer").wait_for()
    assert page.evaluate(FOCUSED) == "question"
    assert box.input_value() == ""

    summary = page.locator("summary").first
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if summary.evaluate("(node) => node === node.getRootNode().activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("details[open] blockquote")).to_be_visible()


def test_enter_belongs_to_the_input_method_while_it_composes(open_page: OpenPage) -> None:
    page = open_page()
    box = page.get_by_label("您想问什么？")
    box.fill("falvyuanzhu")
    press = (
        "(node, init) => node.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', cancelable: true, ...init}))"
    )
    assert box.evaluate(press, {"isComposing": True})
    assert box.evaluate(press, {"keyCode": 229})
    assert page.locator(".turn").count() == 0
    assert not box.evaluate(press, {"keyCode": 13})  # the same key, no composition: taken by the widget
    expect(page.locator(".turn")).to_have_count(1)


def test_narrow_screen_has_no_sideways_scroll(open_page: OpenPage) -> None:
    page = open_page(viewport=NARROW)
    page.get_by_label("您想问什么？").wait_for()
    assert_no_sideways_scroll(page)
    ask(page, QUESTION)
    for summary in page.locator("summary").all():
        summary.click()
    ask(page, "a" * 300)
    assert_no_sideways_scroll(page)


def test_markup_typed_by_a_resident_is_text(open_page: OpenPage) -> None:
    page = open_page()
    text = '<img src=x onerror="window.hacked = 1"><b>法律援助</b>热线电话是多少？'
    ask(page, text)
    page.reload()
    expect(page.locator(".question")).to_contain_text(text)
    assert page.locator("img").count() == 0
    assert page.locator(".turn b").count() == 0
    assert page.evaluate("() => window.hacked === undefined")


def test_retry_after_a_network_failure_stores_one_turn(open_page: OpenPage, service_url: str) -> None:
    """Trying again uses the same id, so it does not ask twice."""
    page = open_page()
    ids: list[str] = []

    def fail_once(route: Route) -> None:
        ids.append(client_turn_id(route.request))
        if len(ids) > 1:
            route.continue_()
        else:
            route.abort()

    page.route(TURNS, fail_once)
    send(page, QUESTION)
    retry = page.get_by_role("button", name="重试")
    retry.wait_for()
    expect(page.locator(".question")).to_contain_text(QUESTION)

    retry.click()
    expect(page.locator(".answer")).to_have_count(1)
    assert page.evaluate(FOCUSED) == "question"
    assert len(ids) == 2
    assert ids[0] == ids[1]
    assert [turn["client_turn_id"] for turn in stored_turns(page, service_url)] == ids[:1]


def test_a_lost_reply_comes_as_an_event(open_page: OpenPage, service_url: str) -> None:
    """The question got through, only the answer's way back broke."""
    page = open_page()
    ask(page, QUESTION)

    def lose_the_reply(route: Route) -> None:
        assert route.fetch().status == 200
        route.abort()

    page.route(TURNS, lose_the_reply)
    ask(page, "怎么申请法律援助？")
    assert page.locator(".failure").count() == 0
    assert [turn["text"] for turn in stored_turns(page, service_url)] == [QUESTION, "怎么申请法律援助？"]


def test_unsent_question_survives_reload(open_page: OpenPage, service_url: str) -> None:
    page = open_page()
    page.route(TURNS, lambda route: route.abort())
    page.get_by_label("您想问什么？").fill(QUESTION)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="重试").wait_for()

    page.unroute(TURNS)
    page.reload()
    expect(page.locator(".answer")).to_have_count(1)
    assert len(stored_turns(page, service_url)) == 1


def test_unknown_conversation_is_replaced_silently(open_page: OpenPage, service_url: str) -> None:
    page = open_page()
    ask(page, QUESTION)
    page.evaluate(
        "([key, value]) => localStorage.setItem(key, JSON.stringify({...JSON.parse(value), token: 'wrong'}))",
        page.evaluate(SAVED_CONVERSATION),
    )
    page.reload()
    expect(page.get_by_text("您好，请说说您遇到的事。")).to_be_visible()
    ask(page, "怎么申请法律援助？")
    assert page.locator(".failure").count() == 0
    assert [turn["text"] for turn in stored_turns(page, service_url)] == ["怎么申请法律援助？"]


def test_conversation_that_ends_while_the_page_is_open(open_page: OpenPage, service_url: str) -> None:
    """The question that met the refusal is asked again in a new conversation by itself."""
    page = open_page()
    ask(page, QUESTION)
    statuses = iter([401])

    def refuse_once(route: Route) -> None:
        status = next(statuses, None)
        if status is None:
            route.continue_()
        else:
            route.fulfill(status=status, content_type="application/problem+json", body='{"status": 401}')

    page.route(TURNS, refuse_once)
    ask(page, "怎么申请法律援助？")
    assert page.locator(".failure").count() == 0
    assert [turn["text"] for turn in stored_turns(page, service_url)] == ["怎么申请法律援助？"]


def test_refusals_are_told_plainly(open_page: OpenPage) -> None:
    """Too fast: tried again after the time the service asks for. Too long: the text comes back for editing."""
    page = open_page()
    problems = iter([(429, {"Retry-After": "1"}, ""), (413, {}, "这句话太长了，请写短一点。")])

    def refuse(route: Route) -> None:
        status, headers, detail = next(problems)
        body = json.dumps({"status": status, "detail": detail})
        route.fulfill(status=status, headers=headers, content_type="application/problem+json", body=body)

    page.route(TURNS, refuse)
    box = page.get_by_label("您想问什么？")
    box.fill(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator(".failure")).to_contain_text("过 1 秒会自动再送")
    expect(page.locator(".failure")).to_have_text("这句话太长了，请写短一点。")
    assert box.input_value() == QUESTION


def test_danger_puts_the_emergency_number_first(open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE, color_scheme="dark")
    ask(page, "我老公正在打我，救命")
    first = page.locator(".answer.crisis a").first
    expect(first).to_have_attribute("href", "tel:110")
    expect(first).to_be_in_viewport()
    assert height_of(first) >= 60
    picture(page, "widget-crisis-dark")


def test_quick_reply_asks_its_text(open_page: OpenPage) -> None:
    page = open_page()
    choice = page.locator(".welcome .choice").first
    text = choice.inner_text()
    choice.click()
    page.locator(".answer").wait_for()
    expect(page.locator(".question")).to_contain_text(text)
    assert page.evaluate(FOCUSED) == "question"


def test_browser_without_random_uuid_or_storage(open_page: OpenPage) -> None:
    """A page opened as http://10.0.0.5 has no crypto.randomUUID; strict privacy settings block storage."""
    page = open_page(
        script="""delete Crypto.prototype.randomUUID;
        for (const name of ["localStorage", "sessionStorage"])
          Object.defineProperty(window, name, { get() { throw new DOMException("blocked", "SecurityError"); } });"""
    )
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and TURNS.search(request.url):
            sent.append(client_turn_id(request))

    page.on("request", note)
    ask(page, QUESTION)
    ask(page, "怎么申请法律援助？")
    assert len(set(sent)) == 2
    assert all(UUID.fullmatch(client_turn_id) for client_turn_id in sent)


def test_page_without_javascript_gives_the_numbers_and_answers(
    service_url: str, browser: Browser, contexts: list[BrowserContext]
) -> None:
    context = browser.new_context(viewport=NARROW, java_script_enabled=False)
    contexts.append(context)
    page = context.new_page()
    page.goto(service_url)
    for number in ("110", "120", "119", "12348", "03725139017"):
        expect(page.locator(f'a[href="tel:{number}"]')).to_be_visible()

    page.get_by_label("您想问什么？").fill("<b>工钱</b>要不回来咋办")
    page.get_by_role("button", name="发送").click()
    expect(page.locator(".asked")).to_contain_text("<b>工钱</b>要不回来咋办")
    expect(page.locator(f".doors {LEGAL_AID}")).to_be_visible()
    expect(page.locator("blockquote").first).to_be_visible()
    picture(page, "plain-answer", full=True)
    page.locator(".choices button").first.click()
    expect(page.locator(".reply .text")).to_be_visible()
    page.get_by_label("接着问").fill("我老公正在打我，救命")
    page.get_by_role("button", name="发送").click()
    expect(page.locator(".reply.crisis a").first).to_have_attribute("href", "tel:110")
