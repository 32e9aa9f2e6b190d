"""Logging in with an outside account: linked by its owner, good once, and refused for whatever is not exactly right."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from html import unescape
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pydantic import ValidationError

from bot.channels.web.access import STORE
from bot.desk import accounts, second_factor
from bot.desk.audit import COMMAND
from bot.desk.oidc import OidcFault, Provider, safe
from bot.settings import Settings
from tests.desk.conftest import PASSWORD, Browser, Enter
from tests.desk.provider import CLIENT, SECRET, OpenIdProvider

RETURN = "/desk/login/outside/return"
Rows = Callable[[str], list[tuple[Any, ...]]]


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[OpenIdProvider]:
    made = OpenIdProvider()
    await made.server.start_server()
    yield made
    await made.server.close()


@pytest_asyncio.fixture
async def client(start: Callable[..., Awaitable[TestClient[Any, Any]]], provider: OpenIdProvider) -> Any:
    """The service with this provider, in place of the one without."""
    outside = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    return await start(public_url="https://ask.example", oidc_label="区里的账号", **outside)


@pytest.fixture
def another(client: TestClient[Any, Any]) -> Callable[[], Browser]:
    return lambda: Browser(TestClient(client.server, cookie_jar=CookieJar(unsafe=True)))


async def set_out(browser: Browser) -> str:
    """Off to the provider; its address."""
    async with browser.client.get("/desk/login/outside", allow_redirects=False) as response:
        assert response.status == 303
        return str(response.headers["Location"])


async def log_in(browser: Browser, provider: OpenIdProvider) -> tuple[int, str]:
    return await browser.get(RETURN, params=provider.agreed(await set_out(browser)))


async def linked(enter: Enter, provider: OpenIdProvider, name: str = "wang", *roles: str) -> Browser:
    """Somebody with a linked account, logged in by password."""
    browser = await enter(name, *(roles or ("operator",)))
    await browser.get("/desk/outside")
    status, page = await browser.post("/desk/outside/link", password=PASSWORD)
    assert status == 200
    there = re.search(r'class="button main" href="([^"]+)"', page)
    assert there is not None
    status, page = await browser.get(RETURN, params=provider.agreed(unescape(there[1])))
    assert (status, "/desk/outside" in page) == (200, True)
    return browser


async def test_whoever_linked_an_account_logs_in_with_it(
    enter: Enter, another: Callable[[], Browser], provider: OpenIdProvider, rows: Rows
) -> None:
    await linked(enter, provider)
    browser = another()
    _, page = await browser.get("/desk/login")
    assert "用“区里的账号”登录" in page
    status, page = await log_in(browser, provider)
    assert status == 200
    assert 'http-equiv="refresh"' in page
    status, page = await browser.get("/desk")
    assert (status, "wang" in page) == (200, True)
    actions = [row[0] for row in rows("SELECT action FROM audit WHERE object = 'account:wang' ORDER BY id")]
    assert actions[-2:] == ["outside.link", "login"]
    assert rows("SELECT count(*) FROM outside_logins") == [(0,)]


async def test_the_way_back_is_good_once_and_for_this_browser(
    enter: Enter, another: Callable[[], Browser], provider: OpenIdProvider
) -> None:
    await linked(enter, provider)
    mine, thief = another(), another()
    back = provider.agreed(await set_out(mine))
    assert (await thief.get(RETURN, params=back))[0] == 403
    assert (await mine.get(RETURN, params=back))[0] == 403  # the thief used it up; nobody is in
    back = provider.agreed(await set_out(mine))
    assert (await mine.get(RETURN, params=back))[0] == 200
    assert (await mine.get(RETURN, params=back))[0] == 403


@pytest.mark.parametrize("change", [{"state": "x"}, {"state": ""}, {"code": ""}, {"code": "x"}])
async def test_another_state_or_code_is_refused(
    enter: Enter, another: Callable[[], Browser], provider: OpenIdProvider, change: dict[str, str], rows: Rows
) -> None:
    await linked(enter, provider)
    browser = another()
    back = provider.agreed(await set_out(browser)) | change
    status, page = await browser.get(RETURN, params=back)
    assert (status, "没有完成" in page) == (403, True)
    assert (await browser.get("/desk"))[0] == 303
    assert rows("SELECT count(*) FROM audit WHERE action = 'login.fail'") == [(1,)]


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
)
async def test_a_token_that_is_not_for_us_and_now_is_refused(
    enter: Enter, another: Callable[[], Browser], provider: OpenIdProvider, claims: dict[str, Any]
) -> None:
    await linked(enter, provider)
    provider.claims = claims
    browser = another()
    assert (await log_in(browser, provider))[0] == 403
    assert (await browser.get("/desk"))[0] == 303


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


@pytest.mark.parametrize("way", ["none", "shared", "public", "another", "rubbish"])
async def test_a_signature_that_is_not_the_providers_is_refused(
    enter: Enter, another: Callable[[], Browser], provider: OpenIdProvider, way: str
) -> None:
    await linked(enter, provider)
    stranger = RSAKey.generate_key(2048, parameters={"kid": "one"})
    hmac = {"alg": "HS256", "kid": "one"}
    provider.sign = {
        "none": unsigned,
        "shared": lambda header, claims: jwt.encode(hmac, claims, OctKey.import_key(SECRET * 8)),
        "public": lambda header, claims: jwt.encode(
            hmac, claims, OctKey.import_key(base64.b64encode(provider.key.as_pem(private=False)))
        ),
        "another": lambda header, claims: jwt.encode(header, claims, stranger),
        "rubbish": lambda header, claims: "not.a.token",
    }[way]
    browser = another()
    assert (await log_in(browser, provider))[0] == 403
    assert (await browser.get("/desk"))[0] == 303


async def test_the_provider_may_change_its_keys(
    enter: Enter, another: Callable[[], Browser], provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await linked(enter, provider)
    monkeypatch.setattr("bot.desk.oidc.NEW_KEYS_EVERY", 0.0)
    provider.key = RSAKey.generate_key(2048, parameters={"kid": "two"})
    provider.sign = lambda header, claims: jwt.encode(header | {"kid": "two"}, claims, provider.key)
    assert (await log_in(another(), provider))[0] == 200
    assert provider.asked.count("discovery") == 1


async def test_nobody_is_let_in_whom_the_desk_does_not_know(
    another: Callable[[], Browser], enter: Enter, provider: OpenIdProvider, rows: Rows
) -> None:
    await linked(enter, provider)
    provider.person = "u-2"
    browser = another()
    status, page = await log_in(browser, provider)
    assert (status, "没有绑定坐席账号" in page) == (403, True)
    assert rows("SELECT count(*) FROM accounts WHERE name NOT IN ('root', 'wang')") == [(0,)]


async def test_a_closed_account_stays_closed(
    client: TestClient[Any, Any], another: Callable[[], Browser], enter: Enter, provider: OpenIdProvider
) -> None:
    await linked(enter, provider)
    store = client.app[STORE]
    await store.run(lambda connection: accounts.set_disabled(connection, COMMAND, "wang", True))
    assert (await log_in(another(), provider))[0] == 403


async def test_two_steps_are_asked_for_there_or_here(
    client: TestClient[Any, Any], another: Callable[[], Browser], enter: Enter, provider: OpenIdProvider
) -> None:
    await linked(enter, provider)
    await client.app[STORE].run(lambda connection: second_factor.require(connection, COMMAND, "wang", True))
    status, page = await log_in(another(), provider)
    assert (status, "两步验证" in page) == (403, True)
    provider.amr = ["pwd", "otp"]
    assert (await log_in(another(), provider))[0] == 200


async def test_linking_needs_the_password_and_one_account_links_to_one(
    enter: Enter, another: Callable[[], Browser], provider: OpenIdProvider
) -> None:
    browser = await enter("li", "viewer")
    await browser.get("/desk/outside")
    status, page = await browser.post("/desk/outside/link", password="wrong-horse-1")
    assert (status, "密码不对" in page) == (422, True)
    await linked(enter, provider)
    await browser.get("/desk/outside")
    _, page = await browser.post("/desk/outside/link", password=PASSWORD)
    there = re.search(r'class="button main" href="([^"]+)"', page)
    assert there is not None
    status, page = await browser.get(RETURN, params=provider.agreed(unescape(there[1])))
    assert (status, "已经绑定了别的" in page) == (403, True)


async def test_unlinked_is_unlinked(
    enter: Enter, another: Callable[[], Browser], provider: OpenIdProvider, rows: Rows
) -> None:
    browser = await linked(enter, provider)
    await browser.get("/desk/outside")
    assert (await browser.post("/desk/outside/unlink"))[0] == 303
    assert (await log_in(another(), provider))[0] == 403
    await linked(enter, provider)
    root = await enter("root")
    _, page = await root.get("/desk/accounts")
    assert "解除 wang 的绑定" in page
    assert (await root.post("/desk/accounts/wang/outside"))[0] == 303
    assert (await log_in(another(), provider))[0] == 403
    assert rows("SELECT count(*) FROM audit WHERE action = 'outside.unlink'") == [(2,)]


async def test_without_the_provider_passwords_go_on(
    enter: Enter, another: Callable[[], Browser], provider: OpenIdProvider
) -> None:
    provider.down = True
    browser = another()
    status, page = await browser.get("/desk/login/outside")
    assert (status, "请用密码登录" in page) == (503, True)
    assert (await (await enter("wang", "operator")).get("/desk"))[0] == 200


async def test_who_fails_too_often_waits(
    enter: Enter, another: Callable[[], Browser], provider: OpenIdProvider
) -> None:
    await linked(enter, provider)
    browser = another()
    for _ in range(5):
        assert (await browser.get(RETURN, params={"state": "x", "code": "x"}))[0] == 403
    assert (await log_in(browser, provider))[0] == 429


async def test_the_journeys_cookie_is_for_the_way_back_only(
    another: Callable[[], Browser], provider: OpenIdProvider
) -> None:
    async with another().client.get("/desk/login/outside", allow_redirects=False) as response:
        cookie = response.headers["Set-Cookie"]
    assert f"Path={RETURN}" in cookie
    assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": "http://ask.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": None},
        {"token_endpoint": "https://name@elsewhere.example/"},
    ],
)
async def test_a_discovery_document_leads_nowhere_else(provider: OpenIdProvider, discovery: dict[str, Any]) -> None:
    provider.discovery = discovery
    with pytest.raises(OidcFault):
        await Provider(provider.issuer, CLIENT, SECRET, "https://ask.example").address("s", "n", "v")


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://id.example/token", True),
        ("http://127.0.0.1:8080/token", True),
        ("http://id.example/token", False),
        ("https:///token", False),
        ("https://u:p@id.example/", False),
        ("https://id.example:x/", False),
        ("ftp://id.example/", False),
    ],
)
def test_addresses_that_may_be_called(url: str, good: bool) -> None:
    assert safe(url) is good


async def test_without_settings_there_is_no_outside_login(start: Any) -> None:
    client = await start()
    for path in ("/desk/login/outside", RETURN):
        async with client.get(path, allow_redirects=False) as response:
            assert response.status == 404
    async with client.get("/desk/login") as response:
        assert "outside" not in await response.text()


@pytest.mark.parametrize(
    "given",
    [
        {"oidc_issuer": "http://id.example"},
        {"oidc_issuer": "https://id.example", "oidc_client_id": "a", "oidc_client_secret": "b"},
        {"oidc_issuer": "https://id.example", "public_url": "https://a.example", "oidc_client_id": "a"},
        {"oidc_issuer": "https://id.example?x=1", "public_url": "https://a.example"},
    ],
)
def test_half_a_provider_is_refused_at_the_start(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Settings(_env_file=None, **given)  # type: ignore[arg-type]
