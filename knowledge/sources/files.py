"""Reading the files that administrators bring: text out of txt, html, docx and pdf, nothing run, nothing unbounded."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

MAX_BYTES = 20_000_000
MAX_UNPACKED = 80_000_000
MAX_PARTS = 2_000
MAX_PAGES = 3_000
_BREAK = "\ue000"  # private use: marks a line break while white space of the page's source is folded
_BLOCKS = (
    "address,article,aside,blockquote,br,caption,center,dd,div,dl,dt,footer,h1,h2,h3,h4,h5,h6,header,hr,li,main,nav,ol,p"
    ",pre,section,table,td,th,tr,ul"
)
# Line breaks in a page's source are no spaces between Chinese characters.
_WRAPPED = re.compile(r"(?<=[^\x00-\x7f])[ \t]*[\r\n][ \t\r\n]*(?=[^\x00-\x7f])")
PAGE_NUMBER = re.compile(
    r"(?:第\s*)?[-–—\s]*\d{1,4}[-–—\s]*(?:页)?(?:\s*[/,，]?\s*共\s*\d{1,4}\s*页)?|\d{1,4}\s*/\s*\d{1,4}"
)


class ImportRefused(ValueError):
    """A file cannot be imported; the message says why, in Chinese and English."""


def size_checked(path: Path) -> None:
    """ImportRefused when the file is missing, empty or larger than any law or list is."""
    if not path.is_file():
        raise ImportRefused(f"{path}: 没有这个文件 / no such file")
    size = path.stat().st_size
    if size == 0:
        raise ImportRefused(f"{path.name}: 文件是空的 / the file is empty")
    if size > MAX_BYTES:
        megabytes = MAX_BYTES // 1_000_000
        raise ImportRefused(f"{path.name}: 文件超过 {megabytes} MB / the file is larger than {megabytes} MB")


def package_checked(path: Path) -> list[str]:
    """Names inside a docx or xlsx. ImportRefused when it is no such package, would unpack to too much, or holds macros."""
    size_checked(path)
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
            names = [part.filename for part in parts]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        kind = path.suffix.lstrip(".").lower()
        raise ImportRefused(
            f"{path.name}: 不是真正的 {kind} 文件，或者加了密码、已经损坏 / not a real {kind} file, or locked or damaged"
        ) from error
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise ImportRefused(f"{path.name}: 解压后太大，可能有问题，不收 / unpacks to far too much, refused")
    if any("vbaProject" in name for name in names):
        raise ImportRefused(f"{path.name}: 文件里有宏，请另存为不带宏的文件 / holds macros, save it without them")
    return names


def decoded(raw: bytes, name: str) -> str:
    """Text of a txt, csv or html file: UTF-8, UTF-16 with a mark, or GB18030. ImportRefused for anything else."""
    marked = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ImportRefused(f"{name}: 不是文本，或者编码认不出（要 UTF-8 或 GB18030） / not text in UTF-8 or GB18030")


def read_text(path: Path) -> str:
    """The text of ``path`` by its kind. ImportRefused for other kinds, scans, locked or damaged files."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        kinds = "、".join(kind.lstrip(".") for kind in _READERS)
        raise ImportRefused(
            f"{path.name}: 只收 {kinds}；doc 请另存为 docx / only {kinds.replace('、', ', ')}; save doc as docx"
        )
    size_checked(path)
    text = reader(path)
    if not text.strip():
        raise ImportRefused(f"{path.name}: 里面没有文字（可能是扫描件） / there is no text in it (perhaps a scan)")
    return text


def _plain(path: Path) -> str:
    return decoded(path.read_bytes(), path.name)


def _html(path: Path) -> str:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(decoded(path.read_bytes(), path.name))
    if tree.body is None:
        return ""
    tree.strip_tags(["script", "style", "noscript", "template", "iframe", "select", "button"], recursive=True)
    for node in tree.body.css(_BLOCKS):
        node.insert_before(_BREAK)
        node.insert_after(_BREAK)
    text = _WRAPPED.sub("", tree.body.text())
    return re.sub(r"[ \t\r\n\f]+", " ", text).replace(_BREAK, "\n")


def _docx(path: Path) -> str:
    import docx
    from docx.opc.exceptions import PackageNotFoundError
    from docx.table import Table

    package_checked(path)
    try:
        document = docx.Document(str(path))
    except (PackageNotFoundError, KeyError, ValueError) as error:
        raise ImportRefused(f"{path.name}: 不是 docx 文件，或者已经损坏 / not a docx file, or damaged") from error
    if document.element.body.xpath(".//w:ins | .//w:del | .//w:moveFrom"):
        raise ImportRefused(
            f"{path.name}: 里面有没接受的修订，请先接受或拒绝 / holds tracked changes, settle them first"
        )
    lines: list[str] = []
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            lines.extend("　".join(dict.fromkeys(cell.text for cell in row.cells)) for row in block.rows)
        else:
            lines.append(block.text)
    return "\n".join(lines)


# PDFs that browsers print hold many characters as radicals: they look the same and are found by nobody.
# The supplement's (U+2E80) have no normal form in Unicode; these stand in simplified texts.
_SUPPLEMENT = "⺠民⺰纟⻅见⻆角⻈讠⻉贝⻋车⻐钅⻓长⻔门⻘青⻙韦⻚页⻛风⻜飞⻝食⻠饣⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻬齐⻮齿⻰龙⻳龟"
_RADICALS = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)}
_RADICALS |= {ord(radical): usual for radical, usual in zip(_SUPPLEMENT[::2], _SUPPLEMENT[1::2], strict=True)}


def page_lines(text: str) -> list[str]:
    """The lines of a PDF's page, radicals written as the characters that they stand for."""
    return text.translate(_RADICALS).split("\n")


def _pdf(path: Path) -> str:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise ImportRefused(f"{path.name}: 文件加了密码 / the file is locked with a password")
        if len(reader.pages) > MAX_PAGES:
            raise ImportRefused(f"{path.name}: 超过 {MAX_PAGES} 页 / more than {MAX_PAGES} pages")
        pages = [page_lines(page.extract_text()) for page in reader.pages]
    except (PyPdfError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, ImportRefused):
            raise
        raise ImportRefused(f"{path.name}: 不是 PDF 文件，或者已经损坏 / not a PDF file, or damaged") from error
    return "\n".join(line for page in _without_margins(pages) for line in page)


def _without_margins(pages: list[list[str]]) -> list[list[str]]:
    """Pages without their page numbers and without the line that stands at the top of most of them."""
    kept = [[line for line in page if line.strip() and not PAGE_NUMBER.fullmatch(line.strip())] for page in pages]
    tops = Counter(page[0].strip() for page in kept if page)
    running = {line for line, count in tops.items() if count >= 3 and count * 2 > len(pages)}
    return [page[1:] if page and page[0].strip() in running else page for page in kept]


_READERS: dict[str, Callable[[Path], str]] = {
    ".txt": _plain,
    ".html": _html,
    ".htm": _html,
    ".docx": _docx,
    ".pdf": _pdf,
}
