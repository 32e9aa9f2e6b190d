"""Backup and restore: everything that cannot be made again, in one file that either database can be restored from.

A ``.tar.gz`` with ``manifest.json`` (format, revision of the schema, rows and SHA-256 of each table), ``tables/<name>.jsonl``
and ``imported/`` (documents that administrators imported). Releases and dialogue models are made anew by ``prepare``;
dialogues that Rasa remembers are forgotten after days anyway. Settings and keys are not in it: they live in the environment.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import JSON, Connection, Date, DateTime, Integer, MetaData, Table, func, insert, select

from bot.conversations.migrate import migrate, revisions
from bot.conversations.store import connect
from bot.settings import Settings

FORMAT = 1
NOT_OURS = {"alembic_version", "events"}  # the second is Rasa's
ROWS_AT_ONCE = 500


class BackupFault(RuntimeError):
    """The backup cannot be made or restored; the message says why, in both languages."""


def backup(settings: Settings, file: Path) -> dict[str, int]:
    """Write ``file``, readable by its owner only; returns the rows of each table.

    All tables are read in one transaction, while the service goes on. Raises BackupFault, OSError or SQLAlchemyError.
    """
    if file.exists():
        raise BackupFault(f"{file} 已经有了，换个名字 / exists already, choose another name")
    engine = connect(settings.database)
    half = file.with_name(f".{file.name}.half")
    try:
        with engine.connect() as connection:
            # One view of all tables, whatever is written meanwhile.
            sqlite = engine.dialect.name == "sqlite"
            connection.exec_driver_sql("BEGIN" if sqlite else "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            revision = MigrationContext.configure(connection).get_current_revision()
            if revision is None:
                raise BackupFault("数据库是空的，没有什么可备份 / the database is empty")
            written: dict[str, dict[str, Any]] = {}
            with _private(half) as out, tarfile.open(fileobj=out, mode="w:gz") as archive:
                for table in _tables(connection):
                    lines = [_line(table, row) for row in connection.execute(select(table)).mappings()]
                    body = "".join(lines).encode()
                    written[table.name] = {"rows": len(lines), "sha256": hashlib.sha256(body).hexdigest()}
                    _add(archive, f"tables/{table.name}.jsonl", body)
                if settings.imported_dir.is_dir():
                    archive.add(settings.imported_dir, "imported")
                manifest = {
                    "format": FORMAT,
                    "revision": revision,
                    "made": f"{datetime.now(UTC):%FT%TZ}",
                    "tables": written,
                }
                _add(archive, "manifest.json", json.dumps(manifest, indent=1).encode())
        os.replace(half, file)
    finally:
        half.unlink(missing_ok=True)
        engine.dispose()
    return {name: about["rows"] for name, about in written.items()}


def restore(settings: Settings, file: Path) -> dict[str, int]:
    """Bring ``file`` into an empty database, then up to the newest revision; returns the rows of each table.

    Nothing is changed unless all of it is sound and the database holds no conversation. Raises BackupFault, OSError or
    SQLAlchemyError.
    """
    try:
        with tarfile.open(file, "r:gz") as archive:
            manifest, bodies = _checked(archive)
            _require_empty(settings)
            migrate(settings.database, manifest["revision"])
            engine = connect(settings.database)
            with engine.begin() as connection:
                for table in _tables(connection):
                    _fill(connection, table, bodies.get(table.name, b""))
            engine.dispose()
            documents = [member for member in archive.getmembers() if member.name.split("/")[0] == "imported"]
            for member in documents:
                member.name = member.name.removeprefix("imported").lstrip("/") or "."
            archive.extractall(settings.imported_dir, documents, filter="data")
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
        raise BackupFault(f"{file} 不是完整的备份 / is no complete backup: {error.__class__.__name__}") from error
    migrate(settings.database)
    return {name: about["rows"] for name, about in manifest["tables"].items()}


def _checked(archive: tarfile.TarFile) -> tuple[dict[str, Any], dict[str, bytes]]:
    manifest = json.loads(_read(archive, "manifest.json"))
    if manifest["format"] != FORMAT or manifest["revision"] not in revisions():
        raise BackupFault("备份来自更新的版本，请先升级程序 / the backup is of a newer version: upgrade first")
    bodies = {name: _read(archive, f"tables/{name}.jsonl") for name in manifest["tables"]}
    for name, about in manifest["tables"].items():
        if hashlib.sha256(bodies[name]).hexdigest() != about["sha256"]:
            raise BackupFault(f"备份坏了：{name} / the backup is damaged: {name}")
    return manifest, bodies


def _require_empty(settings: Settings) -> None:
    if settings.imported_dir.is_dir() and any(settings.imported_dir.iterdir()):
        raise BackupFault(f"{settings.imported_dir} 里已经有文件，不能覆盖 / is not empty")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine = connect(settings.database)
    with engine.connect() as connection:
        used = [t.name for t in _tables(connection) if connection.execute(select(func.count()).select_from(t)).scalar()]
    engine.dispose()
    if used:
        raise BackupFault(f"数据库里已经有数据，不能覆盖 / the database is not empty: {', '.join(used)}")
    migrate(settings.database, "base")


def _tables(connection: Connection) -> list[Table]:
    """As the database has them, those that others refer to first."""
    metadata = MetaData()
    metadata.reflect(connection, only=lambda name, _: name not in NOT_OURS)
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, JSON):
                column.type.none_as_null = True
    return metadata.sorted_tables


def _line(table: Table, row: Any) -> str:
    return json.dumps({name: _plain(value) for name, value in row.items()}, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _utc(value).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _fill(connection: Connection, table: Table, body: bytes) -> None:
    moments = [column.name for column in table.columns if isinstance(column.type, DateTime)]
    days = [column.name for column in table.columns if isinstance(column.type, Date)]

    def rows() -> Iterator[dict[str, Any]]:
        for line in body.decode().split("\n")[:-1]:
            row = json.loads(line)
            row |= {name: _utc(datetime.fromisoformat(row[name])) for name in moments if row[name] is not None}
            yield row | {name: date.fromisoformat(row[name]) for name in days if row[name] is not None}

    for batch in _batches(rows()):
        connection.execute(insert(table), batch)
    key = next(iter(table.primary_key))
    if connection.dialect.name == "postgresql" and isinstance(key.type, Integer):  # new rows count on from there
        sequence = func.pg_get_serial_sequence(table.name, key.name)
        connection.execute(select(func.setval(sequence, func.coalesce(func.max(key), 0) + 1, False)).select_from(table))


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _private(path: Path) -> io.BufferedWriter:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _add(archive: tarfile.TarFile, name: str, body: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(body), 0o600
    archive.addfile(member, io.BytesIO(body))


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    found = archive.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found.read()
