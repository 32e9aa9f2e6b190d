"""Who is on duty when, and canned replies: what the desk is set up with."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from aiohttp import web
from sqlalchemy import Connection, delete, insert, select

from bot.channels.web.access import STORE
from bot.desk import inbox
from bot.desk.accounts import Account, AccountFault, listed
from bot.desk.audit import audited
from bot.desk.html import render, see
from bot.desk.sessions import Staff
from bot.desk.site import Page
from bot.desk.tables import accounts, canned, duty
from knowledge import live
from knowledge.hours.answer import SHANGHAI
from knowledge.hours.calendar import Calendar, Day

LONGEST = timedelta(hours=24)
AHEAD = 60  # days of the public calendar that are shown


async def show(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/duty: what is over for a week is left out."""
    query = (
        select(duty, accounts.c.shown)
        .join(accounts, accounts.c.id == duty.c.account_id)
        .where(duty.c.ends_at > datetime.now(UTC) - timedelta(days=7))
        .order_by(duty.c.starts_at)
    )
    rows, people, replies = await request.app[STORE].run(
        lambda connection: (list(connection.execute(query)), _operators(connection), inbox.replies(connection))
    )
    calendar, today = public_calendar(), datetime.now(SHANGHAI).date()
    ahead = [calendar.day(today + timedelta(days=number)) for number in range(AHEAD)]
    return render(
        request,
        "duty.html",
        who,
        rows=[(row, _remark(calendar.day(row.starts_at.astimezone(SHANGHAI).date()))) for row in rows],
        people=people,
        replies=replies,
        special=[(day.day, _remark(day)) for day in ahead if day.off or day.makeup],
        unknown=sorted({day.day.year for day in ahead if not day.known}),
    )


def public_calendar() -> Calendar:
    """Public holidays as the answers about service hours know them: the package's, and the tables that were uploaded."""
    catalogue = live.knowledge().release.catalogue
    return Calendar(catalogue.holiday_tables, catalogue.hours_words.holidays)


def _remark(day: Day) -> str:
    if day.off:
        return f"{day.holiday or '节假日'}放假"
    return f"{day.holiday or '节假日'}调休，要上班" if day.makeup else ""


async def add(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/duty: one shift of at most a day, in the time of the district."""
    form = await request.post()
    starts, ends = (_moment(str(form.get(name, ""))) for name in ("starts", "ends"))
    account_id = str(form.get("account", ""))
    if not timedelta(0) < ends - starts <= LONGEST:
        raise AccountFault("值班要有先有后，一班最长 24 小时。")

    def work(connection: Connection) -> None:
        names = {one.id: one.name for one in _operators(connection)}
        if account_id not in names:
            raise AccountFault("只有坐席可以排值班。")
        row = {"id": secrets.token_urlsafe(12), "account_id": account_id, "starts_at": starts, "ends_at": ends}
        connection.execute(insert(duty).values(**row))
        details = {"account": names[account_id], "starts": starts.isoformat(), "ends": ends.isoformat()}
        audited(connection, who.name, "duty.add", f"duty:{row['id']}", details)

    await request.app[STORE].run(work)
    return see("/desk/duty")


async def remove(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/duty/{id}/remove"""
    duty_id = request.match_info["id"]

    def work(connection: Connection) -> None:
        if connection.execute(delete(duty).where(duty.c.id == duty_id)).rowcount:
            audited(connection, who.name, "duty.remove", f"duty:{duty_id}")

    await request.app[STORE].run(work)
    return see("/desk/duty")


async def add_reply(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/canned"""
    form = await request.post()
    title, text = (str(form.get(name, "")).strip() for name in ("title", "text"))
    if not title or not text or len(title) > 64 or len(text) > 600:
        raise AccountFault("名称要 1 到 64 个字，内容要 1 到 600 个字。")

    def work(connection: Connection) -> None:
        row = {"id": secrets.token_urlsafe(12), "title": title, "text": text}
        connection.execute(insert(canned).values(**row))
        audited(connection, who.name, "canned.add", f"canned:{row['id']}", {"title": title, "text": text})

    await request.app[STORE].run(work)
    return see("/desk/duty")


async def remove_reply(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/canned/{id}/remove"""
    reply_id = request.match_info["id"]

    def work(connection: Connection) -> None:
        if connection.execute(delete(canned).where(canned.c.id == reply_id)).rowcount:
            audited(connection, who.name, "canned.remove", f"canned:{reply_id}")

    await request.app[STORE].run(work)
    return see("/desk/duty")


def _operators(connection: Connection) -> list[Account]:
    return [one for one in listed(connection) if one.disabled_at is None and "conversations.answer" in one.permissions]


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)
    except ValueError:
        raise AccountFault("要写清楚几号几点。") from None


PAGES = (
    Page("GET", "/desk/duty", "duty.edit", show, nav="值班和常用语"),
    Page("POST", "/desk/duty", "duty.edit", add),
    Page("POST", "/desk/duty/{id}/remove", "duty.edit", remove),
    Page("POST", "/desk/canned", "duty.edit", add_reply),
    Page("POST", "/desk/canned/{id}/remove", "duty.edit", remove_reply),
)
