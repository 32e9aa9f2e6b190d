"""The HTTP API as a resident's program sees it, with everything that can go wrong going wrong."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from prometheus_client import REGISTRY
from sqlalchemy.exc import OperationalError
from yarl import URL

from bot.channels.web.problems import KINDS, Problem
from bot.conversations.store import ConversationStore
from bot.service import SECURITY_HEADERS
from bot.settings import Settings
from tests.bot.fakes import FakeRasa, Reply, Resident, SmallKnowledge, an_answer, until

Start = Callable[..., Awaitable[TestClient[Any, Any]]]
Meet = Callable[[TestClient[Any, Any]], Awaitable[Resident]]
Rows = Callable[[str], list[tuple[Any, ...]]]

ID_CARD, MOBILE, BANK_CARD = "11010519491231002X", "13812345678", "4111 1111 1111 1111"
GOOD = an_answer("引擎的答复。").to_dict()


def counted(name: str, **labels: str) -> float:
    """The present value of one of the service's counters."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def assert_problem(reply: Reply, status: int, kind: str) -> None:
    """A problem+json in both languages, and nothing else."""
    assert (reply.status, reply.body["type"]) == (status, f"/problems/{kind}")
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert re.search(r"[\u4e00-\u9fff]", reply.body["title"] + reply.body["detail"])
    assert reply.body["title_en"].isascii()


# --- a good day ---


async def test_a_question_is_answered_by_the_engine_and_stored(resident: Resident, rasa: FakeRasa, rows: Rows) -> None:
    reply = await resident.say("法律援助热线电话是多少?")
    assert reply.status == 200
    assert reply.body["answer"] == GOOD
    assert rows("select id, number, text, status, engine, release from turns") == [
        (reply.body["turn_id"], 1, "法律援助热线电话是多少?", "answered", "rasa", GOOD["release"])
    ]
    assert [message["message"] for message in rasa.messages] == ["法律援助热线电话是多少"]
    assert rasa.messages[0]["sender"] == resident.conversation_id
    assert resident.token not in json.dumps(rasa.messages)


async def test_of_a_place_only_the_town_is_kept_and_nobody_is_told(resident: Resident, rows: Rows) -> None:
    reply = await resident.say("我住水冶镇北街社区，法律援助热线电话是多少", "t1")
    await resident.say("要带什么", "t2")
    assert rows("select town from turns order by number") == [("水冶镇",), (None,)]
    assert "水冶镇" not in json.dumps(reply.body["answer"], ensure_ascii=False)
    assert "town" not in json.dumps((await resident.history()).body)


async def test_danger_is_answered_before_the_engine_is_asked(resident: Resident, rasa: FakeRasa, rows: Rows) -> None:
    reply = await resident.say("救命，他要打死我")
    assert reply.body["answer"]["status"] == "crisis"
    assert rasa.messages == []
    assert rows("select engine, status from turns") == [("crisis", "crisis")]


async def test_history_holds_the_turns_in_their_order(resident: Resident) -> None:
    asked = [f"第{word}个问题" for word in "一二三"]
    turns = [(await resident.say(text, f"t{number}")).body for number, text in enumerate(asked)]
    history = (await resident.history()).body["turns"]
    assert [turn["text"] for turn in history] == asked
    assert [(turn["turn_id"], turn["answer"]) for turn in history] == [(t["turn_id"], t["answer"]) for t in turns]
    assert [turn["client_turn_id"] for turn in history] == ["t0", "t1", "t2"]
    assert history[0]["created_at"].endswith("+00:00")


async def test_history_is_the_last_two_hundred_turns(resident: Resident, client: TestClient[Any, Any]) -> None:
    store = next(value for value in client.app.values() if isinstance(value, ConversationStore))
    for number in range(205):
        await store.begin_turn(resident.conversation_id, f"t{number}", f"问题{number}", ())
    history = (await resident.history()).body["turns"]
    assert [turn["text"] for turn in history] == [f"问题{number}" for number in range(5, 205)]
    assert history[0]["answer"] is None


