"""A saved web page as blocks: its headings, paragraphs and tables, without what stands around the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from knowledge.documents.blocks import Block, blocks_of_lines, heading, row_text

_DROPPED = [
    "script", "style", "noscript", "template", "iframe", "select", "button", "nav", "svg", "form", "head", "footer", "aside",
]  # fmt: skip
_BLOCKS = "address,article,blockquote,br,caption,center,dd,div,dl,dt,header,hr,li,main,ol,p,pre,section,ul"
# Private use: a break where white space of the source is folded, and marks before headings and around rows of tables.
_BREAK, _HEADING, _ROW, _CELL = "\ue000", "\ue001", "\ue002", "\ue003"
_WRAPPED = re.compile(r"(?<=[^\x00-\x7f])[ \t]*[\r\n][ \t\r\n]*(?=[^\x00-\x7f])")
_PRIVATE = str.maketrans("", "", _BREAK + _HEADING + _ROW + _CELL)


def web_page_blocks(source: str) -> list[Block]:
    """Blocks of a page. Scripts are never run, nothing is fetched; navigation, forms and footers are left out."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(source.translate(_PRIVATE))
    if tree.body is None:
        return []
    tree.strip_tags(_DROPPED, recursive=True)
    for level in range(1, 7):
        for node in tree.body.css(f"h{level}"):
            node.insert_before(f"{_BREAK}{_HEADING}{level}")
            node.insert_after(_BREAK)
    for table in tree.body.css("table"):
        # Tables that lay out a page hold other tables, or one column.
        if table.css_first("table table") is not None or not _columns(table):
            continue
        for cell in table.css("td,th"):
            cell.insert_before(_CELL)
        for row in table.css("tr"):
            row.insert_before(f"{_BREAK}{_ROW}")
        table.insert_after(_BREAK)
    for node in tree.body.css(_BLOCKS):
        if not _in_row(node):
            node.insert_before(_BREAK)
            node.insert_after(_BREAK)
        else:
            node.insert_before(" ")
    text = _WRAPPED.sub("", tree.body.text())
    lines = [line.strip() for line in re.sub(r"[ \t\r\n\f\xa0]+", " ", text).split(_BREAK)]
    return list(_blocks([line for line in lines if line]))


def _columns(table: Any) -> bool:
    return any(len(row.css("td,th")) > 1 for row in table.css("tr"))


def _in_row(node: Any) -> bool:
    """Does ``node`` stand in a row that is read as a whole?"""
    for _ in range(12):  # deeper nesting inside of a cell only breaks the row
        node = node.parent
        if node is None:
            return False
        if node.tag in ("td", "th"):
            before = node.prev
            return before is not None and before.tag == "-text" and _CELL in (before.text_content or "")
    return False


def _blocks(lines: list[str]) -> Iterator[Block]:
    names: list[str] | None = None
    for line in lines:
        if line.startswith(_ROW):
            cells = [cell.strip() for cell in line[1:].split(_CELL)[1:]]
            if names is None:
                names = cells
            elif text := row_text(names, cells):
                yield Block("row", text)
            continue
        line = line.replace(_CELL, "　")
        names = None
        if line.startswith(_HEADING):
            level, text = int(line[1]), line[2:].strip()
            if text:
                yield Block("heading", text, level - 1)
            continue
        # Many pages put every line into a paragraph of its own: nothing to join, but headings by their words.
        found = heading(line)
        yield from [Block("heading", line, found)] if found is not None else blocks_of_lines(line)
