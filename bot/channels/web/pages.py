"""The public page, the page for frames on other sites, and asking without JavaScript."""

from __future__ import annotations

import secrets

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot.channels.web import files
from bot.channels.web.access import SETTINGS, STORE, TURNS, hit
from bot.channels.web.form import public
from bot.channels.web.html import ASSETS, page
from bot.channels.web.problems import KINDS, Problem
from bot.channels.web.sites import framed_policy
from bot.conversations.store import TurnConflict, UnknownConversation, WrongToken
from bot.conversations.turns import NoText, TextTooLong


async def home(request: web.Request) -> web.Response:
    """GET /"""
    days = request.app[SETTINGS].retention_days
    return page(request, "page.html", label="", conversation=None, retention_days=days)


async def embed(request: web.Request) -> web.Response:
    """GET /embed: the widget alone, for a frame on the sites that the settings name."""
    response = page(request, "embed.html", label="", conversation=None)
    response.headers["Content-Security-Policy"] = framed_policy(request.app[SETTINGS].sites)
    return response


async def ask(request: web.Request) -> web.Response:
    """POST /ask: one question from the plain form, answered by a page."""
    conversation: dict[str, str] | None = None
    try:
        await hit(request, "address")
        given = await _form(request)
        conversation = await _conversation(request, given)
        await hit(request, "turns", conversation["id"])
        done = await request.app[TURNS].take(conversation["id"], conversation["turn"], given["text"], "web")
    except (Problem, NoText, TextTooLong, TurnConflict, UnknownConversation) as error:
        kind = KINDS[_kind(error)]
        return page(request, "answer.html", status=kind.status, message=kind.detail, conversation=None)
    conversation = {**conversation, "turn": secrets.token_urlsafe(12)}
    return page(
        request,
        "answer.html",
        message="",
        question=done.turn.text,
        answer=public(done.answer),
        conversation=conversation,
    )


def add_routes(app: web.Application) -> None:
    """The pages and their files."""
    app[ASSETS] = files.add_routes(app)
    app.router.add_get("/", home)
    app.router.add_get("/embed", embed)
    app.router.add_post("/ask", ask)


async def _form(request: web.Request) -> dict[str, str]:
    if request.content_type != "application/x-www-form-urlencoded":
        raise Problem("wrong-form")
    try:
        fields = await request.post()
    except web.HTTPRequestEntityTooLarge as error:
        raise Problem("too-large") from error
    except ValueError as error:
        raise Problem("bad-request") from error
    names = ("text", "conversation", "token", "turn")
    return {name: str(fields.get(name, "")) for name in names}


async def _conversation(request: web.Request, given: dict[str, str]) -> dict[str, str]:
    """The conversation that the form goes on with, or a new one where it names none or one that was erased."""
    store = request.app[STORE]
    if given["conversation"] and given["turn"] and "\0" not in given["conversation"] + given["turn"]:
        try:
            await store.check(given["conversation"], given["token"])
            return {"id": given["conversation"], "token": given["token"], "turn": given["turn"][:64]}
        except (UnknownConversation, WrongToken, SQLAlchemyError):
            pass
    await hit(request, "conversations")
    try:
        conversation_id, token = await store.open_conversation("web")
    except SQLAlchemyError:  # asking must work without the database too; nothing is kept then
        conversation_id, token = secrets.token_urlsafe(18), ""
    return {"id": conversation_id, "token": token, "turn": secrets.token_urlsafe(12)}


_KINDS: dict[type[Exception], str] = {
    NoText: "no-text",
    TextTooLong: "too-large",
    TurnConflict: "other-text",
    UnknownConversation: "unknown-conversation",
}


def _kind(error: Exception) -> str:
    return error.kind if isinstance(error, Problem) else _KINDS[type(error)]