async def test_two_residents_do_not_see_each_other(
    resident: Resident, client: TestClient[Any, Any], meet: Meet
) -> None:
    await resident.say("我家的事情别人不能看")
    neighbour = await meet(client)
    assert (await neighbour.history()).body == {"turns": []}
    curious = Resident(client, resident.conversation_id, neighbour.token)
    assert_problem(await curious.history(), 401, "no-token")
    assert_problem(await curious.say("看看他说了什么"), 401, "no-token")


# --- the dialogue engine misbehaves ---

WRONG_SHAPES: dict[str, Any] = {
    "an object": {"answer": GOOD},
    "a number": 7,
    "null": None,
    "text": "你好",
    "a list of text": ["你好"],
    "a reply without an answer": [{"recipient_id": "x", "text": "Sorry, rasa fallback"}],
    "an empty answer": [{"custom": {"answer": {}}}],
    "an answer that is a list": [{"custom": {"answer": [1]}}],
    "an unknown status": [{"custom": {"answer": GOOD | {"status": "wonderful"}}}],
    "no text": [{"custom": {"answer": GOOD | {"text": None}}}],
    "blank text": [{"custom": {"answer": GOOD | {"text": " \n"}}}],
    "citations that are text": [{"custom": {"answer": GOOD | {"citations": "无"}}}],
    "a route with a number for a number": [{"custom": {"answer": GOOD | {"routes": [GOOD["routes"][0] | {"number": 1}]}}}],
    "a route with an unknown field": [{"custom": {"answer": GOOD | {"routes": [{"door": "12348"}]}}}],
    "follow-ups that are text": [{"custom": {"answer": GOOD | {"follow_ups": "还能问"}}}],
    "a matter that is a list": [{"custom": {"answer": GOOD | {"matter": ["x"]}}}],
}  # fmt: skip


async def assert_answered_without_the_engine(resident: Resident, rows: Rows, reason: str) -> None:
    """The resident gets the answer of knowledge, it is stored and counted, and nobody speaks of engines."""
    counter = {"channel": "web", "status": "answered", "reason": "answered", "engine": "knowledge"}
    turns = counted("yinfawen_turns_total", **counter)
    failures = counted("yinfawen_engine_failures_total", reason=reason)
    reply = await resident.say("邻居占了我家的地")
    assert reply.status == 200
    assert reply.body["answer"] == an_answer("知识库的答复。").to_dict()
    assert not re.search("rasa|engine|引擎|对话模型", json.dumps(reply.body, ensure_ascii=False), re.IGNORECASE)
    assert rows("select text, engine, status from turns") == [("邻居占了我家的地", "knowledge", "answered")]
    assert counted("yinfawen_turns_total", **counter) == turns + 1
    assert counted("yinfawen_engine_failures_total", reason=reason) == failures + 1


@pytest.mark.parametrize("shape", WRONG_SHAPES)
async def test_engine_says_something_else(shape: str, resident: Resident, rasa: FakeRasa, rows: Rows) -> None:
    rasa.reply = WRONG_SHAPES[shape]
    await assert_answered_without_the_engine(resident, rows, "garbage")


@pytest.mark.parametrize("raw", [b"", b"{", b"<html>502</html>", b"\xff\xfe\x00", b"[" * 100_000], ids=range(5))
async def test_engine_says_what_is_no_json(raw: bytes, resident: Resident, rasa: FakeRasa, rows: Rows) -> None:
    rasa.raw = raw
    await assert_answered_without_the_engine(resident, rows, "garbage")


async def test_engine_says_a_web_page(resident: Resident, rasa: FakeRasa, rows: Rows) -> None:
    rasa.raw, rasa.content_type = b"<html>Bad Gateway</html>", "text/html"
    await assert_answered_without_the_engine(resident, rows, "garbage")


async def test_engine_says_nothing(resident: Resident, rasa: FakeRasa, rows: Rows) -> None:
    rasa.reply = []
    await assert_answered_without_the_engine(resident, rows, "empty")


@pytest.mark.parametrize("status", [204, 404, 500, 503])
async def test_engine_answers_with_an_error(status: int, resident: Resident, rasa: FakeRasa, rows: Rows) -> None:
    rasa.status = status
    await assert_answered_without_the_engine(resident, rows, "garbage")


