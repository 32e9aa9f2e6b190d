"""Questions without an answer, like ones together: one click to a draft, or to what is not ours."""

from __future__ import annotations

import asyncio

from aiohttp import web
from sqlalchemy import Connection

from bot.desk.audit import audited
from bot.desk.html import render, see
from bot.desk.knowledge_site import fields, run, told
from bot.desk.sessions import Staff
from bot.desk.site import Page
from bot.editing import entries, unanswered
from bot.editing.people import may_edit
from knowledge import live
from knowledge.entries import overlaid

SHOWN = 60


@told
async def show(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge/unanswered: words of residents, so reading them is noted."""
    knowledge = live.knowledge()

    def work(connection: Connection) -> list[unanswered.Asked]:
        rows = unanswered.asked(connection)
        audited(connection, who.name, "unanswered.read", "unanswered", {"turns": len(rows)})
        return rows

    rows = await run(request, work)
    found = await asyncio.to_thread(unanswered.clustered, rows, knowledge)
    catalogue = knowledge.release.catalogue
    names = {
        f"guide:{guide.id}/{section.id}": f"{guide.title}：{section.title}" for guide, section in catalogue.sections()
    }
    names |= {f"channel:{row.id}": row.name for row in catalogue.channels}
    notes = [(f"scope:{row.id}", row.text or row.questions[0]) for row in catalogue.scope]
    names |= dict(notes)
    return render(
        request,
        "knowledge_unanswered.html",
        who,
        clusters=found[:SHOWN],
        turns=len(rows),
        days=unanswered.DAYS,
        names=names,
        notes=notes,
    )


@told
async def take(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/unanswered: ``question`` becomes one of the questions of ``target``, as a draft."""
    given = await fields(request)
    question, target = given.get("question", "").strip()[:200], given.get("target", "")
    entry = unanswered.with_question(live.knowledge(), target, question)
    may_edit(who, entry.kind, entry.key)
    await asyncio.to_thread(overlaid, live.knowledge().release.catalogue, [entry])
    note = f"没答上的问题：{question}"
    id = await run(request, lambda connection: entries.save(connection, who, entry, note, audited))
    return see(f"/desk/knowledge/versions/{id}")


PAGES = (
    Page("GET", "/desk/knowledge/unanswered", "knowledge.edit", show, nav="没答上的"),
    Page("POST", "/desk/knowledge/unanswered", "knowledge.edit", take),
)
