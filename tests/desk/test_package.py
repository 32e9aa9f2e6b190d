"""Everything that administrators hold goes out and comes in without loss; what is unsafe or not ours is refused and changes nothing."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from sqlalchemy import Connection, Engine, insert, select

from bot.__main__ import main
from bot.channels.web.access import STORE
from bot.conversations.migrate import migrate
from bot.conversations.store import connect
from bot.conversations.tables import conversations
from bot.desk import accounts, package
from bot.desk.audit import COMMAND
from bot.desk.package import PackageFault, contents, fingerprint, packed, take, unpacked
from bot.desk.passwords import fits, hashed
from bot.desk.tables import accounts as account_table
from bot.desk.tables import audit, canned, duty
from bot.editing.tables import knowledge_entries
from bot.settings import Settings
from knowledge.hours.records import CalendarDay, HolidayTable
from knowledge.imported import keep
from tests.desk.conftest import Enter

Rows = Callable[[str], list[tuple[Any, ...]]]
NOON = datetime(2026, 3, 5, 4, 0, 0, 123456, tzinfo=UTC)
PASSWORD = "correct-horse-7"
HOLIDAYS = HolidayTable(days=(CalendarDay(day=date(2027, 1, 1), off=True, name="元旦"),), source="某通知")


def greet(text: str) -> dict[str, Any]:
    return {"status": "answered", "reason": "greet", "label": "问候", "text": text}


def entry(version: int, state: str, **given: Any) -> dict[str, Any]:
    row = {
        "kind": "status",
        "key": "greet",
        "version": version,
        "body": greet(f"您好，第{version}版。“<&\n"),
        "state": state,
    }
    row |= {"author": "bianji", "reviewer": None, "note": "改\t字", "created_at": NOON, "decided_at": None}
    return row | given


def fill(connection: Connection, imported: Path) -> None:
    """One of everything, with every state of an entry."""
    accounts.add(connection, COMMAND, "wang", "王五", hashed(PASSWORD))
    rows = [
        entry(1, "replaced", reviewer="shenhe", decided_at=NOON),
        entry(2, "published", reviewer="shenhe", decided_at=NOON),
        entry(3, "draft"),
        entry(1, "approved", kind="channel", key="12345", body=None, reviewer="shenhe", decided_at=NOON),
        entry(1, "review", key="thanks", body=greet("不谢") | {"reason": "thanks"}),
    ]
    for row in rows:
        connection.execute(insert(knowledge_entries).values(row))
    owner = connection.execute(select(account_table.c.id)).scalar_one()
    shift = {"id": "s1", "account_id": owner, "starts_at": NOON, "ends_at": NOON.replace(hour=9)}
    connection.execute(insert(duty).values(shift))
    connection.execute(insert(canned).values(id="r1", title="问候", text="您好，\n请讲。"))
    keep(imported, HOLIDAYS)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = connect(database_url)
    yield made
    made.dispose()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Engine]:
    """An empty installation."""
    url = f"sqlite:///{tmp_path / 'other.db'}"
    migrate(url)
    made = connect(url)
    yield made
    made.dispose()


@pytest.fixture
def full(other: Engine, tmp_path: Path) -> bytes:
    """A package with one of everything."""
    with other.begin() as connection:
        fill(connection, tmp_path / "given")
        return packed(connection, tmp_path / "given", "root")


def remade(body: bytes, **changed: bytes | None) -> bytes:
    """The package with files of other contents (``tables_canned``), or without them, and a manifest that says so."""
    files = unpacked(body)
    for name, content in changed.items():
        path = name.replace("_", "/", 1) + ".json"
        files.pop(path, None) if content is None else files.__setitem__(path, content)
    return zipped(files)


def zipped(files: dict[str, bytes], /, **manifest: Any) -> bytes:
    told = {"product": "yinfawen", "format": 1, "made": "", "files": {}}
    told["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"manifest.json": json.dumps(told | manifest).encode(), **files}.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_out_in_and_out_again_gives_the_same(engine: Engine, other: Engine, tmp_path: Path) -> None:
    """From either database into an empty one, and back into the first kind."""
    with engine.begin() as connection:
        fill(connection, tmp_path / "a")
        body = packed(connection, tmp_path / "a", "root")
        before = contents(connection, tmp_path / "a")
    assert {name for name in before if json.loads(before[name])} == {
        "tables/people.json",
        "tables/entries.json",
        "tables/duty.json",
        "tables/canned.json",
        "imported/holidays.json",
    }
    with other.begin() as connection:
        taken = take(connection, unpacked(body), tmp_path / "b", "root")
        assert contents(connection, tmp_path / "b") == before
        assert (taken.entries, taken.documents, taken.shifts, taken.replies, taken.people) == (5, 1, 1, 1, 1)
        assert unpacked(packed(connection, tmp_path / "b", "root")) == before
        again = take(connection, unpacked(body), tmp_path / "b", "root")
        assert (again.entries, again.documents, again.shifts, again.known) == (0, 0, 0, 9)
        assert contents(connection, tmp_path / "b") == before
        noted = connection.execute(select(audit.c.action).where(audit.c.action.like("package.%"))).scalars().all()
        assert noted == ["package.import", "package.export", "package.import"]


def test_no_secret_is_in_it_and_whom_it_brings_cannot_log_in(full: bytes, tmp_path: Path) -> None:
    told = b"".join(unpacked(full).values()).decode()
    assert "王五" in told
    assert "argon2" not in told
    url = f"sqlite:///{tmp_path / 'third.db'}"
    migrate(url)
    with connect(url).begin() as connection:
        take(connection, unpacked(full), tmp_path / "c", "root")
        (one,) = accounts.listed(connection)
        assert (one.name, one.shown, one.grants) == ("wang", "王五", ())
        assert one.disabled_at is not None
        stored = connection.execute(select(account_table.c.password)).scalar_one()
        assert not any(fits(stored, word) for word in ("", "!", PASSWORD))


def test_something_else_here_refuses_all_of_it(full: bytes, engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.execute(insert(knowledge_entries).values(entry(2, "draft", author="别人")))
        with pytest.raises(PackageFault, match="status:greet 第 2 版"):
            take(connection, unpacked(full), tmp_path / "d", "root")
        assert connection.execute(select(canned)).all() == []
        assert len(connection.execute(select(knowledge_entries)).all()) == 1
    assert not (tmp_path / "d").exists()
    keep(tmp_path / "e", HOLIDAYS.model_copy(update={"source": "别的通知"}))
    with pytest.raises(PackageFault, match=r"holidays\.json"), engine.begin() as connection:
        take(connection, unpacked(full), tmp_path / "e", "root")
    assert "别的通知" in (tmp_path / "e" / "holidays.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("table", "rows", "fault"),
    [
        ("entries", [entry(1, "published")], "created_at"),
        ("entries", "x", "知识条目"),
        ("canned", [{"id": "../x", "title": "a", "text": "b"}], "常用语第 1 行"),
        ("canned", [{"id": "a", "title": "a", "text": "b"}] * 2, "重复"),
        ("duty", [{"id": "a", "person": "nobody", "starts_at": "2026-01-01T00:00Z", "ends_at": "2026-01-01T01:00Z"}], "nobody"),
        ("duty", [{"id": "a", "person": "wang", "starts_at": "2026-01-02T00:00Z", "ends_at": "2026-01-01T01:00Z"}], "结束比开始早"),
        ("people", [{"name": "Root Admin", "shown": "x"}], "人员第 1 行"),
        ("people", [{"name": "x1", "shown": "x", "password": "y"}], "人员第 1 行"),
    ],
)  # fmt: skip
def test_faulty_rows_are_named(full: bytes, tmp_path: Path, table: str, rows: Any, fault: str) -> None:
    url = f"sqlite:///{tmp_path / 'third.db'}"
    migrate(url)
    body = json.dumps(rows, default=lambda value: value.isoformat().replace("+00:00", "")).encode()
    with pytest.raises(PackageFault, match=fault), connect(url).begin() as connection:
        take(connection, unpacked(remade(full, **{f"tables_{table}": body})), tmp_path / "f", "root")
    with connect(url).begin() as connection:
        assert (
            connection.execute(select(knowledge_entries)).all() == connection.execute(select(account_table)).all() == []
        )
    assert not (tmp_path / "f").exists()


def test_who_wrote_something_did_not_agree_to_it(full: bytes) -> None:
    rows = json.loads(unpacked(full)["tables/entries.json"])
    assert [row for row in rows if row["state"] == "published"]
    for row in rows:
        row["reviewer"] = row["author"]
    bad = remade(full, tables_entries=json.dumps(rows).encode())
    with pytest.raises(ValueError, match="自己写的不能自己审"):
        package.read_rows("entries", unpacked(bad)["tables/entries.json"])


def bomb() -> bytes:
    """A small file that claims and unpacks to 300 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b"{}")
        with archive.open("tables/entries.json", "w", force_zip64=True) as part:
            for _ in range(300):
                part.write(b"\0" * 1_000_000)
    assert len(out.getvalue()) < 1_000_000
    return out.getvalue()