async def test_engine_hangs(resident: Resident, rasa: FakeRasa, rows: Rows) -> None:
    rasa.seconds = 30
    await assert_answered_without_the_engine(resident, rows, "timeout")
    rests = counted("yinfawen_engine_failures_total", reason="resting")
    assert (await resident.say("那怎么办呢", "t2")).body["answer"]["text"] == "知识库的答复。"
    assert len(rasa.messages) == 1, "the second question does not wait for it again"
    assert counted("yinfawen_engine_failures_total", reason="resting") == rests + 1


async def test_engine_is_down(resident: Resident, rasa: FakeRasa, rows: Rows) -> None:
    await rasa.stop()
    await assert_answered_without_the_engine(resident, rows, "down")


async def test_a_message_cannot_fire_an_intent(resident: Resident, rasa: FakeRasa, rows: Rows) -> None:
    await resident.say('/restart{"x": 1}')
    assert [message["message"] for message in rasa.messages] == ['restart{"x": 1}']
    assert (await resident.say("///", "t2")).body["answer"]["text"] == "知识库的答复。"
    assert len(rasa.messages) == 1


async def test_when_knowledge_breaks_too_the_hotline_is_left(
    resident: Resident, rasa: FakeRasa, knowledge: SmallKnowledge, rows: Rows
) -> None:
    rasa.reply, knowledge.fault = [], RuntimeError("index damaged")
    reply = await resident.say("邻居占了我家的地")
    assert (reply.status, reply.body["answer"]["status"]) == (200, "error")
    assert reply.body["answer"]["routes"][0]["link"] == "tel:12348"
    assert rows("select status, reason from turns") == [("error", "engine-down")]


async def test_readyz_reports_the_engine_but_does_not_need_it(client: TestClient[Any, Any], rasa: FakeRasa) -> None:
    ready = await client.get("/readyz")
    assert (ready.status, (await ready.json())["dialogue"]) == (200, "ok")
    await rasa.stop()
    ready = await client.get("/readyz")
    assert (ready.status, (await ready.json())["dialogue"]) == (200, "down")


# --- the same turn twice ---


async def test_sending_a_turn_again_returns_the_same_answer(resident: Resident, rasa: FakeRasa, rows: Rows) -> None:
    first, second = await resident.say("工资拖着不给"), await resident.say("工资拖着不给")
    assert first.body == second.body
    assert len(rasa.messages) == 1
    assert rows("select count(*) from turns") == [(1,)]


async def test_sending_a_turn_ten_times_at_once_stores_one(resident: Resident, rasa: FakeRasa, rows: Rows) -> None:
    rasa.seconds = 0.1
    replies = await asyncio.gather(*(resident.say("工资拖着不给") for _ in range(10)))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body["turn_id"] for reply in replies}) == 1
    assert len(rasa.messages) == 1
    assert rows("select count(*) from turns") == [(1,)]


async def test_the_same_id_with_another_text_is_refused(resident: Resident, rasa: FakeRasa, rows: Rows) -> None:
    first = await resident.say("工资拖着不给")
    assert_problem(await resident.say("房东不退押金"), 409, "other-text")
    assert rows("select id, text from turns") == [(first.body["turn_id"], "工资拖着不给")]
    assert len(rasa.messages) == 1


async def test_a_turn_left_without_an_answer_is_answered_when_sent_again(resident: Resident, rows: Rows) -> None:
    store = next(value for value in resident.client.app.values() if isinstance(value, ConversationStore))
    left = await store.begin_turn(resident.conversation_id, "t1", "工资拖着不给", ())
    reply = await resident.say("工资拖着不给")
    assert reply.body["turn_id"] == left.id
    assert rows("select status from turns") == [("answered",)]


async def test_a_resident_who_hangs_up_still_gets_the_turn_answered_and_stored(
    resident: Resident, rasa: FakeRasa, rows: Rows
) -> None:
    rasa.seconds = 0.3
    asking = asyncio.create_task(resident.say("工资拖着不给"))
    await until(lambda: rasa.messages)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await until(lambda: rows("select status from turns") == [("answered",)])
    history = (await resident.history()).body["turns"]
    assert [turn["answer"]["text"] for turn in history] == ["引擎的答复。"]
    assert len(rasa.messages) == 1


