"""Known questions go out as a sheet and come in as drafts; every row that is not taken says why."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import FormData
from openpyxl import Workbook, load_workbook

from bot.editing.question_sheet import answering, as_csv, as_rows, drafts, read_sheet
from knowledge.answer import Knowledge
from knowledge.catalogue import Catalogue, load_catalogue
from knowledge.entries import overlaid
from knowledge.sources.files import ImportRefused
from tests.desk.conftest import Browser, Enter
from tests.desk.test_knowledge import knowledge, small  # noqa: F401

Rows = Callable[[str], list[tuple[Any, ...]]]
HEAD = ["编号", "事项", "小节", "问法", "答复"]
STEPS = "guide:legal-aid/steps"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def xlsx(*rows: list[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def commas(*rows: list[str], encoding: str = "utf-8-sig") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(encoding)


def test_what_goes_out_comes_in_as_nothing_new(catalogue: Catalogue) -> None:
    rows = as_rows(catalogue)
    assert rows[0] == tuple(HEAD)
    assert len(rows) == len(answering(catalogue)) + 1 > 800
    for name, content in (("a.xlsx", xlsx(*map(list, rows))), ("a.csv", as_csv(catalogue))):
        sheet = read_sheet(name, content, catalogue)
        assert (sheet.new, sheet.refused, sheet.notes) == ({}, [], [])
        assert sheet.rows == len(rows) - 1
        assert sheet.known >= sum(len({*row.questions}) for row in answering(catalogue)) * 0.99
        assert drafts(catalogue, sheet) == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_new_questions_become_one_draft_for_each_record(catalogue: Catalogue, encoding: str) -> None:
    guide = next(row for row in catalogue.guides if row.id == "legal-aid")
    rows = [
        HEAD,
        [STEPS, "", "", "俺想请公家给派个律师咋整\n公家律师咋请法", ""],
        ["", guide.title, guide.sections[1].title, "公家的律师是个啥", ""],
        ["channel:12348", "", "", "一二三四八是干哈的", ""],
        ["", "", "", "", ""],
    ]
    sheet = read_sheet("问.csv", commas(*rows, encoding=encoding), catalogue)
    assert sheet.refused == []
    assert (sheet.rows, sheet.questions) == (3, 4)
    made = drafts(catalogue, sheet)
    assert [(entry.kind, entry.key) for entry in made] == [("guide", "legal-aid"), ("channel", "12348")]
    new = overlaid(catalogue, made)
    assert next(row for row in new.guides if row.id == "legal-aid").sections[0].questions[-2:] == (
        "俺想请公家给派个律师咋整",
        "公家律师咋请法",
    )


def test_each_row_that_is_not_taken_says_why(catalogue: Catalogue) -> None:
    owned = next(row for row in answering(catalogue) if row.key.startswith("guide:") and row.key != STEPS)
    rows = [
        HEAD,
        ["guide:nothing/x", "", "", "问一句", ""],
        ["", "没有的事项", "", "问一句", ""],
        [STEPS, "", "", "", ""],
        [STEPS, "", "", "长" * 201, ""],
        [STEPS, "", "", "？？", ""],
        [STEPS, "", "", owned.questions[0], ""],
        [STEPS, "", "", "新的一句问法甲", "改过的答复"],
        [STEPS, "", "", "新的一句问法甲", ""],
        ["guide:legal-aid/what", "", "", "新的一句问法甲", ""],
    ]
    sheet = read_sheet("a.xlsx", xlsx(*rows), catalogue)
    told = list(
        zip(
            sheet.refused,
            ["没有编号", "没有；新的指引要在表单里写", "“问法”是空的", "超过 200", "里没有字", "已经是", "已经是"],
            strict=True,
        )
    )
    assert all(why in line for line, why in told), told
    assert [line.partition("：")[0] for line in sheet.refused] == [f"第 {row} 行" for row in (2, 3, 4, 5, 6, 7, 10)]
    assert len(sheet.notes) == 1
    assert "第 8 行：“答复”" in sheet.notes[0]
    assert sheet.new == {STEPS: ["新的一句问法甲"]}
    assert sheet.known == 1


def test_nothing_is_run_as_a_formula_and_comes_back_as_it_was(catalogue: Catalogue) -> None:
    sheet = read_sheet("a.xlsx", xlsx(HEAD, [STEPS, "", "", "'=1+1是啥意思呀", ""]), catalogue)
    assert sheet.new == {STEPS: ["=1+1是啥意思呀"]}
    changed = overlaid(catalogue, drafts(catalogue, sheet))
    row = next(row for row in as_rows(changed) if row[0] == STEPS)
    assert not any(cell.startswith(("=", "+", "-", "@")) for cells in as_rows(changed) for cell in cells)
    assert "=1+1是啥意思呀" in row[3]


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.xls", b"x", "只收 xlsx、csv"),
        ("a.xlsx", b"", "空的"),
        ("a.xlsx", b"no zip", "不是真正的 xlsx"),
        ("a.csv", b"\x00\x01\xff", "不是文本"),
        ("a.csv", "姓名,电话\n甲,1\n".encode(), "没有认出表头"),
        ("a.xlsx", xlsx(["问法"], ["只有问法"]), "没有认出表头"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused(catalogue: Catalogue, name: str, content: bytes, fault: str) -> None:
    with pytest.raises(ImportRefused, match=fault):
        read_sheet(name, content, catalogue)


async def bring(browser: Browser, content: bytes, name: str = "问答.xlsx") -> tuple[int, str]:
    form = FormData({"csrf": browser.csrf}, quote_fields=False)
    form.add_field("file", content, filename=name)
    async with browser.client.post("/desk/knowledge/questions", data=form) as response:
        return response.status, await response.text()


async def test_an_editor_takes_the_sheet_and_brings_it_back(
    enter: Enter,
    knowledge: Knowledge,  # noqa: F811
    rows: Rows,
) -> None:
    editor, viewer = await enter("bianji", "editor"), await enter("kan", "viewer")
    assert "检查并存成草稿" not in (await viewer.get("/desk/knowledge/questions"))[1]
    async with viewer.client.get("/desk/knowledge/questions.xlsx") as response:
        sheet = load_workbook(io.BytesIO(await response.read())).active
    assert [cell.value for cell in sheet[1]] == HEAD  # type: ignore[index]
    async with viewer.client.get("/desk/knowledge/questions.csv") as response:
        assert (await response.read()).startswith(b"\xef\xbb\xbf")
    assert (await bring(viewer, xlsx(HEAD)))[0] == 403
    status, page = await bring(editor, xlsx(HEAD, [STEPS, "", "", "公家律师咋请法", ""], ["x", "", "", "问", ""]))
    assert status == 200
    assert "新的问法 1 句" in page
    assert "第 3 行：没有编号" in page
    made = rows("select kind, key, state, author, note from knowledge_entries")
    assert made == [("guide", "legal-aid", "draft", "bianji", "问答表 问答.xlsx")]
    status, page = await bring(editor, xlsx(HEAD, [STEPS, "", "", "另外一句新的", ""]))
    assert "正在改，等它发布了再装" in page
    assert "没有存草稿" in page
    assert len(rows("select * from knowledge_entries")) == 1
    status, page = await bring(editor, b"x", "a.doc")
    assert status == 422
    assert "只收 xlsx、csv" in page
    noted = [action for (action,) in rows("select action from audit where action like 'knowledge.%' order by id")]
    assert noted == ["knowledge.export", "knowledge.export", "knowledge.draft"]
