"""A document at the desk: uploaded, its passages changed, reviewed, published, quoted, and replaced by a newer file."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient

from knowledge import live
from tests.desk.conftest import Browser, Enter
from tests.desk.test_knowledge import built, knowledge, posted, small
from tests.knowledge.documents.made_up import LIBRARY

__all__ = ["knowledge", "small"]

ABOUT = {
    "title": "某镇农家书屋借阅规定",
    "issuer": "某镇",
    "published": "2026-01-05",
    "source": "https://example.org/1",
    "valid_from": "",
    "valid_until": "2027-01-01",
    "confirmed": "2026-11-01",
}
NEW = "/desk/knowledge/documents/new"


async def sent(browser: Browser, name: str, content: bytes, **fields: str) -> tuple[int, str, str]:
    """Status, page, and where it leads to."""
    await browser.get(NEW)
    form = FormData({"csrf": browser.csrf, **ABOUT, **fields})
    form.add_field("file", content, filename=name, content_type="application/octet-stream")
    async with browser.client.post(NEW, data=form, allow_redirects=False) as response:
        return response.status, await response.text(), response.headers.get("Location", "")


async def act(browser: Browser, address: str, number: int, do: str, **fields: str) -> tuple[int, str]:
    """One step on a passage, from the page as it is now."""
    _, page = await browser.get(address)
    at = page.index(f'id="p{number}"')
    was = re.search(r'name="was" value="(\w+)"', page[at:])
    assert was is not None
    return await browser.post(f"{address}/passages/{number}", **({"was": was[1], "do": do} | fields))


async def published(client: TestClient[Any, Any], editor: Browser, reviewer: Browser, address: str) -> None:
    draft = await editor.get(f"/desk/knowledge/entries/import/{address.rpartition('/')[2]}?versions=1")
    assert draft[0] == 303
    _, page = await editor.get("/desk/knowledge")
    version = re.search(r"/desk/knowledge/versions/\d+", page)
    assert version is not None
    await posted(editor, f"{version[0]}/submit")
    await posted(reviewer, f"{version[0]}/approve")
    await posted(reviewer, f"{await built(client, reviewer)}/publish")


async def test_from_the_file_to_the_citation_and_back(client: TestClient[Any, Any], enter: Enter) -> None:
    editor, reviewer = await enter("editor", "editor"), await enter("reviewer", "reviewer")
    status, _, address = await sent(editor, "规定.txt", LIBRARY.encode())
    assert status == 303
    status, page = await editor.get(address)
    assert status == 200
    assert "第一章 开放 / 第一条" in page
    # The first passage is the title: not wanted.
    assert (await act(editor, address, 1, "leave-out"))[0] == 303
    assert (await act(editor, address, 2, "merge"))[0] == 303
    words = "每人每次最多借五本书，借期三十天。"
    assert (await act(editor, address, 5, "save", text=words, headings="借书"))[0] == 303
    _, page = await editor.get(address)
    assert "不用这一段" in page
    assert "文件里的原文" in page
    at = re.search(r'<option value="(\d+)">第二条', page)
    assert at is not None
    assert (await act(editor, address, 2, "split", at=at[1]))[0] == 303
    assert not live.knowledge().release.catalogue.document_texts
    await published(client, editor, reviewer, address)
    (document,) = live.knowledge().release.catalogue.document_texts
    assert [passage.left_out for passage in document.passages][:2] == [True, False]
    name = document.file.removesuffix(".json")
    async with client.get(f"/passages/{name}/5") as response:
        page = await response.text()
        assert response.status == 200
    assert words in page
    assert "文字经过编辑整理" in page
    async with client.get(f"/passages/{name}/1") as response:
        assert response.status == 404

    # A newer file: one article changed that was edited, one that was not, one is new.
    newer = LIBRARY.replace("最多借三本书", "最多借四本书").replace("滞纳金一角", "滞纳金两角")
    newer += "第九条 本规定由文化站解释。\n"
    status, page, _ = await sent(editor, "新规定.txt", newer.encode(), replaces=document.file)
    assert status == 200
    for told in ("要您选的（1）", "新增（1）", "改动（1）", "删去（0）"):
        assert told in page
    _, page = await editor.get(address)
    assert words in page
    # Nobody reviews it before the editor chose.
    assert f"/desk/knowledge/documents/{document.file}" in page
    _, page = await editor.get("/desk/knowledge")
    draft = re.search(r"/desk/knowledge/versions/\d+", page)
    assert draft is not None
    _, page = await editor.get(draft[0])
    assert "有 1 段" in page
    assert f"{draft[0]}/submit" not in page
    status, page = await editor.post(f"{draft[0]}/submit")
    assert (status, "有 1 段还没有选用哪个" in page) == (422, True)
    assert (await act(editor, address, 5, "mine"))[0] == 303
    _, page = await editor.get(address)
    assert "您以前改成" not in page
    assert words in page

    # Not wanted any more: taken away, and back again.
    assert (await editor.post(f"{address}/withdraw"))[0] == 303
    _, page = await editor.get("/desk/knowledge")
    version = re.search(r"/desk/knowledge/versions/\d+", page)
    assert version is not None
    await posted(editor, f"{version[0]}/submit")
    await posted(reviewer, f"{version[0]}/approve")
    await posted(reviewer, f"{await built(client, reviewer)}/publish")
    assert not live.knowledge().release.catalogue.document_texts
    await posted(reviewer, "/desk/knowledge/roll-back")
    assert live.knowledge().release.catalogue.document_texts


@pytest.mark.parametrize(
    ("name", "content", "changes", "told"),
    [
        ("x.exe", b"MZ", {}, "只收 txt"),
        ("x.docm", b"PK", {}, "不带宏"),
        ("x.zip", b"PK", {}, "不收压缩包"),
        ("x.doc", b"\xd0\xcf", {}, "另存为 docx"),
        ("x.jpg", b"\xff\xd8", {}, "图片里的字"),
        ("../../x.docx", b"not a docx", {}, "不是真正的 docx"),
        ("x.pdf", b"PK\x03\x04", {}, "不是 PDF"),
        ("x.txt", b"", {}, "空的"),
        ("x.txt", "甲。".encode(), {"title": " "}, "标题和发文单位都要填"),
        ("x.txt", "甲。".encode(), {"published": "昨天"}, "要写成"),
        ("x.txt", "甲。".encode(), {"valid_from": "2027-02-01"}, "有效到"),
        ("x.txt", "甲。".encode(), {"replaces": "document-000000000000.json"}, "已经没有了"),
        ("x.csv", "序号,证明名称,证明用途,设定依据\n1,甲,乙,丙\n".encode(), {}, "证明事项清单"),
    ],
)
async def test_what_is_not_taken_is_told(
    enter: Enter, name: str, content: bytes, changes: dict[str, str], told: str
) -> None:
    editor = await enter("editor", "editor")
    status, page, _ = await sent(editor, name, content, **changes)
    assert status == 422
    assert told in page
    assert "example.org" in page  # what was typed is still there


async def test_a_step_that_cannot_be_done_changes_nothing(enter: Enter) -> None:
    editor = await enter("editor", "editor")
    _, _, address = await sent(editor, "x.txt", "甲说这是第一句。\n乙说这是第二句。\n".encode())
    for do, fields, told in (
        ("save", {"text": " "}, "段落不能空着"),
        ("split", {"at": "0"}, "从哪里分开"),
        ("split", {"at": "x"}, "从哪里分开"),
        ("mine", {}, "没有要选的"),
        ("leave-out", {"was": "000"}, "刚才被改过"),
    ):
        status, page = await act(editor, address, 1, do, **fields)
        assert (status, told in page) == (422, True), (do, page)
    assert (await act(editor, address, 2, "merge"))[0] == 422
    assert (await act(editor, address, 1, "nonsense"))[0] == 404
    assert (await editor.post(f"{address}/passages/99", was="x", do="merge"))[0] == 404
    assert (await act(editor, address, 1, "leave-out"))[0] == 303
    status, page = await act(editor, address, 2, "leave-out")
    assert (status, "至少要留一段" in page) == (422, True)


async def test_what_is_said_of_a_document_can_be_changed(enter: Enter) -> None:
    editor = await enter("editor", "editor")
    _, _, address = await sent(editor, "x.txt", "甲说这是第一句。".encode())
    assert (await editor.post(f"{address}/about", **(ABOUT | {"title": "<b>别的标题</b>"})))[0] == 303
    _, page = await editor.get(address)
    assert "&lt;b&gt;别的标题&lt;/b&gt;" in page
    assert (await editor.post(f"{address}/about", **(ABOUT | {"issuer": ""})))[0] == 422


async def test_only_editors_of_this_part_change_it(enter: Enter) -> None:
    editor, viewer = await enter("editor", "editor"), await enter("viewer", "viewer")
    _, _, address = await sent(editor, "x.txt", "甲说这是第一句。\n乙说这是第二句。\n".encode())
    status, page = await viewer.get(address)
    assert status == 200
    assert "和下一段合并" not in page
    assert (await viewer.post(f"{address}/passages/1", do="merge", was="x"))[0] == 403
    assert (await viewer.post(f"{address}/withdraw"))[0] == 403
    assert (await viewer.get(NEW))[0] == 403
    assert (await editor.get("/desk/knowledge/documents/document-000000000000.json"))[0] == 404