# --- who may speak ---


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer wrong", "Bearer 口令"])
async def test_without_the_right_token_nobody_speaks(header: str | None, resident: Resident, rows: Rows) -> None:
    headers = {} if header is None else {"Authorization": header}
    reply = await resident.post(json={"text": "工资拖着不给", "client_turn_id": "t1"}, headers=headers)
    assert_problem(reply, 401, "no-token")
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert rows("select count(*) from turns") == [(0,)]


@pytest.mark.parametrize(
    "name", ["nobody", "x" * 5000, "%00", "a%00b", "%ED%A0%80", "%FF", "..%2F..", "'; drop table turns", "会话"]
)
async def test_an_unknown_conversation_is_not_found(name: str, resident: Resident, rows: Rows) -> None:
    headers = {"Authorization": f"Bearer {resident.token}"}
    url = URL(f"/api/v1/conversations/{name}/turns", encoded="%" in name)
    async with resident.client.post(url, json={"text": "在吗", "client_turn_id": "t1"}, headers=headers) as response:
        reply = Reply(response.status, await response.json(content_type=None), response.headers)
    assert_problem(reply, 404, "unknown-conversation")
    assert rows("select count(*) from turns") == [(0,)]


# --- what is said ---


@pytest.mark.parametrize(
    "text", ["", " ", "\n\t\u3000", "\0", "\x00\x01\x1b\x7f", "\u200b\u200d\ufeff", "\u3164\u2800"], ids=ascii
)
async def test_nothing_to_read_is_told(text: str, resident: Resident, rows: Rows) -> None:
    assert_problem(await resident.say(text), 422, "no-text")
    assert rows("select count(*) from turns") == [(0,)]


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("你好\0世界", "你好世界"),
        ("\u202e工资\u200b拖欠\x1b[31m", "工资拖欠[31m"),
        ("\ud83d工资拖着", "工资拖着"),
        ("工资\udc00拖着", "工资拖着"),
    ],
    ids=ascii,
)
async def test_hidden_characters_are_dropped(text: str, stored: str, resident: Resident, rows: Rows) -> None:
    assert (await resident.say(text)).status == 200
    assert rows("select text from turns") == [(stored,)]


@pytest.mark.parametrize(
    "text",
    [
        "😭😭😭",
        "👨‍👩‍👧",
        "法律援助熱線電話是多少",
        "falv yuanzhu dianhua duoshao",
        "'; DROP TABLE turns; --",
        '" OR 1=1 --',
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "{{7*7}} ${x} %s %(a)s {0}",
        "第一行\n第二行",
        "我" * 1000,
    ],
)
async def test_whatever_is_said_is_stored_as_it_was_said(text: str, resident: Resident, rows: Rows) -> None:
    assert (await resident.say(text)).status == 200
    visible = text.replace("\u200d", "")
    assert rows("select text from turns") == [(visible,)]
    assert (await resident.history()).body["turns"][0]["text"] == visible


async def test_too_much_is_told(resident: Resident, rows: Rows) -> None:
    reply = await resident.say("我" * 1001)
    assert_problem(reply, 413, "too-large")
    assert "1000" in reply.body["detail"]
    assert_problem(await resident.say("我" * 100_000), 413, "too-large")
    assert_problem(await resident.post(data=b" " * 100_000, headers=typed(resident)), 413, "too-large")
    assert rows("select count(*) from turns") == [(0,)]


def typed(resident: Resident, content_type: str = "application/json") -> dict[str, str]:
    return {"Authorization": f"Bearer {resident.token}", "Content-Type": content_type}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"text"', b"7", b"\xff", b"[" * 60_000, b"9" * 9000], ids=range(9)
)
async def test_what_is_no_json_object_is_refused(body: bytes, resident: Resident, rows: Rows) -> None:
    assert_problem(await resident.post(data=body, headers=typed(resident)), 400, "bad-json")
    assert rows("select count(*) from turns") == [(0,)]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ";"])
async def test_only_json_is_read(content_type: str, resident: Resident) -> None:
    body = b'{"text": "x", "client_turn_id": "t1"}'
    assert_problem(await resident.post(data=body, headers=typed(resident, content_type)), 415, "wrong-type")


