"""The answer page behind a link: server-rendered, no script, readable on a phone, printable, with all its sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.channels.web import api
from bot.channels.web.limits import address
from bot.channels.wechat.pages import Page, find_page
from bot.channels.wechat.render import title, wants_verdict
from bot.channels.wechat.texts import say, texts
from bot.conversations.feedback import MAX_REASON, Given, Verdict, feedback_on, give_feedback

TEMPLATES = Path(__file__).parent / "templates"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
BEIJING = timezone(timedelta(hours=8))
GIVE_UP = timedelta(seconds=60)
REFRESH = "3"
_TEL = re.compile(r"tel:[+0-9][0-9-]*")


def add_routes(app: web.Application) -> None:
    """``/a/<id>`` and what belongs to it."""
    app.router.add_get("/a/page.css", style)
    app.router.add_get("/a/{id:[A-Za-z0-9_-]{1,64}}", show)
    app.router.add_post("/a/{id:[A-Za-z0-9_-]{1,64}}", rate)


async def style(request: web.Request) -> web.Response:
    """GET /a/page.css"""
    text = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    return web.Response(text=text, content_type="text/css", headers={"Cache-Control": "max-age=3600"})


async def show(request: web.Request) -> web.Response:
    """GET /a/{id}: the answer, a page that waits for it, or one that says why there is none."""
    page = await _page(request)
    if page is None:
        return _html("notice", 410, title=say("page-gone-title"), text=say("page-gone"))
    if page.answer is None or page.turn_id is None:
        if datetime.now(UTC) - page.created_at > GIVE_UP:
            return _html("notice", 200, title=say("page-gone-title"), text=say("page-failed"))
        waiting = _html("notice", 200, title=say("page-waiting-title"), text=say("page-waiting"))
        waiting.headers["Refresh"] = REFRESH
        return waiting
    given = await feedback_on(request.app[api.STORE], page.turn_id)
    return _html("page", 200, **_shown(page, page.answer, given))


async def rate(request: web.Request) -> web.Response:
    """POST /a/{id}: a verdict, then the page again. The link itself is the permission."""
    page = await _page(request)
    if page is None or page.turn_id is None:
        return _html("notice", 410, title=say("page-gone-title"), text=say("page-gone"))
    form = await request.post()
    verdict, reason = form.get("verdict"), form.get("reason", "")
    if verdict not in set(Verdict) or not isinstance(reason, str):
        return _html("notice", 400, title=say("page-gone-title"), text=say("page-gone"))
    store = request.app[api.STORE]
    await give_feedback(store, page.conversation_id, page.turn_id, Verdict(str(verdict)), reason)
    return web.Response(status=303, headers={"Location": request.path, "Cache-Control": "no-store"})


async def _page(request: web.Request) -> Page | None:
    settings = request.app[api.SETTINGS]
    await request.app[api.LIMITS].hit("address", address(request, settings.trusted_proxy))
    return await find_page(request.app[api.STORE], request.match_info["id"])


def _shown(page: Page, answer: Mapping[str, Any], given: Given | None) -> dict[str, Any]:
    return {
        "answer": answer,
        "lines": [dialled(line, answer["routes"]) for line in answer["text"].splitlines()],
        "crisis": answer["status"] == "crisis",
        "rateable": wants_verdict(dict(answer)),
        "given": given,
        "max_reason": MAX_REASON,
        "made": page.created_at.astimezone(BEIJING).date().isoformat(),
        "until": page.expires_at.astimezone(BEIJING).date().isoformat(),
    }


def telephone(route: Mapping[str, Any]) -> str:
    """The route's ``tel:`` link without hyphens, or nothing: no other link than those that dial passes."""
    link = str(route["link"] or "")
    return link.replace("-", "") if _TEL.fullmatch(link) else ""


def website(route: Mapping[str, Any]) -> str:
    """The route's secure page, or nothing."""
    link = str(route["link"] or "")
    return link if link.startswith("https://") else ""


def dialled(text: str, routes: Sequence[Mapping[str, Any]]) -> Markup:
    """``text`` with the numbers of the routes as links that dial; numbers that no route gave stay plain."""
    return Markup("").join(_pieces(text, {str(route["number"]): telephone(route) for route in routes}))


def _pieces(text: str, numbers: Mapping[str, str]) -> Iterator[str | Markup]:
    known = {number: link for number, link in numbers.items() if link and number != "None"}
    if not known:
        yield text
        return
    longest_first = sorted(known, key=len, reverse=True)
    done = 0
    for match in re.finditer(rf"(?<![0-9-])(?:{'|'.join(map(re.escape, longest_first))})(?![0-9-])", text):
        yield text[done : match.start()]
        yield Markup('<a class="number" href="{}">{}</a>').format(known[match.group()], match.group())
        done = match.end()
    yield text[done:]


@cache
def _templates() -> Environment:
    """Everything is escaped; a name that is not given is an error."""
    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    made.globals.update(texts=texts(), dialled=dialled, telephone=telephone, website=website, title_of=title)
    return made


def _html(name: str, status: int, **given: Any) -> web.Response:
    text = _templates().get_template(f"{name}.html").render(given)
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=HEADERS)
