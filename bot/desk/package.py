"""Everything that administrators hold in one zip: knowledge entries with all versions, imported documents, duty, canned replies.

``manifest.json`` (format, time, SHA-256 of each file), ``tables/<name>.json`` (rows in a fixed order), ``imported/<name>.json``.
No password, no session, no role and no word of a resident is in it; people are names. The whole machine is :mod:`bot.backup`.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import secrets
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Connection, insert, select

from bot.desk.audit import audited
from bot.desk.package_rows import CannedRow, EntryRow, PersonRow, Row, ShiftRow, read_rows
from bot.desk.tables import accounts, canned, duty
from bot.editing.tables import knowledge_entries
from knowledge.imported import keep, parse_document
from knowledge.schema import ContentError

FORMAT = 1
MOST_PACKED, MOST_UNPACKED, MOST_FILES = 60_000_000, 200_000_000, 2_000
MANIFEST = "manifest.json"
IMPORTED = "imported/"
_NAMES = re.compile(r"manifest\.json|tables/(?:people|entries|duty|canned)\.json|imported/[^/\\\x00-\x1f]{1,120}\.json")
Files = dict[str, bytes]


class PackageFault(ValueError):
    """The package cannot be taken; the message says why, in Chinese. Nothing was changed."""


class Manifest(BaseModel):
    """What is in a package. Another ``format`` is another version's."""

    model_config = ConfigDict(extra="forbid", strict=True)

    product: str
    format: int
    made: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Taken:
    """How much of a package was new here, by kind, and how much was here already."""

    entries: int
    documents: int
    shifts: int
    replies: int
    people: int
    known: int


def packed(connection: Connection, imported: Path, by: str) -> bytes:
    """The package of what this installation holds now; noted in the audit log. Raises OSError."""
    files = contents(connection, imported)
    manifest = {
        "product": "yinfawen",
        "format": FORMAT,
        "made": f"{datetime.now(UTC):%FT%TZ}",
        "files": {name: hashlib.sha256(body).hexdigest() for name, body in files.items()},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, body in {MANIFEST: json.dumps(manifest, indent=1).encode(), **files}.items():
            package.writestr(name, body)
    body = out.getvalue()
    audited(connection, by, "package.export", "package", {"files": len(files), "sha256": fingerprint(body)})
    return body


def fingerprint(body: bytes) -> str:
    """SHA-256 of the whole package: in the audit log where it was made, shown where it is brought in. Who asks there knows
    that nobody changed it on the way; the digests inside only tell damage."""
    return hashlib.sha256(body).hexdigest()


def contents(connection: Connection, imported: Path) -> Files:
    """What goes into a package, by name. Equal contents give equal bytes."""
    files = {f"tables/{name}.json": _lines(rows) for name, rows in _rows(connection).items()}
    if imported.is_dir():
        files |= {f"{IMPORTED}{path.name}": path.read_bytes() for path in sorted(imported.glob("*.json"))}
    return files


def unpacked(body: bytes) -> Files:
    """The files of a package, checked. PackageFault for what is no package, unsafe, damaged, too large, or of another version."""
    if len(body) > MOST_PACKED:
        raise PackageFault(f"文件超过 {MOST_PACKED // 1_000_000} MB，不收。")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as package:
            infos = package.infolist()
            _safe(infos)
            files = {info.filename: package.read(info) for info in infos}
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        if isinstance(error, PackageFault):
            raise
        raise PackageFault("这不是打好的包，或者已经损坏。") from error
    return _proven(files)


def take(connection: Connection, files: Files, imported: Path, by: str, sha256: str = "") -> Taken:
    """Bring the checked ``files`` in, beside what is here. What is here already and equal is left; what is here and different
    refuses all of it. Noted in the audit log. PackageFault, OSError."""
    new = compared(connection, files, imported)
    given = new.rows
    ids = _people(connection, new.people, given["duty"], by)
    for row in (*given["entries"], *given["canned"]):
        connection.execute(insert(_TABLES[row.table]).values(row.values()))
    for shift in _shifts(given["duty"]):
        connection.execute(insert(duty).values(shift.values() | {"account_id": ids[shift.person]}))
    taken = Taken(
        entries=len(given["entries"]),
        documents=len(new.documents),
        shifts=len(given["duty"]),
        replies=len(given["canned"]),
        people=len(given["people"]),
        known=new.known,
    )
    details = {"entries": taken.entries, "documents": taken.documents, "sha256": sha256}
    audited(connection, by, "package.import", "package", details)
    for document in new.documents:  # last: a fault before leaves the folder as it was
        keep(imported, document)
    return taken


@dataclass(frozen=True, slots=True)
class New:
    """What of a package is not here yet: rows by table, documents; all ``people`` of it; how much is ``known`` here already."""

    rows: Mapping[str, list[Row]]
    documents: list[Any]
    people: list[Row]
    known: int

    @property
    def entries(self) -> list[EntryRow]:
        return [row for row in self.rows["entries"] if isinstance(row, EntryRow)]


def compared(connection: Connection, files: Files, imported: Path) -> New:
    """What :func:`take` would bring in; changes nothing. PackageFault for what is here and different, and faulty rows."""
    documents = _documents(files, imported)
    try:
        given = {name: read_rows(name, files.get(f"tables/{name}.json", b"[]")) for name in _TABLES}
    except ValueError as error:
        raise PackageFault(f"包里的{error}。") from error
    here = _rows(connection)
    new: dict[str, list[Row]] = {}
    known, other = 0, []
    for name, rows in given.items():
        own = {row.key: row for row in here[name]}
        new[name] = [row for row in rows if row.key not in own]
        known += sum(own.get(row.key) == row for row in rows)
        if name != "people":  # somebody may be called otherwise here
            other += [row.called for row in rows if row.key in own and own[row.key] != row]
    other += [f"导入的文件 {name}" for name, (_, state) in documents.items() if state == "other"]
    if other:
        shown = "、".join(other[:10]) + ("……" if len(other) > 10 else "")
        raise PackageFault(f"这里已经有不一样的：{shown}。什么都没有装。装包要装到空的地方，或者内容一样的地方。")
    known += sum(state == "known" for _, state in documents.values())
    return New(new, [document for document, state in documents.values() if state == "new"], given["people"], known)


_TABLES: Mapping[str, Any] = {"people": accounts, "entries": knowledge_entries, "duty": duty, "canned": canned}


def _rows(connection: Connection) -> dict[str, list[Row]]:
    """What is here, in a fixed order."""
    shifts = select(duty, accounts.c.name.label("person")).join(accounts, accounts.c.id == duty.c.account_id)
    people = select(accounts.c.name, accounts.c.shown).where(accounts.c.id.in_(select(duty.c.account_id)))
    found: dict[str, Sequence[Row]] = {
        "people": [PersonRow.of(row._mapping) for row in connection.execute(people)],
        "entries": [EntryRow.of(row._mapping) for row in connection.execute(select(knowledge_entries))],
        "duty": [ShiftRow.of(row._mapping) for row in connection.execute(shifts)],
        "canned": [CannedRow.of(row._mapping) for row in connection.execute(select(canned))],
    }
    return {name: sorted(rows, key=lambda row: row.key) for name, rows in found.items()}


def _lines(rows: Sequence[Row]) -> bytes:
    body = [row.model_dump(mode="json", by_alias=True) for row in rows]
    return json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _safe(infos: Sequence[zipfile.ZipInfo]) -> None:
    """Only names that we write, each once, not locked, and no more than we would ever write."""
    names = [info.filename for info in infos]
    if len(infos) > MOST_FILES or sum(info.file_size for info in infos) > MOST_UNPACKED:
        raise PackageFault("解压后太大，可能有问题，不收。")
    if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in infos):
        raise PackageFault("包的压缩办法不认识，不收。")
    if any(info.flag_bits & 0x1 for info in infos):
        raise PackageFault("包加了密码，不收。")
    if strange := [name for name in names if not _NAMES.fullmatch(name) or name != name.strip()]:
        raise PackageFault(f"包里有不该有的文件：{strange[0][:80]}。不收。")
    if len(set(names)) != len(names):
        raise PackageFault("包里有重名的文件，不收。")


