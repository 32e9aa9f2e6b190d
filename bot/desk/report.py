"""The report of a period as docx and xlsx. Counts only: no word of a resident, no number, no name."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from docx import Document
from docx.oxml.ns import qn
from docx.shared import Pt
from openpyxl import Workbook
from openpyxl.styles import Font

from bot.desk.figures import FEWEST, Figures, rate
from bot.desk.knowledge_age import AGES, Freshness
from bot.desk.sheet import cell
from knowledge.hours.answer import SHANGHAI

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TOWNS_NOTE = (
    "来电，加上居民说到了村（社区）或乡镇的会话；一个会话在一个乡镇只算一次，只记乡镇，不记村。没有说地方的会话不在里面。"
    f"少于 {FEWEST} 次的乡镇合在一起，免得认出是谁。"
)
HANDED_NOTE = "转人工的会话：在这段时间里要过人工或由人工接着谈的会话，一个会话算一次。"


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the report; ``note`` stands below its title and may be empty."""

    title: str
    heads: tuple[str, ...]
    rows: list[tuple[str | int, ...]]
    note: str = ""


def parts(found: Figures, fresh: Sequence[Freshness]) -> list[Part]:
    """Everything that the dashboard shows, as tables."""
    total: list[tuple[str | int, ...]] = [
        ("提问", found.questions),
        ("会话", found.conversations),
        ("转人工的会话", found.handed_over),
        ("记下的来电", found.calls),
        ("答了的比例", rate(found.by_status, "答了")),
        ("说有帮助的比例", rate(found.ratings, "有帮助")),
    ]
    times = [(name, f"{seconds:.2f} 秒") for name, seconds in found.seconds.items()]
    ages: list[tuple[str | int, ...]] = [(row.kind, row.total, *row.ages, row.soon, row.withdrawn) for row in fresh]
    return [
        Part("总的情况", ("项目", "数"), total, HANDED_NOTE),
        Part("结果", ("结果", "提问"), list(found.by_status)),
        Part("事项", ("事项", "答了的提问"), list(found.by_matter)),
        Part("渠道", ("渠道", "提问"), list(found.by_channel)),
        Part("每天", ("日期", "提问"), list(found.by_day)),
        Part("一天里的钟点", ("钟点", "提问"), list(found.by_hour)),
        Part("居民的评价", ("评价", "次数"), list(found.ratings)),
        Part("多久答复", ("多少提问", "用时"), list(times), "从收到提问到存下答复；人工说的话不算。"),
        Part("乡镇（街道）", ("乡镇（街道）", "来电和会话"), list(found.towns), TOWNS_NOTE),
        Part("来电的事项", ("事项", "来电"), list(found.call_matters)),
        Part("知识有多新", ("种类", "共有", *AGES, "30 天内到期", "不在有效期"), ages, "按最近核对的日子算。"),
    ]


def as_docx(found: Figures, fresh: Sequence[Freshness], made: datetime) -> bytes:
    """The report for printing."""
    document = Document()
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "宋体", Pt(11)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), "宋体")
    document.core_properties.title, document.core_properties.author = _title(found), "殷法问"
    document.add_heading(_title(found), 0)
    document.add_paragraph(_made(made))
    for part in parts(found, fresh):
        document.add_heading(part.title, 1)
        if part.note:
            document.add_paragraph(part.note)
        if not part.rows:
            document.add_paragraph("这段时间没有。")
            continue
        table = document.add_table(1, len(part.heads), style="Table Grid")
        for place, head in zip(table.rows[0].cells, part.heads, strict=True):
            place.paragraphs[0].add_run(head).bold = True
        for row in part.rows:
            for place, value in zip(table.add_row().cells, row, strict=True):
                place.text = str(value)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def as_xlsx(found: Figures, fresh: Sequence[Freshness], made: datetime) -> bytes:
    """The same tables to calculate with, a sheet each."""
    book = Workbook()
    first = book.active
    first.title = "说明"
    first.append([_title(found)])
    first.append([_made(made)])
    for part in parts(found, fresh):
        sheet = book.create_sheet(part.title[:31])
        sheet.append(list(part.heads))
        for head in sheet[1]:
            head.font = Font(bold=True)
        for row in part.rows:
            sheet.append([cell(value) if isinstance(value, str) else value for value in row])
        sheet.column_dimensions["A"].width = 28
        if part.note:
            first.append([f"{part.title}：{part.note}"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _title(found: Figures) -> str:
    return f"殷法问使用情况：{found.period.shown}"


def _made(made: datetime) -> str:
    return f"{made.astimezone(SHANGHAI):%Y-%m-%d %H:%M} 做成。只有计数，没有居民说的话，没有个人信息。"
