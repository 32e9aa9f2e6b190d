"""The doctor: finds what is wrong, says what to do in both languages, changes nothing."""

from __future__ import annotations

import http.server
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot import doctor
from bot.conversations.migrate import migrate, revisions
from bot.conversations.store import connect
from bot.settings import Settings
from tests.conftest import free_ports


@pytest.fixture
def options(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path / "data", port=free_ports(1)[0])


def faults(settings: Settings) -> str:
    return "\n".join(finding.text for finding in doctor.examine(settings) if finding.level == "fault")


def test_a_bare_machine_is_told_what_to_do_first_and_stays_bare(
    options: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = options.model_copy(update={"rasa_python": options.data_dir / "none"})
    assert doctor.doctor(bare) == 1
    said = capsys.readouterr().out
    for advice in ("bot prepare", "knowledge build", "make setup", "make run"):
        assert advice in said
    assert not options.data_dir.exists()
    for line in said.splitlines():
        assert re.search(r"[\u4e00-\u9fff].*/ .*[a-z]", line), line


def test_an_earlier_revision_and_a_clock_behind_are_noticed(options: Settings) -> None:
    migrate(options.database, revisions()[0])
    assert revisions()[-1] in faults(options)
    migrate(options.database)
    assert "数据库" not in faults(options)
    engine = connect(options.database)
    with engine.begin() as connection:
        row = "insert into conversations values ('c', 'web', 'h', '2090-01-01 00:00:00', '2090-01-01 00:00:00')"
        columns = "conversations (id, channel, token_hash, created_at, last_turn_at)"
        connection.execute(text(row.replace("conversations", columns, 1)))
    engine.dispose()
    assert "timedatectl" in faults(options)


def test_a_database_that_is_gone_is_told_without_its_password(options: Settings) -> None:
    gone = options.model_copy(update={"database_url": "postgresql://u:geheim@127.0.0.1:1/x"})
    assert "YINFAWEN_DATABASE_URL" in faults(gone)
    assert "geheim" not in str(doctor.examine(gone))


def test_a_damaged_release_is_noticed(options: Settings) -> None:
    release = options.releases_dir / "2026-01-01-half"
    release.mkdir(parents=True)
    (release / "manifest.json").write_text('{"format": ', encoding="utf-8")
    (options.releases_dir / "current").write_text(release.name, encoding="utf-8")
    assert "2026-01-01-half" in faults(options)


def test_a_full_disk_is_noticed(options: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LITTLE_SPACE", 2**80)
    assert "磁盘" in faults(options)


def test_another_program_on_the_port_is_noticed(options: Settings) -> None:
    with http.server.HTTPServer(("127.0.0.1", options.port), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert "YINFAWEN_PORT" in faults(options)
        server.shutdown()


def test_a_check_that_breaks_is_a_finding(options: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: Settings) -> Any:
        raise RuntimeError("x")

    monkeypatch.setattr(doctor, "CHECKS", (breaks,))
    assert "breaks" in faults(options)