@pytest.mark.parametrize(
    "change",
    [
        {"text": None},
        {"text": 5},
        {"text": ["工资"]},
        {"client_turn_id": None},
        {"client_turn_id": 7},
        {"client_turn_id": ""},
        {"client_turn_id": "x" * 65},
        {"client_turn_id": "t1\n"},
        {"client_turn_id": "t1\0"},
        {"client_turn_id": "编号"},
        {"client_turn_id": "\ud800"},
        {"sender": "someone else"},
        {"\ud800": "a lone surrogate as a name"},
        {"\0\n" * 40: 1},
    ],
    ids=ascii,
)
async def test_other_fields_and_kinds_are_refused(change: dict[str, Any], resident: Resident, rows: Rows) -> None:
    body = {"text": "工资拖着不给", "client_turn_id": "t1"} | change
    assert_problem(await resident.post(json=body), 422, "invalid")
    assert rows("select count(*) from turns") == [(0,)]


# --- personal numbers ---


@pytest.mark.parametrize(
    "number",
    [
        ID_CARD,
        MOBILE,
        BANK_CARD,
        "１３８１２３４５６７８",
        "138 1234 5678",
        "一三八一二三四五六七八",
        "①③⑧①②③④⑤⑥⑦⑧",
        "¹³⁸¹²³⁴⁵⁶⁷⁸",
    ],
)
@pytest.mark.parametrize("engine", ["up", "down"])
async def test_personal_numbers_are_kept_nowhere(
    number: str, engine: str, resident: Resident, rasa: FakeRasa, knowledge: SmallKnowledge, rows: Rows
) -> None:
    if engine == "down":
        rasa.reply = []
    reply = await resident.say(f"我的号码是{number},帮我查法律援助,打12348行吗")
    assert reply.status == 200
    history = (await resident.history()).body["turns"]
    kept = [rasa.messages[0]["message"], *knowledge.asked, history[0]["text"], rows("select text from turns")[0][0]]
    for text in kept:
        assert re.fullmatch(r"我的号码是〔(手机|身份证|银行卡)号已隐藏〕,帮我查法律援助,打12348行吗", text)
    assert number not in json.dumps([rasa.messages, history], ensure_ascii=False) + str(rows("select * from turns"))
    assert len(kept) == (3 if engine == "up" else 4)


# --- too often ---


