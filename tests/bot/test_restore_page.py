"""The restore as docs/deploy.md says it: its very lines, onto an empty machine, with either database."""

from __future__ import annotations

import asyncio
import getpass
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.backup import backup
from bot.conversations.callbacks import Callbacks
from bot.conversations.migrate import migrate
from bot.conversations.store import ConversationStore
from bot.settings import Settings
from tests.bot.fakes import an_answer
from tests.conftest import ROOT
from tests.databases.postgresql import Postgres

PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
MOBILE = "13987654321"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """What stands in the settings of the empty machine."""
    if request.param == "sqlite":
        yield ""
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as url:
        yield url


async def lived(options: Settings) -> tuple[str, str]:
    """A machine in use: a conversation with a number left for a call back; its id and token."""
    migrate(options.database)
    store = ConversationStore(options.database)
    name, token = await store.open_conversation("web")
    turn = await store.begin_turn(name, "t1", "工资拖着不给", ())
    await store.finish_turn(turn, an_answer("答复。"), "rasa", an_answer)
    calls = Callbacks(store, options.callback_key)
    with calls.holding(name, MOBILE):
        assert await calls.keep(name)
    await store.close()
    return name, token


def lines(section: str) -> list[str]:
    block = re.search(r"```sh\n(.*?)```", PAGE[PAGE.index(section) :], re.DOTALL)
    assert block
    return [line.strip() for line in block[1].splitlines() if line.strip()]


async def test_line_by_line(database: str, tmp_path: Path) -> None:
    key, old, new = Fernet.generate_key().decode(), tmp_path / "old", tmp_path / "new"
    old.mkdir()
    options = Settings(_env_file=None, data_dir=old, callback_key=key)
    name, token = await lived(options)
    backup(options, tmp_path / "FILE.tar.gz")

    settings = tmp_path / "yinfawen.env"
    settings.write_text(
        f"# secrets\nYINFAWEN_CALLBACK_KEY={key}\nYINFAWEN_PUBLIC_URL=https://fa.example.org\n"
        f"YINFAWEN_DATABASE_URL={database}\nYINFAWEN_DATA_DIR={new}\n",
        encoding="utf-8",
    )
    # This project in place of /opt/yinfawen, with the tests' Python; this account in place of the product's.
    place = tmp_path / "opt"
    (place / "deploy").mkdir(parents=True)
    (place / ".venv").symlink_to(sys.prefix)
    (place / "deploy" / "yinfawen").write_bytes((ROOT / "deploy" / "yinfawen").read_bytes())
    (place / "deploy" / "yinfawen").chmod(0o755)
    (place / "bot").symlink_to(ROOT / "bot")
    (place / "knowledge").symlink_to(ROOT / "knowledge")
    account = getpass.getuser()
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SETTINGS": str(settings), "ACCOUNT": account}

    def run(line: str) -> subprocess.CompletedProcess[str]:
        for here, there in (
            ("/var/lib/yinfawen", str(new)),
            ("/opt/yinfawen", str(place)),
            ("-o yinfawen", f"-o {account}"),
        ):
            line = line.replace(here, there)
        return subprocess.run(
            ["sh", "-euc", line], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
        )

    steps = lines("Onto an empty machine")
    assert len(steps) == 5
    for step in steps:
        done = await asyncio.to_thread(run, step)
        assert key not in done.stdout + done.stderr
        if step.endswith("doctor"):
            assert done.returncode == 1
            assert "数据库" in done.stdout
            assert "knowledge build" in done.stdout, "as the page says, the release is missing"
        else:
            assert done.returncode == 0, (step, done.stderr)
    assert [path.name for path in new.glob("*.gz")] == []
    called = await asyncio.to_thread(run, "/opt/yinfawen/deploy/yinfawen callbacks")
    assert MOBILE in called.stdout

    store = ConversationStore(database or f"sqlite:///{new / 'yinfawen.db'}")
    await store.check(name, token)  # the resident's widget still opens it
    await store.begin_turn(name, "t2", "还能接着问", ())
    assert [turn.text for turn in await store.history(name)] == ["工资拖着不给", "还能接着问"]
    await store.close()
