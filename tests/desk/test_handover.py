"""Who answers: the bot or staff, on the server; what residents are told; who sees a conversation; that reading is noted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.channels.web.access import STORE
from bot.desk.tables import accounts, duty
from knowledge.records import Status
from tests.bot.fakes import FakeRasa, Resident, SmallKnowledge, an_answer, until
from tests.desk.conftest import Enter

Rows = Callable[[str], list[tuple[Any, ...]]]
HANDOVER = [{"custom": {"answer": an_answer("打 12348。", Status.HANDOVER, "handover").to_dict()}}]
NOTHING = [{"custom": {"answer": an_answer("没有。", Status.UNANSWERABLE, "nothing-found").to_dict()}}]


async def reasons(resident: Resident) -> list[str]:
    return [turn["answer"]["reason"] for turn in (await resident.history()).body["turns"]]


def state(rows: Rows) -> list[tuple[Any, ...]]:
    return rows("select state, reason from handovers")


async def test_asking_for_a_person_puts_the_conversation_into_the_inbox(
    enter: Enter, resident: Resident, rasa: FakeRasa, rows: Rows
) -> None:
    rasa.reply = HANDOVER
    await resident.say("转人工")
    assert state(rows) == [("waiting", "asked")]
    operator = await enter("wang", "operator")
    _, page = await operator.get("/desk/inbox")
    assert "要找真人" in page
    assert resident.conversation_id in page
    await operator.get("/desk/inbox", headers={"HX-Request": "true"})  # renewed by itself: noted once
    assert rows("select account, action from audit where action like '%.read'") == [("wang", "inbox.read")]
    one = f"/desk/conversations/{resident.conversation_id}"
    assert (await operator.post(f"{one}/dismiss", outcome="已经打过电话"))[0] == 303
    assert (await operator.post(f"{one}/dismiss", outcome="再来一次"))[0] == 409
    assert resident.conversation_id not in (await operator.get("/desk/inbox"))[1]
    assert await reasons(resident) == ["handover"]  # not bothered


async def test_unanswered_twice_in_a_row_does_too_and_danger_comes_first(
    enter: Enter, client: Any, meet: Callable[..., Awaitable[Resident]], rasa: FakeRasa, rows: Rows
) -> None:
    rasa.reply = NOTHING
    first, second = await meet(client), await meet(client)
    await first.say("没有的事", "t1")
    assert state(rows) == [("bot", "unanswered")]
    await first.say("还是没有的事", "t2")
    assert state(rows) == [("waiting", "unanswered")]
    await second.say("救命")
    _, page = await (await enter("wang", "operator")).get("/desk/inbox")
    assert page.index(second.conversation_id) < page.index(first.conversation_id)


async def test_while_staff_own_it_the_bot_is_silent_at_once(
    enter: Enter, resident: Resident, rasa: FakeRasa, knowledge: SmallKnowledge, rows: Rows
) -> None:
    operator = await enter("wang", "operator")
    await resident.say("你好", "t1")
    one = f"/desk/conversations/{resident.conversation_id}"
    await operator.get(one)
    rasa.seconds = 0.3  # this answer is under way when staff take over
    under_way = asyncio.create_task(resident.say("工资不给", "t2"))
    await until(lambda: len(rasa.messages) == 2)
    assert (await operator.post(f"{one}/take"))[0] == 303
    assert (await under_way).body["answer"]["reason"] == "with-staff"
    heard = len(rasa.messages)
    assert (await resident.say("在吗", "t3")).body["answer"]["reason"] == "with-staff"
    assert len(rasa.messages) == heard
    assert knowledge.asked == []
    assert "引擎的答复" not in str(rows("select answer from turns where number > 1"))
    assert (await operator.post(f"{one}/messages", text="您好，我是工作人员"))[0] == 303
    assert (await reasons(resident))[-1] == "staff-message"
    assert (await operator.post(f"{one}/back"))[0] == 303
    rasa.seconds = 0
    assert (await resident.say("谢谢", "t4")).body["answer"]["text"] == "引擎的答复。"
    assert await reasons(resident) == [
        "answered", "with-staff", "staff-joined", "with-staff", "staff-message", "staff-left", "answered",
    ]  # fmt: skip


async def test_in_danger_the_numbers_come_at_once_whoever_owns_it(enter: Enter, resident: Resident, rows: Rows) -> None:
    operator = await enter("wang", "operator")
    await resident.say("你好", "t1")
    await operator.get("/desk/accounts")
    await operator.post(f"/desk/conversations/{resident.conversation_id}/take")
    reply = await resident.say("救命", "t2")
    assert (reply.body["answer"]["status"], reply.body["answer"]["text"]) == ("crisis", "先打 110。")
    assert state(rows) == [("staff", "crisis")]


async def test_staff_words_reach_the_resident_as_events(enter: Enter, resident: Resident) -> None:
    operator = await enter("wang", "operator")
    await resident.say("你好")
    one = f"/desk/conversations/{resident.conversation_id}"
    await operator.post(f"{one}/take")
    headers = {"Authorization": f"Bearer {resident.token}"}
    url = f"/api/v1/conversations/{resident.conversation_id}/events?wait=5"
    async with resident.client.get(url, headers=headers) as response:
        last = (await response.json())["events"][-1]["id"]
    listening = asyncio.create_task(resident.client.get(url, headers=headers | {"Last-Event-ID": last}))
    await asyncio.sleep(0.05)
    await operator.post(f"{one}/messages", text="请带上劳动合同")
    async with await listening as response:
        (event,) = (await response.json())["events"]
    assert (event["turn"]["text"], event["turn"]["answer"]["text"]) == ("", "请带上劳动合同")


async def test_only_the_owner_speaks_and_nobody_takes_what_is_taken(
    enter: Enter, resident: Resident, rows: Rows
) -> None:
    wang, li = await enter("wang", "operator"), await enter("li", "operator")
    await resident.say("你好")
    one = f"/desk/conversations/{resident.conversation_id}"
    assert (await wang.post(f"{one}/messages", text="抢着说"))[0] == 409
    assert (await wang.post(f"{one}/take"))[0] == 303
    assert (await li.post(f"{one}/take"))[0] == 409
    assert (await li.post(f"{one}/messages", text="抢着说"))[0] == 409
    assert (await li.post(f"{one}/close", outcome="抢着办"))[0] == 409
    ((li_id,),) = rows("select id from accounts where name = 'li'")
    ((root_id,),) = rows("select id from accounts where name = 'root'")
    assert (await wang.post(f"{one}/transfer", to=root_id))[0] == 409  # an administrator is no operator
    assert (await wang.post(f"{one}/transfer", to=li_id))[0] == 303
    assert (await wang.post(f"{one}/messages", text="还想说"))[0] == 409
    assert (await li.post(f"{one}/close", outcome="已告知打 12333"))[0] == 303
    assert rows("select state, outcome, account_id from handovers") == [("closed", "已告知打 12333", None)]
    assert await reasons(resident) == ["answered", "staff-joined", "staff-changed", "staff-closed"]
    done = [row for row in rows("select account, action from audit order by id") if row[1].startswith("conversation.")]
    assert done == [
        ("wang", "conversation.take"), ("wang", "conversation.transfer"), ("li", "conversation.close"),
    ]  # fmt: skip


async def test_every_read_of_a_conversation_is_noted_without_its_words(
    enter: Enter, resident: Resident, rows: Rows
) -> None:
    operator = await enter("wang", "operator")
    await resident.say("邻居半夜吵闹")
    one = f"/desk/conversations/{resident.conversation_id}"
    assert "邻居半夜吵闹" in (await operator.get(one))[1]
    await operator.post(f"{one}/notes", text="下周再问")
    noted = [row[0] for row in rows("select action from audit where object like 'conversation:%' order by id")]
    assert noted == ["conversation.read", "conversation.read", "note.add"]
    await operator.get(one, headers={"HX-Request": "true"})
    assert rows("select count(*) from audit where action = 'conversation.read'") == [(2,)]
    assert "下周再问" in (await operator.get(one))[1]
    assert "邻居" not in str(rows("select * from audit"))


@pytest.mark.parametrize(("hours", "told"), [(None, "handover"), (1, "staff-called"), (-1, "nobody-on-duty")])
async def test_whether_somebody_is_there_is_told_honestly(
    enter: Enter, client: Any, resident: Resident, rasa: FakeRasa, hours: int | None, told: str
) -> None:
    await enter("wang", "operator")
    if hours is not None:
        now = datetime.now(UTC)

        def work(connection: Any) -> None:
            who = connection.execute(select(accounts.c.id).where(accounts.c.name == "wang")).scalar()
            row = {"id": "d", "account_id": who, "starts_at": now - timedelta(hours=2)}
            connection.execute(insert(duty).values(**row, ends_at=now + timedelta(hours=hours)))

        await client.app[STORE].run(work)
    rasa.reply = HANDOVER
    reply = await resident.say("转人工")
    assert reply.body["answer"]["reason"] == told
    assert reply.body["answer"]["routes"]


async def test_an_erased_conversation_takes_handover_and_notes_along(
    enter: Enter, resident: Resident, rows: Rows
) -> None:
    operator = await enter("wang", "operator")
    await resident.say("你好")
    one = f"/desk/conversations/{resident.conversation_id}"
    await operator.post(f"{one}/take")
    await operator.post(f"{one}/notes", text="备注")
    headers = {"Authorization": f"Bearer {resident.token}"}
    async with resident.client.delete(f"/api/v1/conversations/{resident.conversation_id}", headers=headers) as response:
        assert response.status == 204
    assert rows("select * from handovers") == rows("select * from notes") == []
    assert (await operator.get(one))[0] == 422
    assert (await operator.post(f"{one}/messages", text="还在吗"))[0] == 409


async def test_the_desk_hears_at_once_and_only_with_a_session(enter: Enter, resident: Resident, rasa: FakeRasa) -> None:
    operator = await enter("wang", "operator")
    origin = str(operator.client.make_url("/")).rstrip("/")
    async with operator.client.ws_connect("/desk/live?conversation=abc", headers={"Origin": origin}) as socket:
        rasa.reply = HANDOVER
        await resident.say("转人工")
        assert await socket.receive_str(timeout=5) == "changed"
    async with operator.client.get("/desk/live", headers={"Origin": "https://evil.example"}) as response:
        assert response.status == 403
