"""Nothing gets lost and nothing stays longer than wanted: offline, reload, restart, two tabs, late answers, erasing."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, Route, expect

from tests.browser.conftest import chromium
from tests.browser.helpers import (
    EVENTS,
    FLAGS,
    QUESTION,
    SAVED_CONVERSATION,
    TURNS,
    OpenPage,
    ask,
    box,
    conversation_of,
    picture,
    send,
    stored_turns,
)

pytestmark = pytest.mark.browser
OTHER = "怎么申请法律援助？"
WELCOME = "您好，请说说您遇到的事。"


def questions(page: Page) -> list[str]:
    return [text.replace("您问：", "").strip() for text in page.locator(".question").all_inner_texts()]


def test_offline_questions_go_out_in_their_order_once_the_network_is_back(
    open_page: OpenPage, service_url: str
) -> None:
    page = open_page()
    ask(page, QUESTION)
    page.context.set_offline(True)
    expect(page.locator(".notice")).to_contain_text("现在没有网络")
    expect(page.locator('.notice a[href="tel:110"]')).to_be_visible()
    send(page, OTHER)
    send(page, "怎么找村里的法律顾问？")
    expect(page.locator(".failure")).to_contain_text("连上以后会自动再送")
    picture(page, "widget-offline")

    page.context.set_offline(False)
    expect(page.locator(".answer")).to_have_count(3)
    expect(page.locator(".notice")).to_be_hidden()
    expected = [QUESTION, OTHER, "怎么找村里的法律顾问？"]
    assert questions(page) == expected
    assert [turn["text"] for turn in stored_turns(page, service_url)] == expected


def test_questions_of_an_offline_page_survive_its_reload(open_page: OpenPage, service_url: str) -> None:
    page = open_page()
    ask(page, QUESTION)
    page.route(TURNS, lambda route: route.abort())
    send(page, OTHER)
    page.locator(".failure").wait_for()
    page.reload()
    expect(page.locator(".notice")).to_contain_text("以前的对话没有取回来")
    page.unroute(TURNS)
    page.get_by_role("button", name="再试一次").click()
    expect(page.locator(".answer")).to_have_count(2)
    assert questions(page) == [QUESTION, OTHER]
    assert len(stored_turns(page, service_url)) == 2


def test_history_survives_a_restart_of_the_browser(service_url: str, playwright: Playwright, tmp_path: Path) -> None:
    for visit in range(2):
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=chromium(), headless=True, args=FLAGS, locale="zh-CN"
        )
        page = context.new_page()
        page.goto(service_url)
        if visit == 0:
            ask(page, QUESTION)
        expect(page.locator(".answer")).to_have_count(1)
        assert questions(page) == [QUESTION]
        context.close()


def test_two_tabs_show_one_conversation(open_page: OpenPage, service_url: str) -> None:
    first = open_page()
    second = open_page(context=first.context)
    for page in (first, second):
        box(page).wait_for()
    ask(first, QUESTION)
    expect(second.locator(".answer")).to_have_count(1)
    ask(second, OTHER)
    expect(first.locator(".answer")).to_have_count(2)
    assert questions(first) == questions(second) == [QUESTION, OTHER]
    assert len(stored_turns(first, service_url)) == 2

    second.get_by_role("button", name="新对话").click()
    expect(first.get_by_text(WELCOME)).to_be_visible()
    assert first.locator(".turn").count() == 0


@pytest.mark.parametrize("ending", ["新对话", "删除我的对话"])
def test_an_answer_of_a_talk_that_was_ended_meanwhile_is_not_shown(
    open_page: OpenPage, service_url: str, ending: str
) -> None:
    page = open_page()
    ask(page, QUESTION)
    before = conversation_of(page)
    held: list[Route] = []
    page.route(TURNS, lambda route: held.append(route))
    send(page, OTHER)
    page.locator(".waiting").wait_for()
    if ending == "新对话":
        page.get_by_role("button", name=ending).click()
    else:
        page.get_by_role("button", name="更多").click()
        page.get_by_role("button", name=ending).click()
        page.get_by_role("button", name="删除", exact=True).click()
    expect(page.get_by_text(WELCOME)).to_be_visible()
    (late,) = held
    late.continue_()
    page.unroute(TURNS)
    ask(page, "邻里有矛盾，找谁调解？")
    page.wait_for_timeout(500)
    assert questions(page) == ["邻里有矛盾，找谁调解？"]
    assert conversation_of(page)["conversation_id"] != before["conversation_id"]
    assert [turn["text"] for turn in stored_turns(page, service_url)] == ["邻里有矛盾，找谁调解？"]


def test_two_tabs_that_begin_at_once_share_the_conversation(open_page: OpenPage, service_url: str) -> None:
    first = open_page()
    second = open_page(context=first.context)
    for page, text in ((first, QUESTION), (second, OTHER)):
        box(page).fill(text)
    for page in (first, second):
        page.evaluate("() => document.querySelector('yin-fawen').shadowRoot.querySelector('form').requestSubmit()")
    for page in (first, second):
        expect(page.locator(".answer")).to_have_count(2)
    assert sorted(turn["text"] for turn in stored_turns(first, service_url)) == sorted([QUESTION, OTHER])


def test_an_answer_that_comes_late_is_shown_and_announced_once(open_page: OpenPage) -> None:
    """Its request was cut; by the time the answer is there, nobody waits for it but the event stream."""
    page = open_page()
    ask(page, QUESTION)
    page.evaluate("""() => {
        window.announced = [];
        const node = document.querySelector("yin-fawen").shadowRoot.querySelector(".announcer");
        new MutationObserver(() => node.textContent && window.announced.push(node.textContent))
            .observe(node, { childList: true, characterData: true, subtree: true });
    }""")

    def answer_late(route: Route) -> None:
        request = route.request
        # The service gets it from elsewhere, as if the browser's connection had died behind the request.
        page.request.post(request.url, headers=request.headers, data=request.post_data)
        route.abort()

    page.route(TURNS, answer_late)
    ask(page, OTHER)
    page.wait_for_timeout(300)
    announced = page.evaluate("window.announced")
    assert len(announced) == 1
    assert announced[0].startswith("答复：")


def test_a_stream_that_breaks_again_and_again_misses_and_doubles_nothing(open_page: OpenPage, service_url: str) -> None:
    """Each connection is cut within an event, until the network gets better; meanwhile answers came up elsewhere."""
    page = open_page()
    connections: list[str] = []
    good = False

    def cut(route: Route) -> None:
        connections.append(route.request.headers.get("last-event-id", ""))
        if good:
            route.continue_()
        else:
            route.fulfill(
                content_type="text/event-stream", body='retry: 3000\n\n: \n\nid: 9\nevent: turn\ndata: {"id": "9"'
            )

    page.route(EVENTS, cut)
    ask(page, QUESTION)
    conversation = conversation_of(page)
    for number in range(3):
        sent = page.request.post(
            f"{service_url}/api/v1/conversations/{conversation['conversation_id']}/turns",
            headers={"Authorization": f"Bearer {conversation['token']}"},
            data={"text": OTHER, "client_turn_id": f"elsewhere-{number}"},
        )
        assert sent.status == 200
    while len(connections) < 3:
        page.wait_for_timeout(100)
    assert page.locator(".answer").count() == 1
    assert set(connections) == {""}, "half an event does not count as heard"
    good = True
    expect(page.locator(".answer")).to_have_count(4)
    page.wait_for_timeout(300)
    assert questions(page) == [QUESTION, OTHER, OTHER, OTHER]


def test_without_a_stream_the_widget_polls(open_page: OpenPage) -> None:
    """Something on the way answers for the stream; the long poll still brings the other tab's answer."""
    first = open_page()
    asked: list[str] = []

    def no_stream(route: Route) -> None:
        accept = route.request.headers["accept"]
        asked.append(accept)
        if "event-stream" in accept:
            route.fulfill(status=200, content_type="text/html", body="<html>proxy</html>")
        else:
            route.continue_()

    first.route(EVENTS, no_stream)
    ask(first, QUESTION)
    second = open_page(context=first.context)
    expect(second.locator(".answer")).to_have_count(1)
    ask(second, OTHER)
    expect(first.locator(".answer")).to_have_count(2)
    assert "application/json" in asked


