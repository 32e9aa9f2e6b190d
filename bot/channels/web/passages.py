"""The page of one passage: the cited sentence among the words of its document."""

from __future__ import annotations

from aiohttp import web

from bot.channels.web.html import page
from knowledge import live


async def passage(request: web.Request) -> web.Response:
    """GET /passages/{id}"""
    found = live.knowledge().surroundings(request.match_info["passage_id"])
    return page(request, "passage.html", status=200 if found else 404, found=found)


def add_routes(app: web.Application) -> None:
    """Ids hold slashes: document and place."""
    app.router.add_get("/passages/{passage_id:.+}", passage)
