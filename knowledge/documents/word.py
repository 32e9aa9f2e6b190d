"""docx as blocks: the file's own heading styles, else headings by their words; tables row by row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from knowledge.documents.blocks import Block, heading, row_text
from knowledge.sources.files import ImportRefused, package_checked

MAX_ROWS = 20_000
_STYLE = re.compile(r"(?:heading|标题)\s*([1-9])", re.IGNORECASE)
_TITLE = re.compile(r"title|标题", re.IGNORECASE)
_LONGEST_HEADING = 80


def word_blocks(path: Path) -> list[Block]:
    """Blocks of a docx in order. ImportRefused when it is none, damaged, holds macros or unsettled changes."""
    import docx

    names = package_checked(path)
    if "word/document.xml" not in names and not any(name.endswith("document.xml") for name in names):
        raise ImportRefused(
            f"{path.name}: 不是 docx 文件，可能是别的压缩包改了名字，请用 Word 或 WPS 另存为 docx / not a docx file"
        )
    try:
        document = docx.Document(str(path))
        if document.element.body.xpath(".//w:ins | .//w:del | .//w:moveFrom"):
            raise ImportRefused(
                f"{path.name}: 里面有没接受的修订，请先接受或拒绝 / holds tracked changes, settle them first"
            )
        return list(_blocks(document))
    except ImportRefused:
        raise
    except (MemoryError, Exception) as error:  # python-docx and lxml let errors of every kind through
        raise ImportRefused(
            f"{path.name}: 不是 docx 文件，或者已经损坏；请用 Word 或 WPS 打开后另存一份 / not a docx file, or damaged"
        ) from error


def _blocks(document: Any) -> Iterator[Block]:
    from docx.table import Table

    for item in document.iter_inner_content():
        if isinstance(item, Table):
            yield from _table(item)
            continue
        for line in item.text.split("\n"):
            text = line.strip()
            if text:
                level = _style_level(item, text)
                level = heading(text) if level is None else level
                yield Block("text", text) if level is None else Block("heading", text, level)


def _style_level(paragraph: Any, text: str) -> int | None:
    """0 for the title, 1-9 by the paragraph's style; None for other styles and for whole sentences."""
    style = paragraph.style
    name = (style.name or "") if style is not None else ""
    if len(text) > _LONGEST_HEADING or text.endswith(("。", "；", ";")):
        return None
    if match := _STYLE.search(name):
        return int(match[1])
    return 0 if _TITLE.fullmatch(name) else None


def _table(table: Any) -> Iterator[Block]:
    rows = [[cell.text for cell in row.cells] for row in table.rows[:MAX_ROWS]]
    if not rows:
        return
    if max(map(len, rows)) == 1:  # a frame around text
        for cells in rows:
            yield from (Block("text", line) for cell in cells for line in cell.split("\n") if line.strip())
        return
    for cells in rows[1:] if len(rows) > 1 else rows:
        text = row_text(rows[0] if len(rows) > 1 else [], cells)
        if text:
            yield Block("row", text)
