"""The desk in a real browser beside a resident's: a handover from the widget and back, without a mouse where it matters."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.helpers import DESKTOP, ROOT, WATCH, OpenPage, ask, box, picture, send
from tests.browser.test_access import axe

pytestmark = pytest.mark.browser
PASSWORD = "Anyang-12348-desk"


@pytest.fixture(scope="module")
def first_password(service_url: str, service_home: Path) -> str:
    """Of an operator made with the command, as an administrator does it first."""
    environment = {**os.environ, "YINFAWEN_DATA_DIR": str(service_home)}
    command = [sys.executable, "-m", "bot", "account"]
    add = [*command, "add", "wang", "--shown", "王", "--role", "operator", "--reason", "值班坐席"]
    done = subprocess.run(add, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    grant = [*command, "grant", "wang", "--role", "administrator", "--reason", "试点期间兼管"]
    subprocess.run(grant, cwd=ROOT, env=environment, check=True)
    return done.stdout.split()[-1]


@pytest.fixture
def desk(service_url: str, browser: Browser, contexts: list[BrowserContext], watch: Callable[[Page], Page]) -> Page:
    """A browser of its own at the desk's login."""
    context = browser.new_context(viewport=DESKTOP, locale="zh-CN", reduced_motion="reduce")
    context.add_init_script(WATCH)
    contexts.append(context)
    page = watch(context.new_page())
    page.goto(service_url + "/desk")
    return page


def log_in(page: Page, password: str) -> None:
    page.get_by_label("用户名").fill("wang")
    page.get_by_label("密码").fill(password)
    page.keyboard.press("Enter")


def test_handover_from_the_widget_and_back(open_page: OpenPage, desk: Page, first_password: str) -> None:
    log_in(desk, first_password)
    expect(desk.get_by_role("heading", name="改密码")).to_be_visible()
    desk.get_by_label("原密码").fill(first_password)
    desk.get_by_label("新密码（至少 10 个字符）").fill(PASSWORD)
    desk.get_by_label("再输一次新密码").fill(PASSWORD)
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", name="王，您好")).to_be_visible()
    desk.get_by_role("link", name="收件箱").first.click()
    expect(desk.get_by_text("等人接手")).to_be_visible()
    links = desk.get_by_role("link", name="看会话")
    before = set(links.evaluate_all("links => links.map(link => link.getAttribute('href'))"))

    resident = open_page()
    ask(resident, "老板拖欠工资怎么办")
    ask(resident, "转人工")
    expect(links).to_have_count(len(before) + 1)  # live, nobody reloaded
    (mine,) = set(links.evaluate_all("links => links.map(link => link.getAttribute('href'))")) - before
    row = desk.get_by_role("row").filter(has=desk.locator(f"a[href='{mine}']"))
    expect(row).to_contain_text("要找真人")
    expect(desk).to_have_title(re.compile(r"^（\d+）收件箱 · 殷法问$"))
    assert axe(desk) == []
    picture(desk, "desk-inbox")

    row.get_by_role("link", name="看会话").click()
    desk.get_by_role("button", name="接手").click()
    expect(resident.locator(".answer", has_text="工作人员来了")).to_be_visible()
    send(resident, "都三个月没发了")
    expect(desk.locator("#thread")).to_contain_text("都三个月没发了")
    expect(resident.locator(".answer").last).to_contain_text("收到，工作人员会在这里回复您")

    desk.get_by_role("button", name="看建议答复").click()
    desk.get_by_role("button", name="填进回复框").click()
    expect(desk.get_by_label("回复居民")).not_to_have_value("")
    assert axe(desk) == []
    desk.get_by_label("回复居民").fill("请带上劳动合同和工资条，去劳动监察大队。")
    desk.keyboard.press("Control+Enter")
    expect(resident.locator(".answer", has_text="请带上劳动合同和工资条")).to_be_visible()
    picture(desk, "desk-conversation", full=True)
    picture(resident, "desk-widget", full=True)
    assert axe(resident) == []

    send(resident, "有人在打我，救命")  # danger: the numbers, though staff own it
    expect(resident.locator(".answer.crisis")).to_be_visible()

    desk.get_by_role("button", name="交还机器人").click()
    expect(resident.locator(".answer", has_text="接下来由机器人回答您")).to_be_visible()
    ask(resident, "法律援助热线电话是多少")
    expect(resident.locator(".answer").last).to_contain_text("0372-5139017")
    resident.reload()
    box(resident).wait_for()
    expect(resident.locator(".answer", has_text="请带上劳动合同和工资条")).to_be_visible()


def test_pages_of_administrators_are_accessible(desk: Page, first_password: str) -> None:
    assert axe(desk) == []
    log_in(desk, PASSWORD)
    for name in ("账号", "操作记录", "回电", "来电记录", "会话", "值班和常用语"):
        desk.get_by_role("link", name=name, exact=True).first.click()
        expect(desk.get_by_role("heading", name=name, exact=True)).to_be_visible()
        assert axe(desk) == []
        picture(desk, f"desk-{name}")


def test_a_call_from_the_first_word_to_the_log_without_a_mouse(desk: Page, first_password: str) -> None:
    log_in(desk, PASSWORD)
    desk.get_by_role("link", name="来电", exact=True).first.click()
    expect(desk.get_by_label("来电人说什么")).to_be_focused()
    desk.keyboard.type("老板拖欠工资不给")
    expect(desk.get_by_role("heading", name="照着说")).to_be_visible()
    expect(desk.locator("#cards")).to_contain_text("12333")
    assert axe(desk) == []
    picture(desk, "desk-caller", full=True)
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.keyboard.press("F2")
    expect(desk.locator("#say")).to_have_text("步骤已经复制。")
    assert desk.evaluate("navigator.clipboard.readText()") == desk.locator("#steps").text_content()
    desk.keyboard.press("F4")
    expect(desk.get_by_label("事项")).to_be_focused()
    desk.get_by_label("事项").fill("欠薪")
    desk.keyboard.press("Tab")
    desk.keyboard.type("北街村")
    desk.keyboard.press("Tab")
    desk.keyboard.type("让他打12333")
    desk.keyboard.press("Control+Enter")
    expect(desk.get_by_text("记好了。")).to_be_visible()
    desk.get_by_role("link", name="来电记录", exact=True).first.click()
    expect(desk.get_by_role("cell", name="让他打12333")).to_be_visible()
