"""Staff write to residents on WeChat: silent bot, customer-service messages, the limits of 48 hours and five messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient

from bot.channels.web.access import STORE
from bot.conversations.migrate import migrate
from bot.desk import accounts, passwords
from bot.desk.audit import COMMAND
from bot.service import make_app
from bot.settings import Settings
from knowledge.records import Status
from tests.bot.fakes import until
from tests.desk.conftest import PASSWORD, Browser
from tests.wechat.fakes import EchoEngine, FakeApi, Person, Platform

Rows = Callable[[str], list[tuple[Any, ...]]]
Both = tuple[Platform, Browser]


@pytest.fixture
def both(
    options: Settings,
    knowledge: Any,
    session: aiohttp.ClientSession,
    aiohttp_server: Callable[..., Awaitable[Any]],
) -> Callable[..., Awaitable[Both]]:
    """WeChat's platform and an operator who is logged in, at one service."""

    async def start(certified: bool = True) -> Both:
        changed = options.model_copy(update={"wechat_certified": certified})
        migrate(changed.database)
        server = await aiohttp_server(make_app(changed))
        made = passwords.hashed(PASSWORD)

        def work(connection: Any) -> None:
            accounts.add(connection, COMMAND, "wang", "王", made)
            accounts.set_password(connection, COMMAND, "wang", made, must_change=False)
            accounts.grant(connection, COMMAND, "wang", "operator", "测试")

        await server.app[STORE].run(work)
        operator = Browser(TestClient(server, cookie_jar=CookieJar(unsafe=True)))
        assert await operator.log_in("wang") == 303
        return Platform(session, str(server.make_url("/wechat")), changed.wechat_aes_key or None, 1.0), operator

    return start


async def test_staff_write_within_what_wechat_allows(
    both: Any, person: Person, engine: EchoEngine, wechat_api: FakeApi, rows: Rows
) -> None:
    platform, operator = await both()
    await platform.send(person.text("你好"))
    ((conversation,),) = rows("select conversation_id from wechat_users")
    one = f"/desk/conversations/{conversation}"
    await operator.post(f"{one}/take")
    assert wechat_api.sent == []  # nothing to write to yet, and the desk says so before anybody tries
    assert "要等居民再发一句话" in (await operator.get(one))[1]
    assert (await operator.post(f"{one}/messages", text="您好"))[0] == 409

    await platform.send(person.text("在吗"))
    assert rows("select reason from turns where text = '在吗'") == [("with-staff",)]
    await until(lambda: rows("select contact from handovers where contact != ''"))
    assert person.openid not in str(rows("select * from handovers"))
    assert "还能发 5 条" in (await operator.get(one))[1]
    for number in range(5):
        assert (await operator.post(f"{one}/messages", text=f"第{number}条"))[0] == 303
    assert [sent["text"]["content"] for sent in wechat_api.sent] == [f"第{number}条" for number in range(5)]
    assert {sent["touser"] for sent in wechat_api.sent} == {person.openid}
    assert "已经连发 5 条" in (await operator.get(one))[1]
    assert (await operator.post(f"{one}/messages", text="第六条"))[0] == 409
    assert rows("select count(*) from turns where reason = 'staff-message'") == [(5,)]

    await platform.send(person.text("好的"))
    await until(lambda: rows("select sent from handovers") == [(0,)])
    assert (await operator.post(f"{one}/back"))[0] == 303
    assert len(wechat_api.sent) == 6  # told that staff left
    assert rows("select contact from handovers") == [("",)]


async def test_what_the_bot_sends_later_counts_among_the_five(
    both: Any, person: Person, engine: EchoEngine, wechat_api: FakeApi, rows: Rows
) -> None:
    platform, operator = await both()
    engine.status = Status.HANDOVER
    await platform.send(person.text("转人工"))
    await until(lambda: rows("select contact from handovers where contact != ''"))
    engine.status = Status.ANSWERED
    engine.seconds = lambda _: 1.5
    await platform.send(person.text("工钱要不回来"))
    await until(lambda: wechat_api.sent)
    assert rows("select sent from handovers") == [(1,)]
    ((conversation,),) = rows("select conversation_id from handovers")
    await operator.get(f"/desk/conversations/{conversation}")
    await operator.post(f"/desk/conversations/{conversation}/take")
    told = len(wechat_api.sent)  # that somebody is there now counts as well
    assert f"还能发 {5 - told} 条" in (await operator.get(f"/desk/conversations/{conversation}"))[1]


async def test_what_wechat_refuses_is_not_shown_as_said(
    both: Any, person: Person, wechat_api: FakeApi, rows: Rows
) -> None:
    platform, operator = await both()
    await platform.send(person.text("你好"))
    ((conversation,),) = rows("select conversation_id from wechat_users")
    one = f"/desk/conversations/{conversation}"
    await operator.get(one)
    await operator.post(f"{one}/take")
    await platform.send(person.text("在吗"))
    await until(lambda: rows("select contact from handovers where contact != ''"))
    wechat_api.errors = [45015]
    status, page = await operator.post(f"{one}/messages", text="您好")
    assert (status, "45015" in page) == (409, True)
    assert rows("select count(*) from turns where reason = 'staff-message'") == [(0,)]


async def test_an_account_that_is_not_certified_says_so(both: Any, person: Person, rows: Rows) -> None:
    platform, operator = await both(certified=False)
    await platform.send(person.text("你好"))
    ((conversation,),) = rows("select conversation_id from wechat_users")
    one = f"/desk/conversations/{conversation}"
    await operator.get(one)
    await operator.post(f"{one}/take")
    assert "公众号没有认证" in (await operator.get(one))[1]
    assert (await operator.post(f"{one}/messages", text="您好"))[0] == 409
