"""Backup and restore: from either database to either, whole or not at all."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bot.__main__ import main
from bot.backup import BackupFault, backup, restore
from bot.conversations.feedback import Verdict, feedback_on, give_feedback
from bot.conversations.migrate import migrate, revisions
from bot.conversations.store import ConversationStore, connect
from bot.desk.tables import audit
from bot.settings import Settings
from tests.bot.fakes import an_answer
from tests.bot.test_migrations import fill
from tests.databases.postgresql import Postgres

SAID = "工资\u2028拖着\n不给😭"


@pytest.fixture
def full(empty_database: str, tmp_path: Path) -> Settings:
    """An installation in use, on either database."""
    migrate(empty_database)
    options = Settings(_env_file=None, data_dir=tmp_path / "full", database_url=empty_database)
    (options.imported_dir / "laws").mkdir(parents=True)
    (options.imported_dir / "laws" / "x.yml").write_text("第一条", encoding="utf-8")
    return options


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """A machine where nothing is yet."""
    if request.param == "sqlite":
        yield Settings(_env_file=None, data_dir=tmp_path / "not" / "there" / "yet")
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as url:
        yield Settings(_env_file=None, data_dir=tmp_path / "empty", database_url=url)


async def test_a_restored_installation_goes_on_where_it_was(full: Settings, empty: Settings, tmp_path: Path) -> None:
    store = ConversationStore(full.database)
    name, token = await store.open_conversation("web")
    turn = await store.begin_turn(name, "t1", SAID, ("mobile",))
    await store.begin_turn(name, "t2", "没答完", ())
    await store.finish_turn(turn, an_answer("答复。"), "rasa", an_answer)
    await give_feedback(store, name, turn.id, Verdict.UNSATISFIED, "太慢")
    before = await store.history(name)
    file = tmp_path / "kept.tar.gz"
    rows = backup(full, file)  # while it is in use
    await store.close()
    assert (rows["conversations"], rows["turns"], rows["feedback"]) == (1, 2, 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry for entry in os.listdir(tmp_path) if entry.startswith(".")] == []

    assert restore(empty, file) == rows
    again = ConversationStore(empty.database)
    await again.check(name, token)
    assert await again.history(name) == before
    assert before[0].text == SAID
    assert before[1].answer is None
    given = await feedback_on(again, turn.id)
    assert given is not None
    assert given.reason == "太慢"
    await again.begin_turn(name, "t3", "还能接着问", ())
    await again.close()
    assert (empty.imported_dir / "laws" / "x.yml").read_text(encoding="utf-8") == "第一条"


@pytest.mark.parametrize("revision", revisions())
def test_a_backup_of_an_earlier_revision_is_brought_up(revision: str, tmp_path: Path) -> None:
    old = Settings(_env_file=None, data_dir=tmp_path / "old")
    migrate(old.database, revision)
    engine = connect(old.database)
    with engine.begin() as connection:
        filled = fill(connection)
    engine.dispose()
    assert backup(old, tmp_path / "b.tar.gz") == filled
    new = Settings(_env_file=None, data_dir=tmp_path / "new")
    assert restore(new, tmp_path / "b.tar.gz") == filled
    engine = connect(new.database)
    with engine.connect() as connection:
        assert connection.execute(text("select version_num from alembic_version")).scalar() == revisions()[-1]
        for table, count in filled.items():
            assert connection.execute(text(f"select count(*) from {table}")).scalar() == count
    engine.dispose()


def test_numbers_go_on_after_those_restored(postgres: Postgres, tmp_path: Path) -> None:
    old = Settings(_env_file=None, data_dir=tmp_path / "old")
    migrate(old.database)
    engine = connect(old.database)
    with engine.begin() as connection:
        fill(connection)
    engine.dispose()
    backup(old, tmp_path / "b.tar.gz")
    with postgres.database() as url:
        restore(Settings(_env_file=None, data_dir=tmp_path / "new", database_url=url), tmp_path / "b.tar.gz")
        engine = connect(url)
        with engine.connect() as connection:
            query = (
                "select table_name, column_default from information_schema.columns where column_default like 'nextval%'"
            )
            defaults = connection.execute(text(query)).all()
            assert defaults
            for table, default in defaults:
                assert connection.execute(text(f"select {default}")).scalar() == 3, table
        engine.dispose()


def test_nothing_is_written_over(full: Settings, tmp_path: Path) -> None:
    file = tmp_path / "b.tar.gz"
    engine = connect(full.database)
    with engine.begin() as connection:
        fill(connection)
    engine.dispose()
    backup(full, file)
    with pytest.raises(BackupFault, match="exists"):
        backup(full, file)
    with pytest.raises(BackupFault, match="not empty"):
        restore(full, file)
    other = Settings(_env_file=None, data_dir=tmp_path / "no-imports", database_url=full.database)
    with pytest.raises(BackupFault, match="turns"):
        restore(other, file)


@pytest.mark.parametrize("harm", ["cut", "changed", "no archive", "newer"])
def test_a_damaged_backup_changes_nothing(harm: str, tmp_path: Path) -> None:
    options = Settings(_env_file=None, data_dir=tmp_path / "from")
    options.data_dir.mkdir()
    migrate(options.database)
    engine = connect(options.database)
    with engine.begin() as connection:
        fill(connection)
    engine.dispose()
    good, bad = tmp_path / "good.tar.gz", tmp_path / "bad.tar.gz"
    backup(options, good)
    if harm == "cut":
        bad.write_bytes(good.read_bytes()[:-200])
    elif harm == "no archive":
        bad.write_bytes(b"x" * 500)
    else:
        with tarfile.open(good) as source, tarfile.open(bad, "w:gz") as target:
            for member in source.getmembers():
                body = source.extractfile(member).read()  # type: ignore[union-attr]
                if harm == "changed" and member.name == "tables/turns.jsonl":
                    body = body.replace(b"r1", b"r9", 1)
                if harm == "newer" and member.name == "manifest.json":
                    body = body.replace(f'"revision": "{revisions()[-1]}"'.encode(), b'"revision": "9999"')
                member.size = len(body)
                target.addfile(member, io.BytesIO(body))
    target_options = Settings(_env_file=None, data_dir=tmp_path / "to")
    with pytest.raises(BackupFault):
        restore(target_options, bad)
    restore(target_options, good)


def test_the_commands_say_what_they_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(folder: str, *arguments: str) -> int:
        options = Settings(_env_file=None, data_dir=tmp_path / folder)
        monkeypatch.setattr("bot.__main__.settings", lambda: options)
        monkeypatch.setattr("sys.argv", ["bot", *arguments])
        return main()

    file = str(tmp_path / "b.tar.gz")
    assert run("nothing", "backup", file) == 1
    migrate(Settings(_env_file=None, data_dir=tmp_path / "from").database)
    capsys.readouterr()
    assert run("from", "backup", file) == 0
    assert run("to", "restore", file) == 0
    assert "已恢复" in capsys.readouterr().out
    assert run("to", "restore", str(tmp_path / "none")) == 1


def test_the_commands_are_in_the_audit_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever copies the database reads everything in it."""
    for folder, words in (("old", "backup"), ("new", "restore")):
        options = Settings(_env_file=None, data_dir=tmp_path / folder)
        options.data_dir.mkdir()
        if words == "backup":
            migrate(options.database)
        monkeypatch.setattr("bot.__main__.settings", lambda options=options: options)
        monkeypatch.setattr("sys.argv", ["bot", words, str(tmp_path / "backup.tar.gz")])
        assert main() == 0
        engine = connect(options.database)
        with engine.connect() as connection:
            actions = connection.execute(select(audit.c.action)).scalars().all()
        engine.dispose()
        assert actions == [{"backup": "backup.make", "restore": "backup.restore"}[words]]