def lying_bomb() -> bytes:
    """The same, but its directory says that it is small."""
    body = bytearray(bomb())
    at = body.rfind(b"PK\x01\x02")
    extra = body.find(struct.pack("<Q", 300_000_000))
    for place in (extra, at + 24):
        width = 8 if place == extra else 4
        body[place : place + width] = (1000).to_bytes(width, "little")
    return bytes(body)


def spoilt(body: bytes) -> bytes:
    """The packed bytes of its first file are changed."""
    return body[:60] + bytes(byte ^ 0xFF for byte in body[60:90]) + body[90:]


def locked(body: bytes) -> bytes:
    """Says that its first file is encrypted."""
    changed = bytearray(body)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        changed[changed.find(mark) + place] |= 1
    return bytes(changed)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda body: b"", "不是打好的包"),
        (lambda body: b"no zip at all", "不是打好的包"),
        (lambda body: body[: len(body) // 2], "不是打好的包"),
        (lambda body: body[:-40], "不是打好的包"),
        (lambda body: bomb(), "太大"),
        (lambda body: lying_bomb(), "损坏|太大"),
        (locked, "密码"),
        (spoilt, "损坏"),
        (lambda body: zipped({"../../evil.json": b"{}"}), "不该有"),
        (lambda body: zipped({"imported/../evil.json": b"{}"}), "不该有"),
        (lambda body: zipped({"imported/a\\b.json": b"{}"}), "不该有"),
        (lambda body: zipped({"/etc/passwd": b"{}"}), "不该有"),
        (lambda body: zipped({"tables/accounts.json": b"[]"}), "不该有"),
        (lambda body: zipped(unpacked(body), format=2), "第 2 版"),
        (lambda body: zipped(unpacked(body), format=0), "第 0 版"),
        (lambda body: zipped(unpacked(body), product="other"), "不是殷法问"),
        (lambda body: zipped(unpacked(body), files={}), "对不上"),
        (lambda body: zipped(unpacked(body), files=dict.fromkeys(unpacked(body), "0")), "包坏了"),
        (lambda body: zipped(unpacked(body), extra=1), "清单坏了"),
        (lambda body: zipped({f"imported/{n}.json": b"" for n in range(2001)}), "太大"),
    ],
)
def test_what_is_unsafe_or_not_ours_is_refused(full: bytes, make: Callable[[bytes], bytes], fault: str) -> None:
    with pytest.raises(PackageFault, match=fault):
        unpacked(make(full))


