"""Files for tests of reading, as bytes."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import docx
from openpyxl import Workbook

from tests.knowledge.test_law_import import write_pdf

PAGE = """<html><head><title>无关</title><script>alert(1)</script></head><body><nav><a>首页</a></nav>
<h1>某办法</h1><h2>一、标准</h2><p>每件补贴
如下：</p><table><tr><th>类别</th><th>金额</th></tr><tr><td>简单</td><td><p>八十元</p></td></tr>
<tr><td>复杂</td><td>二百元<br>封顶</td></tr></table><footer>版权所有</footer></body></html>"""


def word() -> bytes:
    """Headings by style and by words, an article in two paragraphs, and a table."""
    document, out = docx.Document(), io.BytesIO()
    document.add_heading("某办法", 1)
    document.add_paragraph("一、范围")
    document.add_paragraph("第一条　甲村的居民都可以申请。")
    document.add_paragraph("外来的居民住满半年也可以。")
    table = document.add_table(rows=2, cols=2)
    for place, text in enumerate(("材料", "份数", "身份证", "一份")):
        table.cell(place // 2, place % 2).text = text
    document.save(out)
    return out.getvalue()


def sheet() -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in (["停靠安排"], ["时间", "地点"], ["周二", "集市东头"], ["周四", "中学门口"]):
        book.active.append(row)  # type: ignore[union-attr]
    book.save(out)
    return out.getvalue()


def portable(folder: Path) -> bytes:
    """Three pages with a running title and page numbers; a sentence goes on over a page's end."""
    full = "这是一行写满了的文字用来表示正常的行有多宽多宽多宽"
    pages = [["某办法汇编", full, full + "，", f"— {number} —"] for number in (1, 2)] + [
        ["某办法汇编", "结束了。", "— 3 —"]
    ]
    write_pdf(folder / "made.pdf", pages)
    return (folder / "made.pdf").read_bytes()


MAKERS: dict[str, Callable[[Path], bytes]] = {
    ".html": lambda folder: PAGE.encode(),
    ".docx": lambda folder: word(),
    ".xlsx": lambda folder: sheet(),
    ".pdf": portable,
    ".txt": lambda folder: "第一章 总则\n第一条　甲。\n".encode(),
    ".csv": lambda folder: "时间,地点\n周二,集市\n".encode(),
}
