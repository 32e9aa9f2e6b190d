"""Who may call what: every route of every site has its rule here, and the rule holds. A route without one fails."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from bot.service import make_app, make_internal_app
from bot.settings import Settings
from tests.bot.conftest import knowledge, options, rasa, start
from tests.wechat.fakes import AES_KEY, APP_ID, TOKEN

__all__ = ["knowledge", "options", "rasa", "start"]

PUBLIC = "public"  # anyone; nothing of a resident in it
BEARER = "token"  # the conversation's own token
SIGNED = "signed"  # WeChat's signature
LINK = "link"  # whoever has the unguessable link
SECRET = "secret"  # the secret that service and dialogue engine share, on loopback
LOOPBACK = "loopback"  # anyone on this machine

ONE = "/api/v1/conversations/{conversation_id}"
RULES = {
    ("POST", "/api/v1/conversations"): PUBLIC,
    ("DELETE", ONE): BEARER,
    ("POST", f"{ONE}/turns"): BEARER,
    ("GET", f"{ONE}/turns"): BEARER,
    ("PUT", f"{ONE}/turns/{{turn_id}}/feedback"): BEARER,
    ("GET", f"{ONE}/events"): BEARER,
    ("GET", "/api/v1/suggestions"): PUBLIC,
    ("GET", "/api/v1/openapi.json"): PUBLIC,
    ("GET", "/widget.js"): PUBLIC,
    ("GET", "/widget/widget.js"): PUBLIC,
    ("GET", "/widget/page.css"): PUBLIC,
    ("GET", "/widget/icon.svg"): PUBLIC,
    ("GET", "/"): PUBLIC,
    ("GET", "/embed"): PUBLIC,
    ("POST", "/ask"): PUBLIC,
    ("GET", "/passages/{passage_id}"): PUBLIC,
    ("GET", "/wechat"): SIGNED,
    ("POST", "/wechat"): SIGNED,
    ("GET", "/a/page.css"): PUBLIC,
    ("GET", "/a/{id}"): LINK,
    ("POST", "/a/{id}"): LINK,
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
}
INTERNAL = {("POST", "/internal/actions"): SECRET, ("GET", "/metrics"): LOOPBACK}
# The desk has its own table, with roles (tests/desk), and lives under this path.
ELSEWHERE = "/desk"

ACCOUNT = {
    "wechat_token": TOKEN,
    "wechat_app_id": APP_ID,
    "wechat_aes_key": AES_KEY,
    "public_url": "https://fa.example.org",
}


def routes(app: web.Application) -> Iterator[tuple[str, str]]:
    """Method and path of each route; HEAD is GET, and a file's digest is left out of its name."""
    for route in app.router.routes():
        assert route.resource is not None
        path = re.sub(r"\.[0-9a-f]{16}\.", ".", route.resource.canonical)
        if not path.startswith(ELSEWHERE):
            yield ("GET" if route.method == "HEAD" else route.method), path


def test_every_route_has_a_rule_and_every_rule_a_route(options: Settings) -> None:
    app = make_app(options.model_copy(update=ACCOUNT))
    assert set(routes(app)) == set(RULES)
    assert set(routes(make_internal_app(options, None))) == set(INTERNAL)  # type: ignore[arg-type]


async def call(client: TestClient[Any, Any], method: str, path: str, **given: Any) -> int:
    filled = re.sub(r"\{\w+\}", "x" * 24, path)
    async with client.request(method, filled, **given) as response:
        return response.status


@pytest.mark.parametrize(("method", "path"), RULES)
async def test_the_rule_holds(method: str, path: str, start: Callable[..., Awaitable[Any]]) -> None:
    client = await start(**ACCOUNT)
    rule, status = RULES[method, path], await call(client, method, path)
    if rule == BEARER:
        assert status == 401
        for header in ("Bearer ", "Bearer x", "Basic eDp4"):
            assert await call(client, method, path, headers={"Authorization": header}) in (401, 404)
    elif rule == SIGNED:
        assert status == 403
        forged = {"signature": "0" * 40, "msg_signature": "0" * 40, "timestamp": "1", "nonce": "n", "echostr": "e"}
        assert await call(client, method, path, params=forged) == 403
    elif rule == LINK:
        assert status in (404, 410)
    else:
        assert status not in (401, 403)


async def test_the_internal_site_asks_for_the_secret(
    options: Settings, aiohttp_client: Callable[..., Awaitable[Any]]
) -> None:
    for secret in ("", "right"):  # without a secret nobody may call at all
        app = make_internal_app(options.model_copy(update={"internal_secret": secret}), None)  # type: ignore[arg-type]
        client = await aiohttp_client(app)
        for headers in ({}, {"X-Internal-Secret": ""}, {"X-Internal-Secret": "wrong"}):
            assert await call(client, "POST", "/internal/actions", headers=headers) == 403


@pytest.mark.parametrize(("address", "told"), [("https://fa.example.org", "max-age=31536000"), ("", None)])
async def test_browsers_are_told_to_stay_with_https_once_there_is_https(
    address: str, told: str | None, start: Callable[..., Awaitable[Any]]
) -> None:
    client = await start(public_url=address)
    for path in ("/", "/healthz", "/nowhere"):
        async with client.get(path) as response:
            assert response.headers.get("Strict-Transport-Security") == told


@pytest.mark.parametrize("path", ["/", "/embed", "/passages/report/1-1", "/a/" + "x" * 43, "/nowhere"])
async def test_no_page_runs_what_others_wrote(path: str, start: Callable[..., Awaitable[Any]]) -> None:
    client = await start(**ACCOUNT)
    async with client.get(path) as response:
        policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in str(policy)
    assert "*" not in str(policy)
    assert policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] in ("'self'", "'none'")