def test_a_document_under_a_name_that_is_not_its_own_is_refused(full: bytes, other: Engine, tmp_path: Path) -> None:
    files = unpacked(full)
    files["imported/law-x.json"] = files.pop("imported/holidays.json")
    with pytest.raises(PackageFault, match="读不了"), other.begin() as connection:
        take(connection, files, tmp_path / "g", "root")


async def test_administrators_take_it_along_and_bring_it_in(
    client: Any, enter: Enter, rows: Rows, options: Settings, full: bytes
) -> None:
    editor, root = await enter("bianji", "editor"), await enter("root")
    assert (await editor.get("/desk/package"))[0] == 403
    assert (await root.get("/desk/package"))[0] == 200
    assert (await root.post("/desk/package.zip", csrf="wrong"))[0] == 403
    bad = FormData({"csrf": root.csrf})
    bad.add_field("file", b"PK..", filename="x.zip")
    async with root.client.post("/desk/package/look", data=bad) as response:
        assert response.status == 422
        assert "不是打好的包" in await response.text()

    async def send(path: str, **fields: str) -> tuple[int, str]:
        form = FormData({"csrf": root.csrf, **fields})
        form.add_field("file", full, filename="x.zip")
        async with root.client.post(path, data=form) as response:
            return response.status, await response.text()

    # Nothing comes in that nobody looked at, and looking changes nothing.
    status, text = await send("/desk/package")
    assert (status, "先点“看看里面有什么”" in text) == (422, True)
    status, text = await send("/desk/package/look")
    assert (status, "5 个条目版本，1 个导入的文件" in text) == (200, True)
    assert "有 1 条在包里已经通过审核" in text
    shown = fingerprint(full)
    assert f"<code>{shown}</code>" in text
    assert rows("select count(*) from knowledge_entries") == [(0,)]
    assert not (options.imported_dir / "holidays.json").exists()
    status, text = await send("/desk/package", fingerprint=shown)
    assert status == 200, text
    assert shown in str(rows("select details from audit where action = 'package.import'"))
    assert "装好了：5 个条目版本，1 个导入的文件" in text
    assert (options.imported_dir / "holidays.json").is_file()
    async with root.client.post("/desk/package.zip", data={"csrf": root.csrf}) as response:
        assert response.headers["Content-Type"] == "application/zip"
        assert unpacked(await response.read()) == unpacked(full)
    noted = rows("select account, action from audit where action like 'package.%' order by id")
    assert noted == [("root", "package.import"), ("root", "package.export")]