def test_erasing_leaves_nothing(open_page: OpenPage, service_url: str) -> None:
    page = open_page()
    other_tab = open_page(context=page.context)
    ask(page, QUESTION)
    expect(other_tab.locator(".answer")).to_have_count(1)
    conversation = conversation_of(page)
    page.get_by_role("button", name="更多").click()
    page.get_by_role("button", name="删除我的对话").click()
    page.get_by_role("button", name="不删").click()
    assert len(stored_turns(page, service_url)) == 1

    page.get_by_role("button", name="更多").click()
    page.get_by_role("button", name="删除我的对话").click()
    picture(page, "widget-erase")
    page.get_by_role("button", name="删除", exact=True).click()
    for tab in (page, other_tab):
        expect(tab.get_by_text(WELCOME)).to_be_visible()
    assert page.evaluate(SAVED_CONVERSATION) is None
    gone = page.request.get(
        f"{service_url}/api/v1/conversations/{conversation['conversation_id']}/turns",
        headers={"Authorization": f"Bearer {conversation['token']}"},
    )
    assert gone.status == 404
    ask(page, OTHER)


def test_two_hundred_turns(open_page: OpenPage, service_url: str) -> None:
    page = open_page()
    ask(page, QUESTION)
    conversation = conversation_of(page)
    url = f"{service_url}/api/v1/conversations/{conversation['conversation_id']}/turns"
    for number in range(1, 200):
        sent = page.request.post(
            url,
            headers={"Authorization": f"Bearer {conversation['token']}"},
            data={"text": QUESTION, "client_turn_id": f"t{number}"},
        )
        assert sent.status == 200
    started = time.monotonic()
    page.reload()
    expect(page.locator(".turn")).to_have_count(200)
    expect(page.locator(".turn").last).to_be_in_viewport()
    print(f"200 turns shown after {time.monotonic() - started:.1f} s")
    assert page.locator(".follow-ups:not(.welcome *)").count() <= 1
    ask(page, OTHER)
    expect(page.locator(".turn").last).to_be_in_viewport()


