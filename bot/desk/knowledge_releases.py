"""Checking, publishing and rolling back, and trying a question out on what is published or on a draft."""

from __future__ import annotations

import asyncio

from aiohttp import web
from sqlalchemy import Connection

from bot.desk.html import render, see
from bot.desk.knowledge_site import KIND_NAMES, SWAP, WORKSHOP, fields, in_words, number, run, told
from bot.desk.sessions import Staff
from bot.desk.site import Page
from bot.editing import builds, entries
from knowledge import live

SHOWN = 8
ADVISOR_GUIDE = "guide:village-advisor/"
# What a build says of its progress, by its first word.
STEPS = {
    "asked": "正在问标准问题",
    "asking": "正在问标准问题",
    "embedded": "正在读新的问法和文字",
    "embedding": "正在读新的问法和文字",
    "fitting": "正在定多有把握才答",
    "indexing": "正在建索引",
    "learning": "正在学怎么分清各件事",
    "nothing": "问法没有变，沿用上一版的",
    "only": "只改了文字，其余沿用上一版的",
    "reading": "正在检查内容",
    "release": "建好了",
}
VERDICTS = {"worse": "变差", "better": "变好", "different": "不同"}


@told
async def build(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/builds"""
    id = await request.app[WORKSHOP].build(who)
    return see(f"/desk/knowledge/builds/{id}")


@told
async def show(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge/builds/{id}: progress while it runs, then what the check found."""
    id = number(request)
    shown, chosen = await run(request, lambda connection: _with_entries(builds.load(connection, id), connection))
    template = "knowledge_build_part.html" if request.headers.get("HX-Request") else "knowledge_build.html"
    return render(
        request,
        template,
        who,
        shown=shown,
        chosen=chosen,
        found=(shown.report or {}).get("comparison"),
        kinds=KIND_NAMES,
        states=builds.STATES,
        verdicts=VERDICTS,
        faults=in_words(shown.progress.splitlines()) if shown.state == builds.FAILED else [],
        steps=STEPS,
    )


@told
async def publish(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/builds/{id}/publish"""
    id, given = number(request), await fields(request)
    await request.app[WORKSHOP].publish(who, id, given.get("reason", "")[:500])
    return see(f"/desk/knowledge/builds/{id}")


@told
async def roll_back(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/roll-back"""
    await request.app[WORKSHOP].roll_back(who)
    return see("/desk/knowledge")


@told
async def try_out(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge/try?q=&on=: on what is published, or on the last build that was checked."""
    question, on = request.query.get("q", "").strip()[:1000], request.query.get("on", "")
    made = await run(request, builds.latest)
    draft = next((item.release for item in made if item.state == builds.CHECKED and item.release), None)
    knowledge = live.knowledge()
    if on == "draft" and draft is not None:
        knowledge = await request.app[SWAP].draft(draft)
    answer = found = advisor = None
    if question:
        answer = await asyncio.to_thread(knowledge.answer, question)
        # Residents who name their village get its card from the dialogue engine, which is not asked here.
        mentions = knowledge.places.find(question) if (answer.target or "").startswith(ADVISOR_GUIDE) else []
        advisor = knowledge.advisor_answers.answer(mentions) if mentions else None
        found = await asyncio.to_thread(knowledge.search, question)
    return render(
        request,
        "knowledge_try.html",
        who,
        question=question,
        on=on,
        draft=draft,
        release=knowledge.release.id,
        answer=answer,
        advisor=advisor,
        labels={row.reason: row.label for row in knowledge.release.catalogue.statuses},
        found=found,
        gate=knowledge.release.searcher.gate,
        most=SHOWN,
    )


def _with_entries(shown: builds.Build, connection: Connection) -> tuple[builds.Build, list[entries.Version]]:
    return shown, [entries.load(connection, id) for id in shown.entries]


PAGES = (
    Page("POST", "/desk/knowledge/builds", "knowledge.read", build),
    Page("GET", "/desk/knowledge/builds/{id}", "knowledge.read", show),
    Page("POST", "/desk/knowledge/builds/{id}/publish", "knowledge.publish", publish),
    Page("POST", "/desk/knowledge/roll-back", "knowledge.publish", roll_back),
    Page("GET", "/desk/knowledge/try", "knowledge.read", try_out, nav="试问"),
)
