"""Caller panel, call log, call-back requests, duty: numbers stay masked, unmasking and exporting are noted."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from openpyxl import load_workbook

from bot.channels.web.access import STORE
from bot.conversations import callbacks
from bot.desk.caller_pages import masked_caller
from bot.desk.duty_pages import _remark
from bot.desk.sheet import cell
from knowledge.catalogue import load_catalogue
from knowledge.hours.calendar import Calendar
from knowledge.hours.records import CalendarDay, HolidayTable
from tests.bot.fakes import Resident
from tests.desk.conftest import Enter

Rows = Callable[[str], list[tuple[Any, ...]]]
MOBILE = "13812345678"


async def test_cards_appear_for_what_is_typed_and_nothing_is_kept(enter: Enter, knowledge: Any, rows: Rows) -> None:
    operator = await enter("wang", "operator")
    status, page = await operator.post("/desk/caller/cards", text=f"工资不给，电话{MOBILE}", village="北街村")
    assert status == 200
    assert all(found in page for found in ("知识库的答复。", "12348", "年度报告", "还能问什么"))
    assert MOBILE not in str(knowledge.asked)
    assert "北街村的法律顾问是张三。" in page
    assert rows("select * from calls") == []


async def test_a_call_is_logged_without_numbers(enter: Enter, rows: Rows) -> None:
    operator = await enter("wang", "operator")
    given = {"matter": "欠薪", "village": "北街村", "outcome": f"让他打{MOBILE}", "follow_up": "2026-12-01"}
    assert (await operator.post("/desk/calls", text="工资不给", caller=MOBILE, **given))[0] == 303
    assert (await operator.post("/desk/calls", text="工资不给", matter="", outcome="x"))[0] == 422
    assert rows("select matter, caller, follow_up from calls") == [("欠薪", "138****5678", "2026-12-01")]
    assert MOBILE not in str(rows("select * from calls")) + str(rows("select * from audit"))
    assert "北街村" in (await operator.get("/desk/calls", params={"q": "欠薪"}))[1]
    assert "北街村" not in (await operator.get("/desk/calls", params={"q": "离婚"}))[1]
    assert (await operator.get("/desk/calls.xlsx"))[0] == 403


async def test_calls_are_exported_by_who_may_and_that_is_noted(enter: Enter, rows: Rows) -> None:
    operator, root = await enter("wang", "operator"), await enter("root")
    await operator.post("/desk/calls", text="问", matter="=cmd()", outcome="答")
    async with root.client.get("/desk/calls.xlsx") as response:
        sheet = load_workbook(io.BytesIO(await response.read())).active
    assert [row[3].value for row in sheet.rows] == ["事项", "'=cmd()"]
    assert rows("select account, details from audit where action = 'call.export'") == [("root", '{"rows": 1}')]


async def test_exporting_conversations_needs_the_right_to_read_them(
    enter: Enter, resident: Resident, rows: Rows
) -> None:
    await resident.say("我要离婚")
    root, both = await enter("root"), await enter("zhao", "administrator", "operator")
    assert (await root.get("/desk/conversations.xlsx"))[0] == 403
    async with both.client.get("/desk/conversations.xlsx") as response:
        sheet = load_workbook(io.BytesIO(await response.read())).active
    assert [row[4].value for row in sheet.rows] == ["开头一句", "我要离婚"]
    assert resident.conversation_id in rows("select details from audit where action = 'conversation.export'")[0][0]
    assert resident.conversation_id in (await both.get("/desk/conversations", params={"q": "离婚"}))[1]
    assert resident.conversation_id not in (await both.get("/desk/conversations", params={"q": "欠薪"}))[1]
    assert resident.conversation_id not in (await both.get("/desk/conversations", params={"state": "staff"}))[1]


async def test_the_whole_number_is_shown_once_asked_for_and_noted(
    enter: Enter, client: Any, resident: Resident, rows: Rows
) -> None:
    requests = callbacks.Callbacks(client.app[STORE], Fernet.generate_key().decode())
    callbacks.use(requests)
    with requests.holding(resident.conversation_id, MOBILE):
        await requests.keep(resident.conversation_id)
    operator, root = await enter("wang", "operator"), await enter("root")
    ((one,),) = rows("select id from callbacks")
    _, page = await operator.get("/desk/callbacks")
    assert "138****5678" in page
    assert MOBILE not in page
    assert rows("select * from audit where action = 'callback.unmask'") == []
    await root.get("/desk/callbacks")
    assert (await root.post(f"/desk/callbacks/{one}/number"))[0] == 403
    assert MOBILE in (await operator.post(f"/desk/callbacks/{one}/number"))[1]
    assert rows("select account, object from audit where action = 'callback.unmask'") == [("wang", f"callback:{one}")]
    assert (await operator.post(f"/desk/callbacks/{one}/done"))[0] == 303
    assert rows("select contact from callbacks") == [("",)]
    assert (await operator.post(f"/desk/callbacks/{one}/done"))[0] == 422


async def test_duty_and_canned_replies_are_set_by_administrators(enter: Enter, rows: Rows) -> None:
    await enter("wang", "operator")
    root = await enter("root")
    ((wang,),) = rows("select id from accounts where name = 'wang'")
    ((own,),) = rows("select id from accounts where name = 'root'")
    shift = {"starts": "2026-12-01T08:30", "ends": "2026-12-01T17:30"}
    assert (await root.post("/desk/duty", account=wang, **shift))[0] == 303
    assert (await root.post("/desk/duty", account=own, **shift))[0] == 422
    assert (await root.post("/desk/duty", account=wang, starts=shift["ends"], ends=shift["starts"]))[0] == 422
    assert rows("select starts_at from duty") == [("2026-12-01 00:30:00.000000",)]
    assert (await root.post("/desk/canned", title="请带材料", text="请带身份证来"))[0] == 303
    assert "请带身份证来" in (await root.get("/desk/duty"))[1]
    ((shift_id,),) = rows("select id from duty")
    assert (await root.post(f"/desk/duty/{shift_id}/remove"))[0] == 303
    assert rows("select * from duty") == []


def test_numbers_and_cells() -> None:
    assert [masked_caller(text) for text in ("0372-5139017", "没有", "12")] == ["037****9017", "", ""]
    assert [cell(text) for text in ("=1+1", "说\x00话", "-3")] == ["'=1+1", "说话", "'-3"]


async def test_the_duty_table_knows_public_holidays(
    enter: Enter, monkeypatch: pytest.MonkeyPatch, knowledge: Any
) -> None:
    """A table that was uploaded is asked, as for the hours of doors."""
    await enter("wang", "operator")
    root = await enter("root")
    _, page = await root.get("/desk/duty")
    wang = re.findall(r'<option value="([^"]+)">wang<', page)[0]
    shift = {"starts": "2027-02-01T08:30", "ends": "2027-02-01T17:30"}
    assert (await root.post("/desk/duty", account=wang, **shift))[0] == 303
    catalogue = knowledge.release.catalogue
    table = HolidayTable(days=(CalendarDay(day=date(2027, 2, 1), off=True, name="测试节"),), source="测试")
    changed = SimpleNamespace(id="other", catalogue=catalogue.model_copy(update={"holiday_tables": (table,)}))
    monkeypatch.setattr(knowledge, "release", changed)
    _, page = await root.get("/desk/duty")
    assert "（测试节放假）" in page


def test_days_ahead_are_remarked_and_unknown_years_are_no_working_days() -> None:
    calendar = Calendar((), load_catalogue().hours_words.holidays)
    assert _remark(calendar.day(date(2025, 10, 1))).endswith("放假")
    assert _remark(calendar.day(date(2025, 9, 28))).endswith("调休，要上班")
    assert _remark(calendar.day(date(2025, 9, 24))) == ""
    assert not calendar.day(date(2090, 10, 1)).known
