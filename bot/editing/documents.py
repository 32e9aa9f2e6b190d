"""General documents at the desk: an upload becomes a draft, and the draft's passages are edited one step at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from bot.editing import entries
from bot.editing.people import Person
from knowledge.catalogue import Catalogue
from knowledge.documents import edit
from knowledge.documents.document_import import About, document_id, document_of, kind_checked, read_document_file
from knowledge.documents.records import FILE_PREFIX, DocumentPassage, DocumentText
from knowledge.entries import IMPORT, Entry
from knowledge.importing import ImportReport
from knowledge.passages import digest
from knowledge.schema import ContentError
from knowledge.sources.files import MAX_BYTES, ImportRefused

_OPEN = (entries.DRAFT, entries.REVIEW, entries.APPROVED)
_DAYS = {"valid_from": "有效从", "valid_until": "有效到", "confirmed": "最近核对日期"}


def about_from(given: Mapping[str, str]) -> About:
    """What the form says about a document. ImportRefused names the field that does not fit."""
    title, issuer = given.get("title", "").strip(), given.get("issuer", "").strip()
    if not title or not issuer:
        raise ImportRefused("标题和发文单位都要填")
    days = {name: _day(given.get(name, ""), label) for name, label in _DAYS.items()}
    published = _day(given.get("published", ""), "发文日期")
    if published is None:
        raise ImportRefused("要填“发文日期”")
    return About(title, issuer, published, given.get("source", "").strip() or None, **days)


def _day(text: str, label: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise ImportRefused(f"“{label}”要写成 2022-07-11 这样") from error


def key_of(about: About, replaces: str) -> str:
    """The key of the entry: of the document that is replaced, else of a new one."""
    return replaces or f"{FILE_PREFIX}{document_id(about)}.json"


def newest(connection: Connection, catalogue: Catalogue, key: str) -> DocumentText | None:
    """The document as it was last worked on: what is on its way to be published, else what is published."""
    history = entries.history(connection, IMPORT, key)[:1]
    if history and history[0].state in _OPEN:
        return DocumentText.model_validate(_plain(history[0].body)) if history[0].body else None
    return next((text for text in catalogue.document_texts if text.file == key), None)


def read_upload(name: str, content: bytes, about: About, old: DocumentText | None) -> tuple[DocumentText, ImportReport]:
    """The document that a file makes, and what is new against ``old``. ImportRefused says why it is not taken."""
    suffix = kind_checked(name)
    if not content or len(content) > MAX_BYTES:
        raise ImportRefused(f"文件是空的，或者超过 {MAX_BYTES // 1_000_000} MB")
    with tempfile.TemporaryDirectory(prefix="yinfawen-") as home:
        path = Path(home) / f"upload{suffix}"  # the name as uploaded never becomes a path
        path.write_bytes(content)
        return read_document_file(path, about, old)


def keep(connection: Connection, person: Person, document: DocumentText, note: str, record: entries.Record) -> int:
    """The document as a draft; the id of the version. Raises what :func:`bot.editing.entries.save` raises."""
    body = document.model_dump(mode="json")
    return entries.save(connection, person, Entry(IMPORT, document.file, body), note, record)


def withdraw(connection: Connection, person: Person, key: str, record: entries.Record) -> int:
    """A draft that takes the document away."""
    return entries.save(connection, person, Entry(IMPORT, key, None), "不再使用这份文件", record)


def with_about(document: DocumentText, about: About) -> DocumentText:
    """The document with another title, issuer, days. Its key stays, and so do its passages. ImportRefused."""
    return document_of(about, document.id, document.passages)


def changed(document: DocumentText, number: int, given: Mapping[str, str]) -> DocumentText:
    """One step on the passage ``number``: ``do`` names it, ``was`` is the mark of the words that the editor saw.

    LookupError for an unknown passage or step; EditRefused when it cannot be done.
    """
    passage = next((item for item in document.passages if item.number == number), None)
    step = _STEPS.get(given.get("do", ""))
    if passage is None or step is None:
        raise LookupError(number)
    if given.get("was") != mark(passage):
        raise edit.EditRefused("这一段刚才被改过，请看一下现在的内容再改")
    return step(document, number, given)


def mark(passage: DocumentPassage) -> str:
    """Changes with the passage's words: two people may have it open."""
    return digest(passage.text, *passage.headings, str(passage.left_out), str(passage.earlier))


def _offset(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


_STEPS: Mapping[str, Callable[[DocumentText, int, Mapping[str, str]], DocumentText]] = {
    "merge": lambda document, number, given: edit.merged(document, number),
    "split": lambda document, number, given: edit.split(document, number, _offset(given.get("at", ""))),
    "save": lambda document, number, given: edit.reworded(
        document, number, given.get("text", ""), given.get("headings", "")
    ),
    "leave-out": lambda document, number, given: edit.left_out(document, number, True),
    "take-back": lambda document, number, given: edit.left_out(document, number, False),
    "mine": lambda document, number, given: edit.settled(document, number, True),
    "theirs": lambda document, number, given: edit.settled(document, number, False),
}


def _plain(body: Any) -> Any:
    if not isinstance(body, dict):
        raise ContentError("这一份文件的草稿损坏了，请重新上传")
    return body