NASTY = (
    '"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script><a href="javascript:window.hacked=1">x</a>'
)


def poisoned(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer in which every field that the service fills holds an attack."""
    citation = {
        "document": NASTY,
        "section": NASTY,
        "issuer": NASTY,
        "date": NASTY,
        "quote": NASTY,
        "verbatim": True,
        "note": NASTY,
        "passage_id": "../../" + NASTY,
    }
    door = {
        "kind": NASTY,
        "name": NASTY,
        "number": NASTY,
        "link": "javascript:window.hacked=1",
        "why": NASTY,
        "basis": NASTY,
    }
    return answer | {
        "status": f"answered {NASTY}",
        "reason": NASTY,
        "text": NASTY * 20,
        "citations": [citation],
        "routes": [
            door,
            door | {"link": "data:text/html,<script>1</script>"},
            door | {"link": f"https://example.org/{NASTY}"},
        ],
        "follow_ups": [NASTY],
        "matter": NASTY,
    }


def test_attacks_in_every_field_stay_text(open_page: OpenPage) -> None:
    page = open_page()

    def poison(route: Route) -> None:
        reply = route.fetch()
        body = reply.json()
        if "answer" in body:
            body["answer"] = poisoned(body["answer"])
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body))

    page.route(EVENTS, lambda route: route.abort())
    page.route(TURNS, poison)
    page.route(
        re.compile("/api/v1/suggestions"),
        lambda route: route.fulfill(json={"suggestions": [NASTY]}),
    )
    box(page).press_sequentially("法律")
    page.locator(".suggestion").wait_for()
    ask(page, NASTY)
    page.locator("summary").click()
    assert page.locator("img").count() == 0
    assert page.locator(".turn script").count() == 0
    links = page.locator(".answer a").evaluate_all("(nodes) => nodes.map((node) => node.getAttribute('href'))")
    assert links
    assert all(link.startswith("http") for link in links)
    assert all(" " not in link and "<" not in link for link in links)
    page.evaluate("() => { window.print = () => {}; }")
    page.get_by_role("button", name="打印").click()
    page.get_by_role("button", name="复制").click()
    assert page.evaluate("() => window.hacked === undefined")
