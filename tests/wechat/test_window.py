"""The five seconds, here one: whoever asks gets the answer to this question once, or a link to it, and never silence."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bot.channels.wechat import window as window_module
from bot.channels.wechat.identity import Identity
from bot.channels.wechat.messages import message
from bot.channels.wechat.respond import Responder
from bot.channels.wechat.store import WeChatStore
from bot.conversations.store import ConversationStore, connect
from tests.bot.fakes import until
from tests.wechat.fakes import OUT_OF_ORDER, EchoEngine, FakeApi, Person, Platform


def link_in(text: str | None) -> str:
    """The answer page's path in a reply."""
    (address,) = [word for word in (text or "").split() if "/a/" in word]
    return address[address.index("/a/") :]


async def page(platform: Platform, path: str) -> str:
    async with platform.session.get(platform.url.replace("/wechat", path)) as response:
        return await response.text()


async def test_a_quick_answer_is_the_reply(platform: Platform, person: Person) -> None:
    came = await platform.send(person.text("工钱要不回来"))
    assert (came.tries, OUT_OF_ORDER in (came.shown or "")) == (1, False)
    assert (came.shown or "").startswith("答〔工钱要不回来〕完。")


async def test_a_repeat_joins_the_answer_under_way(platform: Platform, person: Person, engine: EchoEngine) -> None:
    engine.seconds = lambda _: 1.4
    came = await platform.send(person.text("慢问题"))
    assert came.tries == 2
    assert (came.shown or "").startswith("答〔慢问题〕完。")
    assert engine.asked == ["慢问题"]


async def test_the_third_try_ends_with_a_link_where_the_answer_appears(
    platform: Platform, person: Person, engine: EchoEngine
) -> None:
    engine.seconds = lambda _: 4.0
    came = await platform.send(person.text("很慢的问题"))
    assert came.tries == 3
    assert 2.55 < came.seconds < 2.9  # the last reply leaves before four fifths of the last window
    path = link_in(came.shown)
    assert "12348" in (came.shown or "")
    assert "正在查您的问题" in await page(platform, path)
    await asyncio.sleep(1.5)
    assert "答〔很慢的问题〕完。" in await page(platform, path)
    assert engine.asked == ["很慢的问题"]


async def test_a_certified_account_gets_the_late_answer_as_a_message(
    start: Any, person: Person, engine: EchoEngine, wechat_api: FakeApi
) -> None:
    platform = await start(wechat_certified=True)
    engine.seconds = lambda _: 1.6
    came = await platform.send(person.text("慢问题"))
    assert (came.tries, came.seconds < 0.98) == (1, True)
    assert "马上发给您" in (came.shown or "")
    await until(lambda: wechat_api.sent)
    (late,) = wechat_api.texts(person.openid)
    assert late.startswith("您刚才问：“慢问题”\n答〔慢问题〕完。")
    assert "答〔慢问题〕完。" in await page(platform, link_in(came.shown))
    assert "慢问题" in wechat_api.raw[0].decode()  # as characters, not as \\uXXXX, which WeChat would show


async def test_when_the_late_message_is_refused_the_link_still_leads_to_the_answer(
    start: Any, person: Person, engine: EchoEngine, wechat_api: FakeApi
) -> None:
    platform = await start(wechat_certified=True)
    engine.seconds = lambda _: 1.2
    for code in (45015, 45047):
        wechat_api.errors = [code]
        came = await platform.send(person.text(f"问题{code}"))
        await until(lambda: not wechat_api.errors)
        assert wechat_api.sent == []
        assert f"答〔问题{code}〕完。" in await page(platform, link_in(came.shown))


async def test_the_previous_question_is_never_answered_instead(
    start: Any, person: Person, engine: EchoEngine, wechat_api: FakeApi
) -> None:
    platform = await start(wechat_certified=True)
    engine.seconds = lambda text: 1.5 if text == "甲问题" else 0.0
    first = asyncio.create_task(platform.send(person.text("甲问题")))
    await asyncio.sleep(0.2)
    second = await platform.send(person.text("乙问题"))
    assert (second.shown or "").startswith("答〔乙问题〕完。")
    assert "答〔" not in ((await first).shown or "")
    await until(lambda: wechat_api.sent)
    assert wechat_api.texts(person.openid)[0].startswith("您刚才问：“甲问题”\n答〔甲问题〕完。")


async def test_an_answer_just_at_the_end_of_the_window_is_given_once(
    start: Any, engine: EchoEngine, wechat_api: FakeApi
) -> None:
    platform = await start(wechat_certified=True)
    people = [Person() for _ in range(40)]
    moments = {f"问{number}": random.uniform(0.4, 0.8) for number in range(len(people))}
    engine.seconds = lambda text: moments[text]
    came = await asyncio.gather(*(platform.send(one.text(text)) for one, text in zip(people, moments, strict=True)))
    await asyncio.sleep(1)
    for one, text, reply in zip(people, moments, came, strict=True):
        said = [reply.shown or "", *wechat_api.texts(one.openid)]
        assert sum(f"答〔{text}〕完。" in words for words in said) == 1, said


