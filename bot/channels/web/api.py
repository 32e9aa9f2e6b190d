"""The HTTP API, version 1. openapi.yml beside this file is its contract, tested against it."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import yaml
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from bot.channels.web.limits import Limits, address
from bot.channels.web.problems import Problem
from bot.conversations.store import ConversationStore, Turn, TurnConflict, UnknownConversation, WrongToken
from bot.conversations.turns import NoText, TextTooLong, Turns
from bot.settings import Settings

MAX_BODY = 64 * 1024

SETTINGS = web.AppKey("settings", Settings)
STORE = web.AppKey("store", ConversationStore)
TURNS = web.AppKey("turns", Turns)
LIMITS = web.AppKey("limits", Limits)


class TurnRequest(BaseModel):
    """Body of a new turn. ``client_turn_id`` makes sending it twice harmless."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str
    client_turn_id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")


async def open_conversation(request: web.Request) -> web.Response:
    """POST /api/v1/conversations"""
    await _hit(request, "conversations", _address(request))
    conversation_id, token = await request.app[STORE].open_conversation("web")
    return _json({"conversation_id": conversation_id, "token": token}, status=201)


async def take_turn(request: web.Request) -> web.Response:
    """POST /api/v1/conversations/{conversation_id}/turns"""
    conversation_id = await _authorised(request)
    await _hit(request, "turns", conversation_id)
    body = await _body(request)
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
    return _json({"turn_id": done.turn.id, "answer": public(done.answer)})


async def history(request: web.Request) -> web.Response:
    """GET /api/v1/conversations/{conversation_id}/turns"""
    conversation_id = await _authorised(request)
    turns = await request.app[STORE].history(conversation_id)
    return _json({"turns": [_turn(turn) for turn in turns]})


async def openapi(request: web.Request) -> web.Response:
    """GET /api/v1/openapi.json"""
    return _json(document())


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    return dict(yaml.safe_load(resources.files(__package__).joinpath("openapi.yml").read_text(encoding="utf-8")))


def public(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer as residents' programs get it: nothing but what the contract lists."""
    keys = ("status", "reason", "text", "citations", "routes", "follow_ups", "release", "matter")
    return {key: answer[key] for key in keys}


def add_routes(app: web.Application) -> None:
    """The API's whole URL map."""
    one = "/api/v1/conversations/{conversation_id}/turns"
    app.router.add_post("/api/v1/conversations", open_conversation)
    app.router.add_post(one, take_turn)
    app.router.add_get(one, history)
    app.router.add_get("/api/v1/openapi.json", openapi)


async def _authorised(request: web.Request) -> str:
    """The conversation's id once the token fits; counts the address first, so that guessing is limited too."""
    await _hit(request, "address", _address(request))
    conversation_id = request.match_info["conversation_id"]
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem("no-token", headers={"WWW-Authenticate": "Bearer"})
    if "\0" in conversation_id:
        raise Problem("unknown-conversation")
    try:
        await request.app[STORE].check(conversation_id, token.strip())
    except UnknownConversation as error:
        raise Problem("unknown-conversation") from error
    except WrongToken as error:
        raise Problem("no-token", headers={"WWW-Authenticate": "Bearer"}) from error
    except SQLAlchemyError:
        # Without the database nothing can be checked and nothing can be read either; asking must still work.
        if request.method != "POST":
            raise
    return conversation_id


async def _body(request: web.Request) -> TurnRequest:
    if request.content_type != "application/json":
        raise Problem("wrong-type")
    try:
        data = json.loads(await request.read())
    except web.HTTPRequestEntityTooLarge as error:
        raise Problem("too-large") from error
    except (ValueError, RecursionError) as error:
        raise Problem("bad-json") from error
    if not isinstance(data, dict):
        raise Problem("bad-json")
    try:
        return TurnRequest.model_validate(data)
    except ValidationError as error:
        fields = sorted({".".join(str(step) for step in fault["loc"])[:40] for fault in error.errors()})
        raise Problem("invalid", ", ".join(fields[:5])) from error


async def _hit(request: web.Request, name: str, key: str) -> None:
    await request.app[LIMITS].hit(name, key)


def _address(request: web.Request) -> str:
    return address(request, request.app[SETTINGS].trusted_proxy)


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "turn_id": turn.id,
        "client_turn_id": turn.client_turn_id,
        "text": turn.text,
        "created_at": turn.created_at.isoformat(),
        "answer": public(turn.answer) if turn.answer is not None else None,
    }


def _json(data: Any, status: int = 200) -> web.Response:
    text = json.dumps(data, ensure_ascii=False)
    return web.Response(
        text=text, status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
