"""A notice from a file to a resident's answer, in real browsers: what docs/handbook/documents.md tells an editor to do."""

from __future__ import annotations

import re
from pathlib import Path

import docx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import assert_no_sideways_scroll, picture
from tests.browser.staff import Enter
from tests.browser.test_access import axe
from tests.browser.test_knowledge import desk, enter, hand_in
from tests.knowledge.documents.made_up import LIBRARY

__all__ = ["desk", "enter"]

pytestmark = [pytest.mark.browser, pytest.mark.model]
TITLE = "某镇农家书屋借阅规定"


def word(path: Path, text: str) -> Path:
    document = docx.Document()
    for line in text.splitlines():
        document.add_paragraph(line)
    document.save(str(path))
    return path


def upload(page: Page, path: Path) -> None:
    page.get_by_label("文件（最大 20 MB）").set_input_files(path)
    page.get_by_role("button", name="上传并看段落").click()


def test_a_notice_is_uploaded_edited_published_and_quoted(enter: Enter, tmp_path: Path) -> None:
    editor, reviewer = enter("bianji"), enter("shenhe")
    editor.get_by_role("navigation").get_by_role("link", name="知识").click()
    editor.get_by_role("link", name="上传文件（通知").click()
    editor.get_by_label("标题").fill(TITLE)
    editor.get_by_label("发文单位").fill("某镇人民政府")
    editor.get_by_label("发文日期").fill("2026-01-05")
    editor.get_by_label("来源").fill("镇政府公告栏")
    editor.get_by_label("有效到").fill("2030-01-01")
    editor.get_by_label("最近核对日期").fill("2026-11-01")
    assert axe(editor) == []
    picture(editor, "desk-document-new")

    (tmp_path / "scan.pdf").write_bytes(b"not a pdf at all")
    upload(editor, tmp_path / "scan.pdf")
    expect(editor.get_by_role("alert")).to_contain_text("不是 PDF 文件")
    expect(editor.get_by_label("标题")).to_have_value(TITLE)
    picture(editor, "desk-document-refused")

    upload(editor, word(tmp_path / "规定.docx", LIBRARY))
    expect(editor.get_by_role("heading", name=TITLE)).to_be_visible()
    expect(editor.locator("#p2")).to_contain_text("第一章 开放 / 第一条")
    assert axe(editor) == []
    assert_no_sideways_scroll(editor)
    picture(editor, "desk-document")

    editor.locator("#p1").get_by_role("button", name="不用这一段").click()
    expect(editor.locator("#p1")).to_contain_text("还是用这一段")
    editor.locator("#p2").get_by_role("button", name="和下一段合并").click()
    expect(editor.locator("#p3")).to_have_count(0)
    editor.locator("#p2").get_by_text("改字、拆开").click()
    editor.locator("#p2").get_by_label("从哪里拆开").select_option(
        label="第二条 书屋设在镇文化站二楼东头，由文化站的管理员看管。"
    )
    editor.locator("#p2").get_by_role("button", name="从这里拆成两段").click()
    expect(editor.get_by_text("第二条 书屋设在镇文化站二楼东头").first).to_be_visible()
    editor.locator("#p5").get_by_text("改字、拆开").click()
    box = editor.locator("#p5").get_by_label("内容")
    box.fill("每人每次最多借三本书，三十天内还；可以续借一次。")
    assert axe(editor) == []
    box.scroll_into_view_if_needed()
    picture(editor, "desk-document-edit")
    editor.locator("#p5").get_by_role("button", name="保存这一段").click()
    expect(editor.locator("#p5")).to_contain_text("三十天内还")

    editor.get_by_role("link", name="版本，交给别人审核").click()
    assert axe(editor) == []
    hand_in(editor)
    publish(reviewer, "desk-document-review")

    resident = enter("")
    ask(resident, "借的书弄丢了怎么赔")
    said = resident.locator(".answer").last
    expect(said).to_contain_text("按书价的两倍赔钱")
    expect(said).to_contain_text(TITLE)
    picture(resident, "desk-document-resident")
    resident.goto(resident.locator("a.passage").last.get_attribute("href") or "")
    expect(resident.get_by_text("按书价的两倍赔钱").first).to_be_visible()
    assert axe(resident) == []
    picture(resident, "desk-document-passage")

    # A newer file: what was edited and changed in the file too has to be chosen.
    editor.goto("/desk/knowledge/entries/import?q=农家书屋")
    editor.get_by_role("link", name=TITLE).click()
    editor.get_by_role("link", name="上传这份文件的新版").click()
    newer = LIBRARY.replace("最多借三本书", "最多借四本书").replace("滞纳金一角", "滞纳金两角")
    upload(editor, word(tmp_path / "新规定.docx", newer + "第九条 本规定由文化站解释。\n"))
    expect(editor.get_by_role("heading", name="要您选的（1）")).to_be_visible()
    expect(editor.get_by_role("heading", name="新增（1）")).to_be_visible()
    assert axe(editor) == []
    picture(editor, "desk-document-changes")
    editor.get_by_role("link", name="去看段落").click()
    editor.get_by_role("link", name="第 5 段").click()
    assert axe(editor) == []
    editor.locator("#p5").scroll_into_view_if_needed()
    picture(editor, "desk-document-conflict")
    editor.locator("#p5").get_by_role("button", name="用新文件的").click()
    expect(editor.locator("#p5")).to_contain_text("最多借四本书")
    expect(editor.get_by_text("您以前改成")).to_have_count(0)

    editor.set_viewport_size({"width": 375, "height": 812})
    assert_no_sideways_scroll(editor)
    picture(editor, "desk-document-phone")


def publish(reviewer: Page, name: str) -> None:
    """The second person: looks, agrees, checks, publishes."""
    reviewer.goto("/desk/knowledge")
    waiting = reviewer.locator("section", has=reviewer.get_by_role("heading", name="正在改的"))
    waiting.get_by_role("row").filter(has_text="待审核").get_by_role("link").first.click()
    assert axe(reviewer) == []
    picture(reviewer, name)
    reviewer.get_by_role("button", name="通过").click()
    expect(reviewer.get_by_text("已通过，待发布")).to_be_visible()
    reviewer.goto("/desk/knowledge")
    reviewer.get_by_role("button", name="检查通过审核的条目").click()
    expect(reviewer.get_by_text("已检查，待发布")).to_be_visible(timeout=240_000)
    reviewer.get_by_role("button", name="发布").click()
    expect(reviewer.get_by_text(re.compile("shenhe 发布于"))).to_be_visible()


def ask(page: Page, text: str) -> None:
    page.goto("/")
    page.get_by_label("您想问什么？").fill(text)
    page.keyboard.press("Enter")