async def test_no_word_of_a_resident_is_in_it(client: Any, enter: Enter, resident: Any, tmp_path: Path) -> None:
    await resident.say("我叫王小明")
    body = await client.app[STORE].run(lambda connection: packed(connection, tmp_path / "none", "root"))
    assert "王小明".encode() not in b"".join(unpacked(body).values())
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert len(archive.namelist()) == 5
    assert conversations.name not in archive.namelist()


def test_the_command_does_the_same(
    full: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setattr("bot.__main__.settings", lambda: Settings(_env_file=None, data_dir=home))

    def run(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["bot", "package", *words])
        return main()

    (tmp_path / "in.zip").write_bytes(full)
    assert run("import", str(tmp_path / "nothing.zip")) == 1
    assert run("import", str(tmp_path / "in.zip")) == 0
    assert run("export", str(tmp_path / "out.zip")) == 0
    assert unpacked((tmp_path / "out.zip").read_bytes()) == unpacked(full)
    assert (tmp_path / "out.zip").stat().st_mode & 0o077 == 0
    assert run("export", str(tmp_path / "out.zip")) == 1
    (tmp_path / "bad.zip").write_bytes(b"x")
    capsys.readouterr()
    assert run("import", str(tmp_path / "bad.zip")) == 1
    assert "不是打好的包" in capsys.readouterr().err
