"""Statistics, dates and the package of everything, in a real browser: what docs/handbook tells staff to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import insert

from bot.conversations.store import connect
from bot.conversations.tables import conversations, feedback, turns
from bot.desk.tables import calls
from knowledge.validity import today
from tests.browser.helpers import picture
from tests.browser.staff import ADMINISTRATOR, EDITOR, REVIEWER, Desk, Enter, desk_service, entering
from tests.browser.test_access import axe

pytestmark = [pytest.mark.browser, pytest.mark.model]


@pytest.fixture(scope="module")
def desk(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A service with a month of conversations."""
    with desk_service(
        tmp_path_factory.mktemp("upkeep"), data_dir / "releases", (EDITOR, REVIEWER, ADMINISTRATOR), a_month
    ) as started:
        yield started


def a_month(database: str) -> None:
    """Conversations and calls of the last 30 days, more by day than by night. They are examples, not the district's."""
    matters = ("拖欠工资", "离婚", "法律援助", "邻里纠纷", "交通事故")
    outcomes = ("answered",) * 8 + ("clarify", "unanswerable", "handover")
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with connect(database).begin() as connection:
        for number in range(300):
            at = now - timedelta(hours=number * 2.3 + 1, minutes=number % 50)
            if 16 <= at.hour <= 22 and number % 4:  # midnight to seven in Anyang
                continue
            status = outcomes[number % len(outcomes)]
            row = {"id": f"c{number}", "channel": ("web", "wechat", "web")[number % 3], "token_hash": ""}
            connection.execute(insert(conversations).values(row | {"created_at": at, "last_turn_at": at}))
            turn = {
                "id": f"t{number}",
                "conversation_id": f"c{number}",
                "number": 1,
                "client_turn_id": "1",
                "masked": [],
            }
            turn |= {"text": "问", "created_at": at, "answered_at": at + timedelta(seconds=0.05 + number % 7 / 20)}
            matter = matters[number * number % 5] if status == "answered" else None
            turn |= {"status": status, "reason": "answered", "engine": "rasa", "matter": matter}
            connection.execute(insert(turns).values(turn))
            if number % 5 == 0:
                verdict = "bad" if number % 20 == 0 else "good"
                connection.execute(
                    insert(feedback).values(turn_id=f"t{number}", verdict=verdict, reason="", given_at=at)
                )
            if number % 9 == 0:
                village = ("水冶镇", "曲沟镇", "铜冶镇", "西郊乡", "")[number // 9 % 5]
                call = {"id": f"k{number}", "at": at, "account": "zuoxi", "caller": "", "question": "问"}
                connection.execute(
                    insert(calls).values(**call, matter=matters[number % 5], village=village, outcome="答")
                )


@pytest.fixture
def enter(desk: Desk, browser: Browser, contexts: list[BrowserContext], watch: Callable[[Page], Page]) -> Enter:
    return entering(desk, browser, contexts, watch, height=900)


def menu(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("navigation").get_by_role("link", name=name).click()


def test_an_administrator_reads_the_figures_and_takes_the_report(enter: Enter, tmp_path: Path) -> None:
    page = enter("guanli")
    menu(page, "统计")
    expect(page.get_by_role("heading", name="统计：最近 30 天")).to_be_visible()
    assert axe(page) == []
    picture(page, "desk-statistics")
    picture(page, "desk-statistics-full", full=True)
    chart = page.get_by_role("img", name="每天")
    expect(chart).to_be_visible()
    bars = chart.locator("rect").count()
    assert 20 <= bars <= 30
    filled = chart.locator("rect").first.evaluate("bar => getComputedStyle(bar).fill")
    assert filled not in ("rgb(0, 0, 0)", "none")
    page.get_by_label("看哪段时间").select_option("7")
    page.get_by_role("button", name="看", exact=True).click()
    expect(page.get_by_role("heading", name="统计：最近 7 天")).to_be_visible()
    for button, suffix in (("下载报告 docx", ".docx"), ("下载表格 xlsx", ".xlsx")):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=button).click()
        assert waiting.value.suggested_filename == f"yinfawen-7{suffix}"
        waiting.value.save_as(tmp_path / f"report{suffix}")
        assert (tmp_path / f"report{suffix}").read_bytes()[:2] == b"PK"
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert axe(page) == []
    picture(page, "desk-statistics-phone")


def test_a_guide_that_ran_out_is_told_of_and_no_longer_answered(enter: Enter) -> None:
    editor, reviewer = enter("bianji"), enter("shenhe")
    menu(editor, "到期和核对")
    expect(editor.get_by_text("没有到期的")).to_be_visible()
    assert axe(editor) == []
    editor.goto("/desk/knowledge/dates/guide/legal-aid")
    editor.get_by_label("用到哪天").fill(str(today() - timedelta(days=1)))
    assert axe(editor) == []
    picture(editor, "desk-dates")
    editor.get_by_role("button", name="交给别人审核").click()
    expect(editor.get_by_text("待审核")).to_be_visible()
    reviewer.goto(editor.url)
    reviewer.get_by_role("button", name="通过").click()
    editor.goto("/desk/knowledge/dates/channel/12345")
    editor.get_by_label("最近核对日期").fill(str(today() - timedelta(days=400)))
    editor.get_by_role("button", name="交给别人审核").click()
    reviewer.goto(editor.url)
    reviewer.get_by_role("button", name="通过").click()
    reviewer.goto("/desk/knowledge")
    reviewer.get_by_role("button", name="检查通过审核的条目").click()
    expect(reviewer.get_by_text("已检查，待发布")).to_be_visible(timeout=300_000)
    worse = reviewer.get_by_text("变差").count()
    picture(reviewer, "desk-dates-build")
    publisher = enter("guanli") if worse else reviewer
    publisher.goto(reviewer.url)
    reason = publisher.locator("[name=reason]")
    if reason.count():
        reason.fill("这条指引到期了，等新规定")
    publisher.get_by_role("button", name=re.compile("发布")).first.click()
    expect(publisher.get_by_text("已发布").first).to_be_visible()
    menu(editor, re.compile("到期和核对"))
    expect(editor.get_by_role("navigation").get_by_role("link", name="到期和核对（2）")).to_be_visible()
    expect(editor.get_by_text("过期了，已经不用")).to_be_visible()
    assert axe(editor) == []
    picture(editor, "desk-reminders")
    editor.get_by_role("button", name="今天核对过").click()
    expect(editor.get_by_role("link", name="正在改，去看")).to_be_visible()
    expect(editor.get_by_role("button", name="今天核对过")).to_have_count(0)
    assert axe(editor) == []
    editor.get_by_role("link", name="正在改，去看").click()
    expect(editor.get_by_text("待审核")).to_be_visible()
    expect(editor.locator("ins").first).to_contain_text(str(today()))
    resident = enter("")
    resident.goto("/")
    resident.get_by_label("您想问什么？").fill("怎么申请法律援助")
    resident.keyboard.press("Enter")
    expect(resident.locator(".answer").last).to_contain_text("过期了")


def test_everything_goes_out_as_one_zip_and_comes_in(enter: Enter, tmp_path: Path) -> None:
    page = enter("guanli")
    menu(page, "打包")
    expect(page.get_by_role("heading", name="打包带走，装入包")).to_be_visible()
    assert axe(page) == []
    with page.expect_download() as waiting:
        page.get_by_role("button", name="打包下载").click()
    waiting.value.save_as(tmp_path / "all.zip")
    assert re.fullmatch(r"yinfawen-\d{4}-\d\d-\d\d\.zip", waiting.value.suggested_filename)
    page.get_by_label("包", exact=True).set_input_files(tmp_path / "all.zip")
    # Looked at without leaving the page, so the file stays chosen.
    page.get_by_role("button", name="看看里面有什么").click()
    expect(page.get_by_text("看过了，还没有装")).to_be_visible()
    assert axe(page) == []
    picture(page, "desk-package", full=True)
    page.get_by_role("button", name="装入", exact=True).click()
    expect(page.get_by_text("装好了：0 个条目版本")).to_be_visible()
    assert axe(page) == []
    (tmp_path / "bad.zip").write_bytes((tmp_path / "all.zip").read_bytes()[:300])
    page.get_by_label("包", exact=True).set_input_files(tmp_path / "bad.zip")
    page.get_by_role("button", name="看看里面有什么").click()
    expect(page.get_by_role("alert")).to_contain_text("已经损坏")
    assert axe(page) == []


def test_pages_of_new_withdrawn_and_refused_entries_are_for_everybody(enter: Enter) -> None:
    page = enter("bianji")
    page.goto("/desk/knowledge/new/guide")
    assert axe(page) == []
    page.get_by_label("编号（小写字母、数字、短横，比如").fill("new-matter")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_role("alert")).to_contain_text("还没有保存")
    assert axe(page) == []
    page.goto("/desk/knowledge/entries/channel/12348")
    page.get_by_label("为什么撤下").fill("试一试")
    page.get_by_role("button", name="写成撤下的草稿").click()
    expect(page.get_by_role("alert")).to_contain_text("这些还指着渠道卡“12348”")
    assert len(page.get_by_role("alert").inner_text()) < 2500
    assert axe(page) == []
    page.goto("/desk/nowhere")
    expect(page.get_by_role("heading", name="没有这个页面")).to_be_visible()
    assert axe(page) == []


def test_questions_go_out_as_a_sheet_and_come_in_as_drafts(enter: Enter, tmp_path: Path) -> None:
    page = enter("bianji")
    menu(page, "知识")
    page.get_by_role("link", name="问答表（xlsx、csv）").click()
    assert axe(page) == []
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载 csv").click()
    waiting.value.save_as(tmp_path / "questions.csv")
    sheet = (tmp_path / "questions.csv").read_bytes()
    more = "guide:divorce/{},,,公家律师咋请法,\r\nguide:nothing/x,,,问一句,\r\n"
    section = re.search(rb"guide:divorce/([a-z-]+)", sheet)
    assert section is not None
    (tmp_path / "more.csv").write_bytes(sheet + more.format(section[1].decode()).encode())
    page.get_by_label("问答表", exact=True).set_input_files(tmp_path / "more.csv")
    page.get_by_role("button", name="检查并存成草稿").click()
    expect(page.get_by_text("新的问法 1 句")).to_be_visible()
    expect(page.get_by_text("没有编号“guide:nothing/x”")).to_be_visible()
    assert axe(page) == []
    picture(page, "desk-questions")
    page.get_by_role("link", name="guide:divorce").click()
    expect(page.locator("ins").first).to_contain_text("公家律师咋请法")
