"""The HTTP API, version 1. openapi.yml beside this file is its contract, tested against it."""

from __future__ import annotations

import asyncio
from importlib import resources
from typing import Any, Literal

import yaml
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from bot.channels.web import events
from bot.channels.web.access import (
    LIMITS,
    MAX_BODY,
    SETTINGS,
    STORE,
    TURNS,
    authorised,
    body_of,
    hit,
    json_reply,
)
from bot.channels.web.form import public, turn_json
from bot.channels.web.problems import Problem
from bot.conversations.feedback import MAX_REASON, Verdict, give_feedback, verdicts
from bot.conversations.store import TurnConflict, UnknownConversation
from bot.conversations.turns import NoText, TextTooLong
from knowledge import live

__all__ = ["LIMITS", "MAX_BODY", "SETTINGS", "STORE", "TURNS", "add_routes", "document", "public"]

MAX_TYPED = 60


class TurnRequest(BaseModel):
    """Body of a new turn. ``client_turn_id`` makes sending it twice harmless."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str
    client_turn_id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")


class FeedbackRequest(BaseModel):
    """Body of a verdict on one answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    verdict: Literal["good", "bad"]
    reason: str | None = Field(default=None, max_length=MAX_REASON)


async def open_conversation(request: web.Request) -> web.Response:
    """POST /api/v1/conversations"""
    await hit(request, "conversations")
    conversation_id, token = await request.app[STORE].open_conversation("web")
    return json_reply({"conversation_id": conversation_id, "token": token}, status=201)


async def erase_conversation(request: web.Request) -> web.Response:
    """DELETE /api/v1/conversations/{conversation_id}"""
    await request.app[TURNS].erase(await authorised(request))
    return web.Response(status=204)


async def take_turn(request: web.Request) -> web.Response:
    """POST /api/v1/conversations/{conversation_id}/turns"""
    conversation_id = await authorised(request)
    await hit(request, "turns", conversation_id)
    body = await body_of(request, TurnRequest)
    try:
        done = await request.app[TURNS].take(conversation_id, body.client_turn_id, body.text, "web")
    except NoText as error:
        raise Problem("no-text") from error
    except TextTooLong as error:
        raise Problem("too-large", f"最多 {error.limit} 字 / at most {error.limit} characters") from error
    except TurnConflict as error:
        raise Problem("other-text") from error
    except UnknownConversation as error:
        raise Problem("unknown-conversation") from error
    return json_reply({"turn_id": done.turn.id, "answer": public(done.answer)})


async def history(request: web.Request) -> web.Response:
    """GET /api/v1/conversations/{conversation_id}/turns"""
    conversation_id = await authorised(request)
    turns = await request.app[STORE].history(conversation_id)
    given = await verdicts(request.app[STORE], [turn.id for turn in turns]) if turns else {}
    return json_reply({"turns": [turn_json(turn, given.get(turn.id)) for turn in turns]})


async def feedback(request: web.Request) -> web.Response:
    """PUT /api/v1/conversations/{conversation_id}/turns/{turn_id}/feedback"""
    conversation_id = await authorised(request)
    await hit(request, "turns", conversation_id)
    body = await body_of(request, FeedbackRequest)
    turn_id = request.match_info["turn_id"]
    if "\0" in turn_id:
        raise Problem("unknown-turn")
    verdict = Verdict(body.verdict)
    if not await give_feedback(request.app[STORE], conversation_id, turn_id, verdict, body.reason or ""):
        raise Problem("unknown-turn")
    return web.Response(status=204)


async def suggestions(request: web.Request) -> web.Response:
    """GET /api/v1/suggestions?q=: known questions like what is being typed. Nothing of it is kept."""
    await hit(request, "suggestions")
    typed = request.query.get("q", "")[:MAX_TYPED]
    return json_reply({"suggestions": await asyncio.to_thread(live.knowledge().suggest, typed)})


async def openapi(request: web.Request) -> web.Response:
    """GET /api/v1/openapi.json"""
    return json_reply(document())


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    return dict(yaml.safe_load(resources.files(__package__).joinpath("openapi.yml").read_text(encoding="utf-8")))


def add_routes(app: web.Application) -> None:
    """The API's whole URL map."""
    one = "/api/v1/conversations/{conversation_id}"
    app.router.add_post("/api/v1/conversations", open_conversation)
    app.router.add_delete(one, erase_conversation)
    app.router.add_post(f"{one}/turns", take_turn)
    app.router.add_get(f"{one}/turns", history, allow_head=False)
    app.router.add_put(f"{one}/turns/{{turn_id}}/feedback", feedback)
    app.router.add_get(f"{one}/events", events.listen, allow_head=False)
    app.router.add_get("/api/v1/suggestions", suggestions)
    app.router.add_get("/api/v1/openapi.json", openapi)
