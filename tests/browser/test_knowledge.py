"""What docs/handbook/knowledge.md tells an administrator to do, done in real browsers by two people and a resident."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from openpyxl import Workbook
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.helpers import picture
from tests.browser.staff import EDITOR, REVIEWER, Desk, Enter, desk_service, entering
from tests.browser.test_access import axe

pytestmark = [pytest.mark.browser, pytest.mark.model]
QUESTION = "怎么申请法律援助"
NEW = "先打 0372-5139017 或 12348，把您的事从头说一遍，问能不能援助、交什么材料。"


@pytest.fixture(scope="module")
def desk(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A service of its own: knowledge is changed here."""
    with desk_service(tmp_path_factory.mktemp("desk"), data_dir / "releases", (EDITOR, REVIEWER)) as started:
        yield started


@pytest.fixture
def enter(desk: Desk, browser: Browser, contexts: list[BrowserContext], watch: Callable[[Page], Page]) -> Enter:
    return entering(desk, browser, contexts, watch)


def workbook(path: Path, rows: list[list[str]]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(path)
    return path


def upload(page: Page, kind: str, path: Path, title: str, issuer: str) -> None:
    """Uploads a sheet and hands its draft in for review."""
    page.get_by_role("navigation").get_by_role("link", name="知识").click()
    page.get_by_role("link", name="上传名册、清单、法律").click()
    page.locator("select[name=kind]").select_option(kind)
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_label("标题（照公布的写").fill(title)
    page.get_by_label("公布单位（").fill(issuer)
    page.get_by_label("公布日期（").fill("2026-11-01")
    assert axe(page) == []
    picture(page, f"desk-upload-{kind}")
    page.get_by_role("button", name="上传并检查").click()


def hand_in(page: Page) -> None:
    page.get_by_role("button", name="交给别人审核").click()
    expect(page.get_by_text("待审核")).to_be_visible()


def answer(page: Page) -> str:
    """What a resident gets who was never here before."""
    page.goto("/")
    page.get_by_label("您想问什么？").fill(QUESTION)
    page.keyboard.press("Enter")
    said = page.locator(".answer").last
    expect(said).to_contain_text("0372-5139017")
    return said.inner_text()


def test_two_people_change_the_knowledge_and_a_resident_sees_it(enter: Enter, tmp_path: Path) -> None:
    editor, reviewer = enter("bianji"), enter("shenhe")

    advisors = workbook(
        tmp_path / "advisors.xlsx",
        [
            ["村（社区）", "姓名", "单位", "电话"],
            ["大司空村", "张三", "某律师事务所", "13900000001"],
            ["没有的村", "李四", "", ""],
        ],
    )
    upload(editor, "advisors", advisors, "村（居）法律顾问名册", "区司法局")
    expect(editor.get_by_role("heading", name="收到了：1 行")).to_be_visible()
    expect(editor.get_by_role("heading", name="没有收的行（1）")).to_be_visible()
    assert axe(editor) == []
    picture(editor, "desk-uploaded")
    editor.get_by_role("link", name="去看草稿").click()
    hand_in(editor)

    head = ["序号", "证明名称", "证明用途", "设定依据", "索要单位", "开具单位"]
    items = [[str(n), f"第{n}种证明", f"办第{n}件事", "某条例第一条", "某局", "某村委会"] for n in range(1, 80)]
    upload(editor, "proofs", workbook(tmp_path / "proofs.xlsx", [head, *items]), "保留的证明事项清单", "区司法局")
    expect(editor.get_by_role("heading", name="收到了：79 行")).to_be_visible()
    editor.get_by_role("link", name="去看草稿").click()
    hand_in(editor)

    editor.goto("/desk/knowledge/entries/guide?q=法律援助")
    assert axe(editor) == []
    editor.get_by_role("link", name="请不起律师，怎么申请法律援助").click()
    sentence = editor.locator("textarea[name='section.0.0.text']")
    sentence.fill(NEW)
    assert axe(editor) == []
    sentence.scroll_into_view_if_needed()
    picture(editor, "desk-form")
    editor.get_by_role("button", name="保存草稿").click()
    expect(editor.locator("ins").first).to_contain_text(NEW)
    hand_in(editor)
    assert axe(editor) == []

    reviewer.goto("/desk/knowledge")
    waiting = reviewer.locator("section", has=reviewer.get_by_role("heading", name="正在改的"))
    expect(waiting.get_by_role("link")).to_have_count(3)
    picture(reviewer, "desk-knowledge")
    for _ in range(3):
        waiting.get_by_role("row").filter(has_text="待审核").get_by_role("link").first.click()
        if "法律援助" in reviewer.title():
            assert axe(reviewer) == []
            picture(reviewer, "desk-review")
        reviewer.get_by_role("button", name="通过").click()
        expect(reviewer.get_by_text("已通过，待发布")).to_be_visible()
        reviewer.goto("/desk/knowledge")
    reviewer.get_by_role("button", name="检查通过审核的条目").click()
    expect(reviewer.get_by_text("已检查，待发布")).to_be_visible(timeout=240_000)
    assert axe(reviewer) == []
    picture(reviewer, "desk-build")
    assert NEW not in answer(enter(""))

    reviewer.goto(f"/desk/knowledge/try?q={QUESTION}&on=draft")
    expect(reviewer.get_by_text(NEW)).to_be_visible()
    assert axe(reviewer) == []
    picture(reviewer, "desk-try")

    reviewer.goto("/desk/knowledge/builds/1")
    reviewer.get_by_role("button", name="发布").click()
    expect(reviewer.get_by_text(re.compile("shenhe 发布于"))).to_be_visible()
    resident = enter("")
    assert NEW in answer(resident)
    picture(resident, "desk-resident")

    reviewer.goto("/desk/knowledge")
    assert axe(reviewer) == []
    reviewer.get_by_role("button", name="退回上一个版本").click()
    expect(reviewer.get_by_text("已退回")).to_be_visible()
    picture(reviewer, "desk-back", full=True)
    assert NEW not in answer(enter(""))
