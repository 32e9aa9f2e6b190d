"""A provider that is slow, huge, broken or leads elsewhere: refused with the one fault that the desk knows, nothing followed."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.channels.web.access import STORE
from bot.desk import second_factor
from bot.desk.audit import COMMAND
from bot.desk.oidc import MOST_BYTES, OidcFault, Provider
from tests.desk.conftest import Enter
from tests.desk.provider import CLIENT, SECRET, OpenIdProvider
from tests.desk.test_outside_login import another, client, linked, log_in, provider, set_out  # noqa: F401

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def discovered(answering: Answering) -> None:
    """Ask a provider whose discovery document is what ``answering`` says."""
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", answering)
    async with TestServer(app) as server:
        await Provider(f"http://127.0.0.1:{server.port}", CLIENT, SECRET, "https://ask.example").address("s", "n", "v")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"not json",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"a":' * 40_000,
        b'"' + b"x" * (MOST_BYTES + 10) + b'"',
    ],
    ids=["empty", "null", "list", "words", "bytes", "nested", "nested-objects", "huge"],
)
async def test_a_discovery_document_that_is_none(body: bytes) -> None:
    async def answering(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="application/json")

    with pytest.raises(OidcFault):
        await discovered(answering)


async def test_an_endless_answer_is_left_after_the_bound() -> None:
    sent = 0

    async def answering(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 100 * MOST_BYTES:
            await response.write(b"x" * 65_536)
            sent += 65_536
        return response

    with pytest.raises(OidcFault):
        await discovered(answering)
    # What lies in the buffers of both ends comes on top; without the bound it would be all of it.
    assert sent < 50 * MOST_BYTES


async def test_a_provider_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.desk.oidc.SECONDS", 0.2)

    async def answering(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(3)
        return web.Response()

    with pytest.raises(OidcFault, match="Timeout"):
        await asyncio.wait_for(discovered(answering), 2)


async def test_redirects_are_not_followed() -> None:
    asked: list[str] = []

    async def other(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.json_response({})

    app = web.Application()
    app.router.add_get("/{path:.*}", other)
    async with TestServer(app) as inside:

        async def answering(request: web.Request) -> web.StreamResponse:
            raise web.HTTPFound(f"http://127.0.0.1:{inside.port}/metadata")

        with pytest.raises(OidcFault, match="302"):
            await discovered(answering)
    assert asked == []


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "..",
        "a.b.c.d.e",
        f"{part([])}.{part({})}.x",
        f"{part({'alg': ['RS256'], 'kid': 'one'})}.{part({})}.x",
        f"{part({'alg': 'RS256', 'kid': ['one']})}.{part({})}.x",
        f"{part({'alg': 'RS256', 'kid': {}})}.{part({})}.x",
        f"{part({'alg': 'RS256', 'kid': 'one', 'crit': ['b64'], 'b64': False})}.{part({})}.x",
        f"{part({'alg': 'RS256', 'jku': 'https://elsewhere.example/keys'})}.{part({})}.x",
        "[" * 5000 + ".a.b",
        base64.urlsafe_b64encode(b"[" * 100_000).decode() + ".a.b",
        "é.é.é",
    ],
)
async def test_whatever_the_token_is_it_is_a_fault_and_no_error(
    enter: Enter,
    another: Any,  # noqa: F811
    provider: OpenIdProvider,  # noqa: F811
    token: str,
) -> None:
    await linked(enter, provider)
    provider.sign = lambda header, claims: token
    browser = another()
    status, page = await log_in(browser, provider)
    assert (status, "没有完成" in page) == (403, True)
    assert (await browser.get("/desk"))[0] == 303


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": {}},
        {"aud": [[CLIENT]]},
        {"exp": "soon"},
        {"exp": []},
        {"iat": "now"},
        {"iat": 10**12},
        {"nbf": 10**12},
        {"nonce": ["x"]},
        {"iss": ["x"]},
        {"at_hash": "wrong"},
        {"at_hash": 7},
        {"sub": "x" * 256},
    ],
)
async def test_claims_of_the_wrong_shape_are_refused(
    enter: Enter,
    another: Any,  # noqa: F811
    provider: OpenIdProvider,  # noqa: F811
    claims: dict[str, Any],
) -> None:
    await linked(enter, provider)
    provider.claims = claims
    assert (await log_in(another(), provider))[0] == 403


@pytest.mark.parametrize(
    ("amr", "status"),
    [
        (None, 403),
        ([], 403),
        ([None, 7], 403),
        (["pwd"], 403),
        ("otp", 403),
        (7, 403),
        ({}, 403),
        (["pwd", "mfa"], 200),
    ],
)
async def test_what_is_no_second_step_opens_no_account_that_needs_one(
    client: Any,  # noqa: F811
    enter: Enter,
    another: Any,  # noqa: F811
    provider: OpenIdProvider,  # noqa: F811
    amr: Any,
    status: int,
) -> None:
    await linked(enter, provider)
    await client.app[STORE].run(lambda connection: second_factor.require(connection, COMMAND, "wang", True))
    provider.claims = {"amr": amr}
    assert (await log_in(another(), provider))[0] == status


async def test_the_session_before_ends_when_somebody_logs_in_outside(
    enter: Enter,
    another: Any,  # noqa: F811
    provider: OpenIdProvider,  # noqa: F811
) -> None:
    await linked(enter, provider)
    browser, copy = another(), another()
    back = provider.agreed(await set_out(browser))
    assert await browser.log_in("wang") == 303  # in another tab, meanwhile
    old = {"Cookie": f"yinfawen_desk={browser.cookie()}"}
    assert (await copy.get("/desk", headers=old))[0] == 200
    assert (await browser.get("/desk/login/outside/return", params=back))[0] == 200
    assert (await browser.get("/desk"))[0] == 200
    assert (await copy.get("/desk", headers=old))[0] == 303
