"""Importing a document of any kind: read apart, laid over what was there before, kept. The desk and the command share it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePath

from pydantic import ValidationError

from knowledge.documents.apart import pieces_apart, tables_apart
from knowledge.documents.records import FILE_PREFIX, DocumentPassage, DocumentText
from knowledge.documents.update import Updated, first_passages, updated
from knowledge.imported import Changes, keep
from knowledge.importing import ImportReport, before
from knowledge.passages import digest
from knowledge.places.advisor_columns import find_header as advisor_header
from knowledge.sources.files import ImportRefused
from knowledge.sources.proof_columns import find_header as proof_header

_SHOWN = 60


# What to do with files of kinds that are not read.
_ADVICE = {
    (".doc", ".wps", ".rtf", ".odt"): "请用 Word 或 WPS 打开，另存为 docx 再传 / save it as docx",
    (".xls", ".et", ".ods"): "请用 Excel 或 WPS 打开，另存为 xlsx 再传 / save it as xlsx",
    (
        ".docm",
        ".dotm",
        ".xlsm",
        ".xltm",
        ".xlsb",
        ".pptm",
    ): "可能带宏，请另存为不带宏的 docx 或 xlsx 再传 / may hold macros",
    (
        ".zip",
        ".rar",
        ".7z",
        ".tar",
        ".gz",
        ".tgz",
        ".bz2",
        ".xz",
    ): "不收压缩包，请解压后一份一份地传 / no archives, unpack it",
    (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".heic"): (
        "图片里的字读不出来，请找发文单位要电子版，或先用文字识别软件转成 docx / pictures hold no text"
    ),
    (".ofd", ".ceb", ".caj"): "请用阅读器打开，另存为 PDF 再传 / save it as PDF",
    (".ppt", ".pptx"): "请把文字另存成 docx 或 PDF 再传 / save it as docx or PDF",
}
SUFFIXES = (".txt", ".html", ".htm", ".docx", ".pdf", ".xlsx", ".csv")


def kind_checked(name: str) -> str:
    """The ending of a file's name, small. ImportRefused with what to do for kinds that are not read."""
    suffix = PurePath(name).suffix.lower()
    if suffix in SUFFIXES:
        return suffix
    advice = next(
        (told for kinds, told in _ADVICE.items() if suffix in kinds),
        "只收 txt、html、docx、pdf、xlsx、csv / only these",
    )
    raise ImportRefused(f"{PurePath(name).name[:100]}: {advice}")


@dataclass(frozen=True, slots=True)
class About:
    """What the file does not say about itself in a way that a program could trust; see DocumentText."""

    title: str
    issuer: str
    published: date
    source: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    confirmed: date | None = None


def document_id(about: About) -> str:
    """The same for the same title of the same issuer."""
    return digest(about.issuer, about.title)


def import_document(path: Path, folder: Path, about: About, replaces: str | None = None) -> ImportReport:
    """Import ``path`` into ``folder``, in the place of the document with the id ``replaces``, or of that with the same
    title and issuer. ImportRefused, with nothing changed, when it cannot be taken."""
    id = document_id(about) if replaces is None else replaces
    old = before(folder / f"{FILE_PREFIX}{id}.json", DocumentText)
    if replaces is not None and old is None:
        raise ImportRefused(f"没有编号是 {replaces} 的文件 / no document with the id {replaces}")
    document, report = read_document_file(path, about, old)
    keep(folder, document)
    return report


def read_document_file(path: Path, about: About, old: DocumentText | None) -> tuple[DocumentText, ImportReport]:
    """The document in ``path``, with the work on ``old`` (its earlier edition) kept where the words stayed the same, and
    what changed. ImportRefused."""
    if kind_checked(path.name) in (".xlsx", ".csv"):
        _not_a_known_table(path)
    pieces = pieces_apart(path)
    if old is None:
        passages = first_passages(pieces)
        done = Updated(passages, tuple(passage.number for passage in passages), (), (), ())
    else:
        done = updated(old.passages, pieces)
    document = document_of(about, old.id if old else document_id(about), done.passages)
    return document, _report(document, done)


def _not_a_known_table(path: Path) -> None:
    """Lists that answer in a way of their own must not become plain rows. ImportRefused names the list."""
    tables = [table for way in tables_apart(path) for table in way]
    for find_header, name in ((proof_header, "证明事项清单"), (advisor_header, "法律顾问名册")):
        try:
            known = any(find_header(table, path.name) for table in tables)
        except ImportRefused:
            known = True
        if known:
            raise ImportRefused(
                f"{path.name}: 这是{name}，请用“上传名册、清单、法律”来传，才能按行查 / a table of its own kind"
            )


def document_of(about: About, id: str, passages: tuple[DocumentPassage, ...]) -> DocumentText:
    """A document, checked. ImportRefused says what of ``about`` does not fit."""
    try:
        return DocumentText(
            id=id,
            title=about.title,
            issuer=about.issuer,
            published=about.published,
            source=about.source,
            valid_from=about.valid_from,
            valid_until=about.valid_until,
            confirmed=about.confirmed,
            passages=passages,
        )
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise ImportRefused(f"{_LABELS.get(where, where)}：{fault['msg'].removeprefix('Value error, ')}") from error


_LABELS = {"title": "标题要有字，最多 200 字", "issuer": "发文单位要有字，最多 200 字", "source": "来源最多 1000 字"}


def _report(document: DocumentText, done: Updated) -> ImportReport:
    by_number = {passage.number: label(passage) for passage in document.passages}
    return ImportReport(
        kept=f"{document.title}（imported/{document.file}）",
        total=len(document.passages),
        changes=Changes(
            tuple(by_number[number] for number in done.added),
            tuple(by_number[number] for number in done.changed),
            tuple(text[:_SHOWN] for text in done.removed),
        ),
        notes=tuple(
            f"您改过这一段，新文件里它的原文也变了，请选用哪个：{by_number[number]} / edited before, and changed in the file"
            for number in done.conflicts
        ),
    )


def label(passage: DocumentPassage) -> str:
    """How a passage is named in a report: where it stands and how it begins."""
    text = passage.text if len(passage.text) <= _SHOWN else passage.text[:_SHOWN] + "……"
    above = passage.headings[-1] if passage.headings else ""
    # An article's number stands before its words already.
    return f"{above}：{text}" if above and not text.startswith(above) else text
