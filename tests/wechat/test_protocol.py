"""What WeChat's address accepts and refuses, over HTTP."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from typing import Any

import pytest

from tests.wechat.fakes import AES_KEY, OLD_AES_KEY, TOKEN, EchoEngine, Person, Platform, sign, xml_of


async def get(platform: Platform, **query: str) -> tuple[int, str, str]:
    async with platform.session.get(platform.url, params=query) as response:
        return response.status, await response.text(), response.content_type


def check(now: float | None = None, **changed: str) -> dict[str, str]:
    timestamp, nonce = str(int(now or time.time())), secrets.token_hex(5)
    query = {
        "timestamp": timestamp,
        "nonce": nonce,
        "echostr": "5793480 <b>回声",
        "signature": sign(TOKEN, timestamp, nonce),
    }
    return {**query, **changed}


async def test_without_a_token_there_is_no_channel(start: Any) -> None:
    platform = await start(wechat_token="", wechat_aes_key="")
    assert (await get(platform, **check()))[0] == 404
    assert (await platform.post(Person().text("在吗")))[0] == 404


async def test_the_address_check_gets_its_echo_and_nothing_else(platform: Platform) -> None:
    assert await get(platform, **check()) == (200, "5793480 <b>回声", "text/plain")


@pytest.mark.parametrize(
    "changed",
    [
        {"signature": "0" * 40},
        {"signature": ""},
        {"signature": "签名"},
        {"nonce": "other"},
        {"timestamp": "1"},
        {"timestamp": "99999999999999999999"},
        {"timestamp": "-5"},
        {"timestamp": "１２"},
        {"echostr": ""},
        {"echostr": "x" * 5000},
    ],
)
async def test_a_false_address_check_is_refused(platform: Platform, changed: dict[str, str]) -> None:
    status, body, _ = await get(platform, **check(**changed))
    assert (status, body) == (403, "")


@pytest.mark.parametrize("off", [-301, 302])
async def test_an_old_or_early_timestamp_is_refused_though_signed(platform: Platform, off: int) -> None:
    assert (await get(platform, **check(time.time() + off)))[0] == 403
    timestamp, nonce = str(int(time.time() + off)), "n1"
    query = {"timestamp": timestamp, "nonce": nonce, "signature": sign(TOKEN, timestamp, nonce)}
    async with platform.session.post(platform.url, params=query, data=xml_of(Person().text("旧"))) as response:
        assert response.status == 403


async def test_safe_mode_checks_msg_signature_never_signature(
    platform: Platform, person: Person, engine: EchoEngine
) -> None:
    fields = person.text("工钱")
    query, body = platform.envelope(xml_of(fields))
    for changed in (
        {"msg_signature": query["signature"]},
        {"msg_signature": ""},
        {"msg_signature": "0" * 40},
        {"encrypt_type": "des"},
        {"encrypt_type": "raw"},  # plaintext is not taken once a key is set
        {"encrypt_type": ""},
    ):
        async with platform.session.post(platform.url, params={**query, **changed}, data=body.encode()) as response:
            assert (response.status, await response.text()) == (403, ""), changed
    assert engine.asked == []
    del query["signature"]
    async with platform.session.post(platform.url, params=query, data=body.encode()) as response:
        assert "答〔工钱〕完。" in str(platform.read(fields, await response.text()))


async def test_a_changed_message_is_refused(platform: Platform, person: Person) -> None:
    query, _ = platform.envelope(xml_of(person.text("甲")))
    _, other = platform.envelope(xml_of(person.text("乙")))
    async with platform.session.post(platform.url, params=query, data=other.encode()) as response:
        assert response.status == 403


@pytest.mark.parametrize("encrypt_type", [None, "raw"])
async def test_plaintext_mode(start: Any, person: Person, encrypt_type: str | None) -> None:
    platform = await start(wechat_aes_key="")
    changed = {"encrypt_type": encrypt_type} if encrypt_type else {}
    fields = person.text("明文")
    status, body = await platform.post(fields, **changed)
    assert (status, "答〔明文〕完。" in str(platform.read(fields, body))) == (200, True)
    assert (await platform.post(person.text("明文"), signature="0" * 40))[0] == 403
    assert (await platform.post(person.text("明文"), encrypt_type="aes"))[0] == 403


async def test_a_key_is_changed_without_losing_a_message(start: Any, person: Person) -> None:
    platform = await start(wechat_aes_key=AES_KEY, wechat_aes_key_previous=OLD_AES_KEY)
    for key in (OLD_AES_KEY, AES_KEY):
        platform.aes_key = key  # the platform opens the reply with the key that it wrote with
        came = await platform.send(person.text(f"密钥{key[0]}"))
        assert f"答〔密钥{key[0]}〕完。" in str(came.shown)


async def test_a_nonce_belongs_to_one_message(start: Any, person: Person, engine: EchoEngine) -> None:
    platform = await start(wechat_aes_key="")  # the mode whose signature does not cover the message
    first = person.text("我说的")
    query, body = platform.envelope(xml_of(first))
    forged = xml_of(person.text("别人说的"))
    for text, status in ((body, 200), (body, 200), (forged, 403)):
        async with platform.session.post(platform.url, params=query, data=text.encode()) as response:
            assert response.status == status
    assert engine.asked == ["我说的"]


async def test_repeats_are_told_apart_by_sender_number_time_event_and_key(
    platform: Platform, person: Person, engine: EchoEngine
) -> None:
    from bot.channels.wechat.menu import key

    ask = person.event("CLICK", key("怎么用"))
    events = [ask, {**ask, "CreateTime": "1"}, {**ask, "FromUserName": "o2"}, {**ask, "EventKey": key("转人工")}, ask]
    for fields in events:
        await platform.send(fields)
    assert engine.asked == ["怎么用", "怎么用", "怎么用", "转人工"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"\xff\xfe<\x00",
        b"<xml>",
        b'<?xml version="1.0" encoding="utf-7"?><xml/>',
        b'<?xml version="1.0" encoding="nothing"?><xml/>',
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Content>&a;</Content></xml>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><xml/>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><xml><Content>&e;</Content></xml>',
        b"<xml>" + b"<a>" * 20000,
        b"<xml><ToUserName>a</ToUserName></xml>",
        b"<xml><Content>" + b"x" * 9000 + b"</Content></xml>",
    ],
)
async def test_what_is_no_message_is_refused(start: Any, body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    platform = await start(wechat_aes_key="")
    query, _ = platform.envelope("")
    async with platform.session.post(platform.url, params=query, data=body) as response:
        assert response.status == 400
        assert await response.text() == ""
    assert "was refused: -40002: " in caplog.text


async def test_a_body_that_is_too_large_is_refused(platform: Platform) -> None:
    query, _ = platform.envelope("x")
    async with platform.session.post(platform.url, params=query, data=b"x" * 70_000) as response:
        assert response.status == 413


async def test_elements_that_come_twice_count_once(start: Any, person: Person, engine: EchoEngine) -> None:
    platform = await start(wechat_aes_key="")
    body = xml_of(person.text("第一个")).replace("</xml>", "<Content>第二个</Content><MsgId>9</MsgId></xml>")
    query, _ = platform.envelope("")
    async with platform.session.post(platform.url, params=query, data=body.encode()) as response:
        assert response.status == 200
    assert engine.asked == ["第一个"]


async def test_a_message_without_a_number_is_answered(platform: Platform, person: Person) -> None:
    fields = person.text("没有编号")
    del fields["MsgId"]
    assert "答〔没有编号〕完。" in str((await platform.send(fields)).shown)


async def test_nothing_personal_is_kept_or_logged(
    caplog: pytest.LogCaptureFixture, platform: Platform, person: Person, options: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    await platform.send(person.text("我叫王小明，电话13812345678，老板欠钱"))
    await platform.send(person.text("不满意：打13812345678找我"))
    await asyncio.sleep(0.1)
    kept = b"".join(path.read_bytes() for path in options.data_dir.glob("yinfawen.db*"))
    assert person.openid.encode() not in kept
    assert b"13812345678" not in kept
    logged = caplog.text
    assert "王小明" not in logged
    assert person.openid not in logged
    assert options.wechat_token not in logged
