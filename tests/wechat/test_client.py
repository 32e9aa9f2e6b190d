"""Calls to WeChat's interface: one token for all, renewed early and under a lock; errors that have a remedy."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy import text

from bot.channels.wechat import client as client_module
from bot.channels.wechat.client import ApiFault, WeChatApi
from bot.channels.wechat.tokens import TokenLocked, Tokens
from bot.conversations.migrate import migrate
from bot.conversations.store import ConversationStore
from tests.wechat.fakes import APP_ID, SECRET, FakeApi


@pytest_asyncio.fixture
async def stores(tmp_path: Any) -> AsyncIterator[list[ConversationStore]]:
    """Two replicas' stores on one database."""
    url = f"sqlite:///{tmp_path / 'x.db'}"
    migrate(url)
    opened = [ConversationStore(url), ConversationStore(url)]
    yield opened
    for store in opened:
        await store.close()


@pytest.fixture
def clients(stores: list[ConversationStore], session: aiohttp.ClientSession, wechat_api: Any) -> list[WeChatApi]:
    return [WeChatApi(session, store, wechat_api.url, APP_ID, SECRET) for store in stores]


async def say(client: WeChatApi, words: str = "好") -> None:
    await client.send_text("o1", words)


async def test_many_calls_in_two_replicas_fetch_one_token(clients: list[WeChatApi], wechat_api: FakeApi) -> None:
    wechat_api.token_seconds = 0.3
    await asyncio.gather(*(say(client) for client in clients * 10))
    assert (wechat_api.issued, len(wechat_api.sent)) == (1, 20)


async def test_a_token_is_renewed_five_minutes_before_its_end(clients: list[WeChatApi], wechat_api: FakeApi) -> None:
    wechat_api.expires_in = 299
    await say(clients[0])
    wechat_api.valid, wechat_api.expires_in = "", 301
    await say(clients[0])
    await say(clients[1])
    assert wechat_api.issued == 2


@pytest.mark.parametrize("code", [40001, 42001])
async def test_a_refused_token_is_renewed_once_and_the_call_repeated(
    clients: list[WeChatApi], wechat_api: FakeApi, code: int
) -> None:
    await say(clients[0])
    wechat_api.errors = [code]
    await say(clients[0])
    assert (wechat_api.issued, wechat_api.forced, len(wechat_api.sent)) == (2, 1, 2)
    await say(clients[1])
    assert wechat_api.issued == 2


async def test_a_token_refused_twice_is_an_error(clients: list[WeChatApi], wechat_api: FakeApi) -> None:
    wechat_api.errors = [40001, 40001]
    with pytest.raises(ApiFault) as fault:
        await say(clients[0])
    assert (fault.value.code, wechat_api.sent) == (40001, [])


async def test_many_refused_at_once_renew_once(clients: list[WeChatApi], wechat_api: FakeApi) -> None:
    await say(clients[0])
    wechat_api.valid = "another-machine-took-a-token"
    await asyncio.gather(*(say(client) for client in clients * 5))
    assert (wechat_api.forced, len(wechat_api.sent)) == (0, 11)


@pytest.mark.parametrize("code", [45015, 45047, 40200, 48001])
async def test_other_errors_are_told_and_not_repeated(clients: list[WeChatApi], wechat_api: FakeApi, code: int) -> None:
    wechat_api.errors = [code, code]
    with pytest.raises(ApiFault) as fault:
        await say(clients[0])
    assert (fault.value.code, len(wechat_api.errors)) == (code, 1)


async def test_a_busy_wechat_is_asked_again(clients: list[WeChatApi], wechat_api: FakeApi) -> None:
    wechat_api.errors = [-1]
    await say(clients[0])
    assert len(wechat_api.sent) == 1


async def test_after_a_timeout_nothing_is_sent_again(
    clients: list[WeChatApi], wechat_api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "TIMEOUT", aiohttp.ClientTimeout(total=0.3))
    wechat_api.seconds = 1.0
    with pytest.raises(ApiFault) as fault:
        await say(clients[0])
    await asyncio.sleep(0.5)
    assert (fault.value.code, len(wechat_api.sent)) == (0, 1)


@pytest.mark.parametrize("code", [40013, 40125, 40164])
async def test_no_token_says_what_to_do(clients: list[WeChatApi], wechat_api: FakeApi, code: int) -> None:
    wechat_api.token_error = code
    with pytest.raises(ApiFault) as fault:
        await say(clients[0])
    assert fault.value.code == code
    assert client_module.HINTS[code] in str(fault.value)
    wechat_api.token_error = 0
    await say(clients[1])  # the lock was let go


@pytest.mark.parametrize("seconds", [None, "7200"])
async def test_a_token_that_is_not_as_documented_is_refused(
    clients: list[WeChatApi], wechat_api: FakeApi, seconds: Any
) -> None:
    wechat_api.expires_in = seconds
    with pytest.raises(ApiFault):
        await say(clients[0])


@pytest.mark.parametrize(("length", "good"), [(512, True), (513, False)])
async def test_a_token_has_at_most_512_characters(
    clients: list[WeChatApi], wechat_api: FakeApi, length: int, good: bool
) -> None:
    wechat_api.valid = "x" * length
    if good:
        await say(clients[0])
    else:
        with pytest.raises(ApiFault):
            await say(clients[0])
    assert len(wechat_api.sent) == good


async def test_text_is_sent_as_characters(clients: list[WeChatApi], wechat_api: FakeApi) -> None:
    await say(clients[0], "您好“”\U0001f600")
    assert "您好“”\U0001f600" in wechat_api.raw[0].decode()


async def test_the_token_is_kept_encrypted_and_never_logged(
    clients: list[WeChatApi], stores: list[ConversationStore], wechat_api: FakeApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await say(clients[0])
    await wechat_api.stop()
    with pytest.raises(ApiFault) as fault:
        await say(clients[0])
    row = await stores[0].run(lambda connection: connection.execute(text("SELECT * FROM wechat_tokens")).one())
    for where in (str(tuple(row)), caplog.text, str(fault.value), repr(fault.value.__cause__)):
        assert wechat_api.valid not in where
        assert SECRET not in where


async def test_a_changed_secret_fetches_a_new_token(
    clients: list[WeChatApi], stores: list[ConversationStore], wechat_api: FakeApi
) -> None:
    await say(clients[0])

    async def fetch(force: bool) -> tuple[str, int]:
        return "new", 7200

    assert await Tokens(stores[0], APP_ID, "another secret", fetch).get() == "new"


async def test_a_lock_that_is_never_let_go_ends_in_time(
    stores: list[ConversationStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.wechat.tokens.LOCK", timedelta(seconds=1))
    until = datetime.now(UTC) + timedelta(seconds=60)

    async def fetch(force: bool) -> tuple[str, int]:
        raise AssertionError("locked")

    insert = text("INSERT INTO wechat_tokens VALUES (:app, '', '2000-01-01', :until)")
    given = {"app": APP_ID, "until": until.strftime("%Y-%m-%d %H:%M:%S.%f")}
    await stores[0].run(lambda connection: connection.execute(insert, given))
    with pytest.raises(TokenLocked):
        await Tokens(stores[0], APP_ID, SECRET, fetch).get()