def _proven(files: Files) -> Files:
    try:
        manifest = Manifest.model_validate_json(files.pop(MANIFEST, b""))
    except ValidationError as error:
        raise PackageFault("包里没有清单，或者清单坏了。这不是殷法问打的包。") from error
    if manifest.product != "yinfawen":
        raise PackageFault("这不是殷法问打的包。")
    if manifest.format != FORMAT:
        raise PackageFault(f"包的格式是第 {manifest.format} 版，这里只认第 {FORMAT} 版。请先把两边的程序升到同一版。")
    if set(manifest.files) != set(files):
        raise PackageFault("包里的文件和清单对不上，可能被改过或不完整。")
    for name, body in files.items():
        if hashlib.sha256(body).hexdigest() != manifest.files[name]:
            raise PackageFault(f"包坏了：{name}。")
    return files


def _documents(files: Files, imported: Path) -> dict[str, tuple[Any, str]]:
    """Imported documents of the package, each ``new`` here, ``known`` or ``other`` than what is here."""
    found = {}
    for name, body in files.items():
        if not name.startswith(IMPORTED):
            continue
        own = name.removeprefix(IMPORTED)
        try:
            document = parse_document(body, own)
        except ContentError as error:
            raise PackageFault(f"包里的 {own} 读不了：{str(error).splitlines()[0]}") from error
        place = imported / own
        state = "new" if not place.is_file() else "known" if place.read_bytes() == body else "other"
        found[own] = (document, state)
    return found


def _people(connection: Connection, people: Sequence[Row], shifts: Sequence[Row], by: str) -> dict[str, str]:
    """Account id by name. Who is not here gets a closed account without a role: shifts need somebody to belong to."""
    ids = {str(row.name): str(row.id) for row in connection.execute(select(accounts.c.name, accounts.c.id))}
    for person in people:
        if isinstance(person, PersonRow) and person.name not in ids:
            ids[person.name] = _closed_account(connection, by, person)
    for shift in _shifts(shifts):
        if shift.person not in ids:
            raise PackageFault(f"值班表里的 {shift.person} 不在包里的人名当中。")
    return ids


def _shifts(rows: Sequence[Row]) -> list[ShiftRow]:
    return [row for row in rows if isinstance(row, ShiftRow)]


def _closed_account(connection: Connection, by: str, person: PersonRow) -> str:
    """No password fits it: an administrator opens it and resets the password."""
    now, account_id = datetime.now(UTC), secrets.token_urlsafe(12)
    row = {"id": account_id, "name": person.name, "shown": person.shown, "password": "!", "must_change": True}
    connection.execute(insert(accounts).values(**row, created_at=now, disabled_at=now))
    audited(connection, by, "account.add", f"account:{person.name}", {"closed": True})
    return account_id
