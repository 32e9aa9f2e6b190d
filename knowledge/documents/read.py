"""Files as blocks, by their kind. Runs in the process that has no rights (knowledge.documents.apart), never elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from knowledge.documents.blocks import Block, blocks_of_lines, row_text
from knowledge.documents.pieces import Piece, pieces_of
from knowledge.documents.web_page import web_page_blocks
from knowledge.documents.word import word_blocks
from knowledge.sources.files import (
    MAX_PAGES,
    PAGE_NUMBER,
    ImportRefused,
    decoded,
    page_lines,
    size_checked,
)
from knowledge.sources.tables import Table, read_tables

MAX_PIECES = 5_000
_LEAST_PER_PAGE = 20  # characters; a file with less on most pages is a scan with a stamp of text


def read_pieces(path: Path) -> list[Piece]:
    """The pieces of a document by its kind. ImportRefused says what is wrong with it and what to do."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ImportRefused(f"{path.name}: 不收这种文件；doc 请另存为 docx，xls 请另存为 xlsx / not this kind of file")
    size_checked(path)
    found = pieces_of(reader(path))
    if not found:
        raise ImportRefused(
            f"{path.name}: 里面没有文字。是扫描件或图片的话，请找发文单位要电子版，或先用文字识别软件转成 docx / no text in it"
        )
    if len(found) > MAX_PIECES:
        raise ImportRefused(
            f"{path.name}: 超过 {MAX_PIECES} 段，请分成几个文件 / more than {MAX_PIECES} passages, split it"
        )
    return found


def _plain(path: Path) -> list[Block]:
    return blocks_of_lines(decoded(path.read_bytes(), path.name))


def _web_page(path: Path) -> list[Block]:
    return web_page_blocks(decoded(path.read_bytes(), path.name))


def _sheet(path: Path) -> list[Block]:
    """Each row with the names of its columns; of several ways to cut a csv the one with most columns."""
    ways = read_tables(path)
    best = max(ways, key=lambda way: max((len(table.rows[0]) for table in way if table.rows), default=0))
    found: list[Block] = []
    for table in best:
        if table.sheet:
            found.append(Block("heading", table.sheet, 0))
        found.extend(_rows(table))
    return found


def _rows(table: Table) -> Iterator[Block]:
    start = next((number for number, row in enumerate(table.rows) if sum(map(bool, row)) > 1), 0)
    # Lines above the header say what the table is.
    for row in table.rows[:start]:
        yield from (Block("text", cell) for cell in row if cell)
    if start >= len(table.rows):
        return
    names = table.top[start]
    for row in table.filled[start + 1 :]:
        text = row_text(names, row)
        if text:
            yield Block("row", text)


def _pdf(path: Path) -> list[Block]:
    pages = _pdf_pages(path)
    written = sum(len("".join(page)) >= _LEAST_PER_PAGE for page in pages)
    if pages and written * 2 < len(pages):
        raise ImportRefused(
            f"{path.name}: 大部分页面没有文字，是扫描件。请找发文单位要电子版，或先用文字识别软件转成 docx / a scan, without text"
        )
    lines = [line for page in without_margins(pages) for line in page]
    return blocks_of_lines("\n".join(lines))


def _pdf_pages(path: Path) -> list[list[str]]:
    from pypdf import PdfReader

    if not path.read_bytes()[:1024].lstrip().startswith(b"%PDF"):
        raise ImportRefused(
            f"{path.name}: 不是 PDF 文件，可能改过名字，请用原来的文件 / not a PDF file, perhaps renamed"
        )
    try:
        reader = PdfReader(path)
        locked = reader.is_encrypted and not reader.decrypt("")
        count = 0 if locked else len(reader.pages)
        if locked or count > MAX_PAGES:
            told = (
                "文件加了密码，请去掉密码再传 / locked with a password"
                if locked
                else f"超过 {MAX_PAGES} 页 / too many pages"
            )
            raise ImportRefused(f"{path.name}: {told}")
        return [page_lines(page.extract_text()) for page in reader.pages]
    except ImportRefused:
        raise
    except (MemoryError, Exception) as error:  # pypdf lets errors of every kind through when a file is damaged
        raise ImportRefused(
            f"{path.name}: 不是 PDF 文件，或者已经损坏；请重新下载或另存一份 / not a PDF file, or damaged"
        ) from error


def without_margins(pages: list[list[str]]) -> list[list[str]]:
    """Pages without page numbers and without lines that stand at the top or the bottom of most of them."""
    kept = [[line.strip() for line in page] for page in pages]
    kept = [[line for line in page if line and not PAGE_NUMBER.fullmatch(line)] for page in kept]
    for _ in range(3):  # a header may have several lines
        for end in (0, -1):
            counts = Counter(_numberless(page[end]) for page in kept if page)
            running = {line for line, count in counts.items() if count >= 3 and count * 2 > len(pages)}
            kept = [_without(page, end) if page and _numberless(page[end]) in running else page for page in kept]
    return kept


def _numberless(line: str) -> str:
    """A header or footer without the number of its page."""
    return re.sub(r"\d+", "0", line)


def _without(page: list[str], end: int) -> list[str]:
    return page[1:] if end == 0 else page[:-1]


_READERS: dict[str, Callable[[Path], list[Block]]] = {
    ".txt": _plain,
    ".html": _web_page,
    ".htm": _web_page,
    ".docx": word_blocks,
    ".pdf": _pdf,
    ".xlsx": _sheet,
    ".csv": _sheet,
}
