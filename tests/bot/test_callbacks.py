"""Numbers left for a call back: only encrypted, only where they belong, gone when they are no longer needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.fernet import Fernet
from pydantic import ValidationError
from sqlalchemy import select, update

from bot.__main__ import main
from bot.conversations import callbacks as live
from bot.conversations.callbacks import CONSENT, Callbacks, masked
from bot.conversations.migrate import migrate
from bot.conversations.privacy import first_mobile
from bot.conversations.store import ConversationStore
from bot.conversations.tables import callbacks, conversations
from bot.desk.tables import audit
from bot.settings import Settings
from tests.bot.fakes import FakeRasa, Resident, erase_older_than

MOBILE = "13812345678"


@pytest.fixture
def key() -> str:
    return Fernet.generate_key().decode()


@pytest_asyncio.fixture
async def store(database_url: str) -> AsyncIterator[ConversationStore]:
    opened = ConversationStore(database_url)
    yield opened
    await opened.close()


async def written(store: ConversationStore) -> str:
    """All that is in the table."""
    return str(await store.run(lambda connection: connection.execute(select(callbacks)).all()))


async def left(requests: Callbacks, store: ConversationStore, number: str = MOBILE) -> str:
    """A conversation in which a number was left; its id."""
    conversation, _ = await store.open_conversation("web")
    with requests.holding(conversation, number):
        assert await requests.keep(conversation) == masked(number)
    return conversation


async def test_a_number_is_kept_encrypted_and_told_to_staff(store: ConversationStore, key: str) -> None:
    requests = Callbacks(store, key)
    await left(requests, store)
    (waiting,) = await requests.waiting()
    assert (waiting.number, waiting.shown) == (MOBILE, "138****5678")
    assert "138****5678" in await written(store)
    assert MOBILE not in await written(store)


async def test_sent_twice_the_last_number_counts(store: ConversationStore, key: str) -> None:
    requests = Callbacks(store, key)
    conversation = await left(requests, store)
    with requests.holding(conversation, "13900001111"):
        await requests.keep(conversation)
    assert [row.number for row in await requests.waiting()] == ["13900001111"]


async def test_once_called_the_number_is_wiped(store: ConversationStore, key: str) -> None:
    requests = Callbacks(store, key)
    await left(requests, store)
    (waiting,) = await requests.waiting()
    assert await requests.done(waiting.id)
    assert not await requests.done(waiting.id)
    assert await requests.waiting() == []


async def test_it_is_erased_with_its_conversation(store: ConversationStore, key: str) -> None:
    requests = Callbacks(store, key)
    old, _ = await left(requests, store), await left(requests, store, "13900001111")
    long_ago = datetime.now(UTC) - timedelta(days=200)
    await store.run(
        lambda connection: connection.execute(
            update(conversations).where(conversations.c.id == old).values(last_turn_at=long_ago)
        )
    )
    assert await erase_older_than(store, 180) == 1
    assert [row.number for row in await requests.waiting()] == ["13900001111"]


async def test_another_key_opens_nothing(store: ConversationStore, key: str) -> None:
    await left(Callbacks(store, key), store)
    (waiting,) = await Callbacks(store, Fernet.generate_key().decode()).waiting()
    assert (waiting.number, waiting.shown) == (None, "138****5678")


async def test_a_number_is_held_for_its_turn_only(store: ConversationStore, key: str) -> None:
    requests = Callbacks(store, key)
    conversation, _ = await store.open_conversation("web")
    with requests.holding(conversation, MOBILE):
        pass
    assert await requests.keep(conversation) is None


async def test_without_a_key_nothing_is_offered_or_held(store: ConversationStore) -> None:
    requests = Callbacks(store, "")
    conversation, _ = await store.open_conversation("web")
    with requests.holding(conversation, MOBILE):
        assert await requests.keep(conversation) is None
    live.use(requests)
    try:
        assert live.current() is None
    finally:
        live.use(None)


def test_what_is_no_key_is_named_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="callback-key"):
        Settings(_env_file=None, data_dir=tmp_path, callback_key="secret")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (MOBILE, MOBILE),
        ("我的号码是138 1234 5678,晚上打", MOBILE),
        ("＋86 138-1234-5678", MOBILE),
        ("一三八一二三四五六七八", MOBILE),
        ("打0372-5139017", None),
        ("身份证11010519491231002X", None),
        ("没有", None),
    ],
)
def test_the_number_in_a_message(text: str, number: str | None) -> None:
    assert first_mobile(text) == number


async def test_the_number_reaches_neither_the_turn_nor_the_engine_nor_a_log(
    start: Callable[..., Awaitable[Any]],
    meet: Callable[..., Awaitable[Resident]],
    rasa: FakeRasa,
    key: str,
    rows: Callable[[str], list[tuple[Any, ...]]],
) -> None:
    resident = await meet(await start(callback_key=key))
    assert (await resident.say(f"我的号码是{MOBILE}")).status == 200
    assert MOBILE not in str(rasa.messages)
    assert MOBILE not in str(rows("select * from turns"))
    assert rows("select * from callbacks") == []  # nobody agreed to anything


def test_staff_see_who_waits(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bot.__main__.settings", lambda: Settings(_env_file=None, data_dir=tmp_path))
    monkeypatch.setattr("sys.argv", ["bot", "callbacks"])
    assert main() == 1
    assert "YINFAWEN_CALLBACK_KEY" in capsys.readouterr().err
    options = Settings(_env_file=None, data_dir=tmp_path, callback_key=key)
    migrate(options.database)
    monkeypatch.setattr("bot.__main__.settings", lambda: options)
    assert main() == 0
    monkeypatch.setattr("sys.argv", ["bot", "callbacks", "--done", "nobody"])
    assert main() == 1


def test_the_consent_has_a_version() -> None:
    assert datetime.fromisoformat(CONSENT)


async def test_what_the_command_reads_and_changes_is_in_the_audit_log(store: ConversationStore, key: str) -> None:
    requests = Callbacks(store, key)
    await left(requests, store)
    (waiting,) = await requests.waiting()
    assert await requests.done(waiting.id)
    assert not await requests.done(waiting.id)
    rows = await store.run(lambda connection: connection.execute(select(audit.c.action, audit.c.details)).all())
    assert rows == [("callback.unmask", {"rows": 1}), ("callback.done", {})]
    assert "13812345678" not in str(rows)