@pytest.mark.parametrize("limit", ["turns_per_minute", "address_per_minute"])
async def test_who_asks_too_often_waits(limit: str, start: Start, meet: Meet, rows: Rows) -> None:
    refused = counted("yinfawen_rate_limited_total", limit=limit.partition("_")[0])
    resident = await meet(await start(**{limit: 2}))
    replies = [await resident.say(f"第{number}个问题", f"t{number}") for number in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert_problem(replies[2], 429, "too-many")
    assert 1 <= int(replies[2].headers["Retry-After"]) <= 120
    assert rows("select count(*) from turns") == [(2,)]
    assert counted("yinfawen_rate_limited_total", limit=limit.partition("_")[0]) == refused + 1


async def test_conversations_of_one_address_are_limited(start: Start) -> None:
    client = await start(conversations_per_minute=2)
    replies = [await client.post("/api/v1/conversations") for _ in range(3)]
    assert [reply.status for reply in replies] == [201, 201, 429]
    assert int(replies[2].headers["Retry-After"]) >= 1


async def test_guessing_tokens_is_limited(start: Start, meet: Meet) -> None:
    resident = await meet(await start(address_per_minute=3))
    guesser = Resident(resident.client, resident.conversation_id, "guess")
    assert [(await guesser.history()).status for _ in range(4)] == [401, 401, 401, 429]


@pytest.mark.parametrize(("trusted", "statuses"), [(True, [201, 201, 429]), (False, [201, 429, 429])])
async def test_behind_a_trusted_proxy_the_last_forwarded_address_counts(
    trusted: bool, statuses: list[int], start: Start
) -> None:
    client = await start(conversations_per_minute=1, trusted_proxy=trusted)
    forwarded = ["10.0.0.1", "10.0.0.2", "10.0.0.9, 10.0.0.1"]
    replies = [await client.post("/api/v1/conversations", headers={"X-Forwarded-For": name}) for name in forwarded]
    assert [reply.status for reply in replies] == statuses


# --- the database fails ---


@pytest.fixture
def break_database(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on, every statement fails."""

    def fail(self: ConversationStore, work: Any) -> Any:
        raise OperationalError("SELECT 1", {}, Exception("disk I/O error"))

    return lambda: monkeypatch.setattr(ConversationStore, "_run", fail)


async def test_without_the_database_residents_are_answered_all_the_same(
    resident: Resident, rasa: FakeRasa, break_database: Callable[[], None]
) -> None:
    unstored = counted("yinfawen_unstored_total")
    break_database()
    reply = await resident.say("工资拖着不给")
    assert (reply.status, reply.body["answer"]) == (200, GOOD)
    assert (await resident.say("救命啊", "t2")).body["answer"]["status"] == "crisis"
    assert counted("yinfawen_unstored_total") == unstored + 2


async def test_without_the_database_history_and_new_conversations_say_so(
    resident: Resident, break_database: Callable[[], None]
) -> None:
    break_database()
    history = await resident.history()
    assert_problem(history, 503, "unavailable")
    assert history.headers["Retry-After"]
    async with resident.client.post("/api/v1/conversations") as response:
        assert_problem(
            Reply(response.status, await response.json(content_type=None), response.headers), 503, "unavailable"
        )
    ready = await resident.client.get("/readyz")
    assert (ready.status, (await ready.json())["database"]) == (503, "down")


async def test_when_only_the_answer_cannot_be_stored_it_is_still_given(
    resident: Resident, monkeypatch: pytest.MonkeyPatch, rows: Rows
) -> None:
    async def fail(*_: Any) -> None:
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    monkeypatch.setattr(ConversationStore, "finish_turn", fail)
    assert (await resident.say("工资拖着不给")).body["answer"] == GOOD
    assert rows("select text, status from turns") == [("工资拖着不给", None)]


# --- every response ---


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/widget/widget.js", 200),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/api/v1/openapi.json", 200),
        ("POST", "/api/v1/conversations", 201),
        ("GET", "/api/v1/conversations/x/turns", 401),
        ("GET", "/nowhere", 404),
        ("GET", "/widget/../../pyproject.toml", 404),
        ("GET", "/metrics", 404),
        ("POST", "/internal/actions", 404),
        ("DELETE", "/api/v1/conversations", 405),
        ("PATCH", "/", 405),
    ],
)
async def test_every_response_carries_the_security_headers(
    method: str, path: str, status: int, client: TestClient[Any, Any]
) -> None:
    async with client.request(method, path) as response:
        body = await response.text()
    assert response.status == status
    assert {name: response.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "Server" not in response.headers
    if status >= 400:
        assert_problem(Reply(status, json.loads(body), response.headers), status, json.loads(body)["type"][10:])
    if status == 405:
        assert response.headers["Allow"]


async def test_a_fault_of_ours_is_a_problem_without_details(
    resident: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(ConversationStore, "history", fail)
    reply = await resident.history()
    assert_problem(reply, 500, "internal")
    assert "secret" not in json.dumps(reply.body)
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("kind", KINDS)
def test_every_problem_speaks_chinese_and_english(kind: str) -> None:
    response = Problem(kind, "text").response()
    body = json.loads(str(response.text))
    assert response.status == body["status"] >= 400
    for name in ("title", "detail"):
        assert re.search(r"[\u4e00-\u9fff]", body[name])
        assert re.fullmatch(r"[\x20-\x7e]{5,}", body[f"{name}_en"])


# --- retention ---


async def test_the_service_erases_what_is_too_old_when_it_starts(
    start: Start, meet: Meet, options: Settings, rows: Rows
) -> None:
    client = await start()
    forgotten, kept = await meet(client), await meet(client)
    for resident in (forgotten, kept):
        await resident.say("工资拖着不给")
    await client.close()
    with sqlite3.connect(options.data_dir / "yinfawen.db") as connection:
        connection.execute(
            "update conversations set last_turn_at = '2020-01-01 00:00:00' where id = ?", [forgotten.conversation_id]
        )
    connection.close()
    client = await start(retention_days=30)
    await until(lambda: len(rows("select id from conversations")) == 1)
    forgotten.client = kept.client = client
    assert_problem(await forgotten.history(), 404, "unknown-conversation")
    assert len((await kept.history()).body["turns"]) == 1
