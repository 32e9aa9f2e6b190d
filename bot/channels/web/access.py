"""What every handler of the API needs: the application's parts, who may speak, the body, and JSON replies."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from bot.channels.web.limits import Limits, address
from bot.channels.web.problems import Problem
from bot.conversations.store import ConversationStore, UnknownConversation, WrongToken
from bot.conversations.turns import Turns
from bot.settings import Settings

MAX_BODY = 64 * 1024

SETTINGS = web.AppKey("settings", Settings)
STORE = web.AppKey("store", ConversationStore)
TURNS = web.AppKey("turns", Turns)
LIMITS = web.AppKey("limits", Limits)

Body = TypeVar("Body", bound=BaseModel)


async def authorised(request: web.Request) -> str:
    """The conversation's id once the token fits; counts the address first, so that guessing is limited too."""
    await hit(request, "address")
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


async def body_of(request: web.Request, model: type[Body]) -> Body:
    """The JSON body as ``model``. Raises the problem that names what is wrong with it."""
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
        return model.model_validate(data)
    except ValidationError as error:
        fields = sorted({".".join(str(step) for step in fault["loc"])[:40] for fault in error.errors()})
        raise Problem("invalid", ", ".join(fields[:5])) from error


async def hit(request: web.Request, name: str, key: str | None = None) -> None:
    """Count one use of the limit ``name`` by ``key``, by default the resident's address."""
    await request.app[LIMITS].hit(name, key or address(request, request.app[SETTINGS].trusted_proxy))


def json_reply(data: Any, status: int = 200) -> web.Response:
    """JSON that nobody keeps: it is a resident's."""
    text = json.dumps(data, ensure_ascii=False)
    return web.Response(
        text=text, status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