async def test_the_same_delivery_twice_at_once_is_one_turn(
    platform: Platform, person: Person, engine: EchoEngine, rows: Any
) -> None:
    engine.seconds = lambda _: 0.3
    fields = person.text("同一条")
    replies = await asyncio.gather(*(platform.post(fields) for _ in range(5)))
    assert {platform.read(fields, body) for _, body in replies} == {platform.read(fields, replies[0][1])}
    assert engine.asked == ["同一条"]
    assert rows("SELECT count(*) FROM turns") == [(1,)]


async def test_one_msgid_for_two_people_is_two_messages(platform: Platform) -> None:
    people = [Person(ids=iter([6054768590064713728])) for _ in range(2)]
    came = await asyncio.gather(*(platform.send(one.text(f"我是{one.openid}")) for one in people))
    for one, reply in zip(people, came, strict=True):
        assert f"答〔我是{one.openid}〕完。" in (reply.shown or "")


async def test_two_replicas_share_one_answer(start: Any, person: Person, engine: EchoEngine, rows: Any) -> None:
    first, second = await start(), await start()
    engine.seconds = lambda _: 0.5
    fields = person.text("两台机器")
    replies = await asyncio.gather(first.post(fields), second.post(fields), first.post(fields), second.post(fields))
    assert {first.read(fields, body) for _, body in replies} == {first.read(fields, replies[0][1])}
    assert engine.asked == ["两台机器"]
    assert rows("SELECT count(*) FROM conversations") == [(1,)]


async def test_a_repeat_takes_over_when_the_first_worker_is_gone(
    platform: Platform, person: Person, engine: EchoEngine, rows: Any, options: Any
) -> None:

    fields = person.text("没答完就断电了")
    identity = Identity(options.wechat_token, options.wechat_app_id)
    key = identity.message(message(fields))
    conversations = ConversationStore(options.database)
    claim = await WeChatStore(conversations).claim(key, "n", identity.person(person.openid))
    assert (claim.mine, claim.tries) == (True, 1)
    held = await platform.post_within(fields, 0.5)
    assert held is None  # the other may still be at it
    with connect(options.database).begin() as connection:
        connection.exec_driver_sql("UPDATE wechat_messages SET leased_until = '2000-01-01 00:00:00'")
    assert "答〔没答完就断电了〕完。" in ((await platform.send(fields)).shown or "")
    await conversations.close()


async def test_the_claims_of_slow_messages_are_kept_with_one_statement_at_a_time(
    start: Any, engine: EchoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed: list[int] = []
    renew = WeChatStore.renew

    async def counted(store: WeChatStore, keys: Any) -> None:
        renewed.append(len(keys))
        await renew(store, keys)

    monkeypatch.setattr(WeChatStore, "renew", counted)
    monkeypatch.setattr(window_module, "RENEW", 0.2)
    platform = await start()
    engine.seconds = lambda _: 0.7
    await asyncio.gather(*(platform.send(Person().text(f"慢{number}")) for number in range(20)))
    assert renewed[1:3] == [20, 20]
    done = len(renewed)
    await asyncio.sleep(0.5)
    assert len(renewed) == done <= 6, "nothing is renewed when nothing is under way"


@pytest.mark.parametrize("order", range(3))
async def test_messages_out_of_order_keep_their_own_answers(
    platform: Platform, person: Person, engine: EchoEngine, order: int
) -> None:
    texts = [f"问题{number}" for number in range(6)]
    random.Random(order).shuffle(texts)
    engine.seconds = lambda text: random.Random(text).random()
    came = await asyncio.gather(*(platform.send(person.text(text)) for text in texts))
    for text, reply in zip(texts, came, strict=True):
        assert (reply.shown or "").startswith(f"答〔{text}〕完。")


async def test_a_broken_service_still_says_whom_to_call(
    platform: Platform, person: Person, knowledge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:

    async def broken(*_: Any) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr(Responder, "ask", broken)
    came = await platform.send(person.text("有人吗"))
    assert "12348" in (came.shown or "")
    assert "110" in (came.shown or "")


async def test_danger_is_answered_without_a_database(
    platform: Platform, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: Any) -> Any:
        raise OperationalError("SELECT", {}, Exception("the database is down"))

    monkeypatch.setattr(ConversationStore, "_run", down)
    came = await platform.send(person.text("救命"))
    assert (came.tries, "先打 110" in (came.shown or "")) == (1, True)
    assert "/a/" not in (came.shown or "")  # a link that nobody kept would lead nowhere


async def test_a_hanging_database_ends_with_the_hotlines(
    platform: Platform, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hanging(*_: Any) -> Any:
        await asyncio.sleep(6)
        raise OperationalError("SELECT", {}, Exception("the database hangs"))

    monkeypatch.setattr(ConversationStore, "_run", hanging)
    came = await platform.send(person.text("工钱要不回来"))
    assert (came.tries, "12348" in (came.shown or "")) == (3, True)


async def test_one_real_window(start: Any, person: Person, engine: EchoEngine) -> None:
    platform = await start(wechat_reply_seconds=4.5)
    platform.window = 5.0
    engine.seconds = lambda _: 16.0
    came = await platform.send(person.text("最慢的问题"))
    assert (came.tries, 14.2 < came.seconds < 14.7) == (3, True)
    assert "/a/" in (came.shown or "")
