"""Who gets in, who may do what, and that it is noted: every page is tried by somebody from another group."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, text

from bot.__main__ import main
from bot.channels.web.access import STORE
from bot.conversations.migrate import migrate
from bot.conversations.store import connect
from bot.conversations.tables import UtcDateTime
from bot.desk import accounts
from bot.desk.pages import PAGES
from bot.desk.permissions import ANYONE, PERMISSIONS, ROLES, SIGNED_IN
from bot.settings import Settings
from tests.desk.conftest import PASSWORD, Browser, Enter

Rows = Callable[[str], list[tuple[Any, ...]]]


def path_of(path: str) -> str:
    return path.replace("{", "").replace("}", "")


def test_every_page_names_a_permission_and_nothing_else_is_served_below_desk(client: Any) -> None:
    named = {(page.method, page.path) for page in PAGES}
    served = {
        (route.method, route.resource.canonical)
        for route in client.app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith("/desk")
    }
    others = {path for method, path in served - named if method != "HEAD"}
    assert all(path.startswith("/desk/static/") for path in others)
    outside = {"/desk/login/outside", "/desk/login/outside/return"}
    assert {page.path for page in PAGES if page.permission == ANYONE} == {"/desk/login"} | outside
    assert all(page.permission in {ANYONE, SIGNED_IN, *PERMISSIONS} for page in PAGES)


async def test_without_a_login_every_page_leads_to_the_login(another: Callable[[], Browser]) -> None:
    browser = another()
    for page in PAGES:
        if page.permission != ANYONE:
            assert (await getattr(browser, page.method.lower())(path_of(page.path)))[0] == 303, page.path


@pytest.mark.parametrize("role", [*ROLES, "none"])
async def test_somebody_from_another_group_is_refused(enter: Enter, role: str) -> None:
    browser = await enter("somebody", *([role] if role in ROLES else []))
    allowed = ROLES.get(role, frozenset())
    tried = 0
    for page in PAGES:
        if page.permission in {ANYONE, SIGNED_IN} or page.permission in allowed:
            continue
        status, _ = await getattr(browser, page.method.lower())(path_of(page.path))
        assert status == 403, (role, page.path)
        tried += 1
    assert tried or all(page.permission in {ANYONE, SIGNED_IN, *allowed} for page in PAGES)


async def test_the_right_group_gets_in(enter: Enter) -> None:
    browser = await enter("root")
    for path in ("/desk", "/desk/accounts", "/desk/audit", "/desk/audit.xlsx", "/desk/password"):
        async with browser.client.get(path) as response:
            assert response.status == 200, path
            await response.read()


async def test_every_post_needs_the_token(enter: Enter) -> None:
    browser = await enter("root")
    for page in PAGES:
        if page.method == "POST":
            assert (await browser.post(path_of(page.path), csrf="wrong"))[0] == 403, page.path
    async with browser.client.get("/desk/accounts", headers={"Sec-Fetch-Site": "cross-site"}) as response:
        assert response.status == 403


async def test_a_login_rotates_the_session_and_a_logout_ends_it(enter: Enter) -> None:
    browser = await enter("wang", "operator")
    first = browser.cookie()
    async with browser.client.post("/desk/logout", data={"csrf": browser.csrf}) as response:
        assert response.url.path == "/desk/login"
    assert await browser.log_in("wang") == 303
    assert browser.cookie() != first
    async with browser.client.get("/desk", cookies={"yinfawen_desk": first}, allow_redirects=False) as response:
        assert response.status == 303


async def test_the_cookie_is_not_stored(enter: Enter, rows: Rows) -> None:
    browser = await enter("wang", "operator")
    assert browser.cookie() not in str(rows("select * from desk_sessions"))


async def test_the_login_cookie_is_strict(another: Callable[[], Browser]) -> None:
    async with another().client.get("/desk/login", headers={"X-Forwarded-Proto": "https"}) as response:
        cookie = response.headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Secure", "Path=/desk"))


async def test_too_many_failures_mean_a_pause_for_that_account_only(
    enter: Enter, another: Callable[[], Browser], client: Any
) -> None:
    await enter("wang", "operator")
    guesser = another()
    assert [await guesser.log_in("wang", "wrong-password") for _ in range(5)] == [403] * 5
    assert await guesser.log_in("wang") == 429
    assert await guesser.log_in("root") == 303
    early = datetime.now(UTC) - timedelta(hours=1)
    change = text("update login_failures set at = :early").bindparams(bindparam("early", early, UtcDateTime()))
    await client.app[STORE].run(lambda connection: connection.execute(change))
    assert await another().log_in("wang") == 303


async def test_an_unknown_name_looks_like_a_wrong_password(enter: Enter, another: Callable[[], Browser]) -> None:
    await enter("wang", "operator")
    browser = another()
    pages = []
    for name in ("wang", "nobody"):
        await browser.get("/desk/login")
        pages.append(await browser.post("/desk/login", name=name, password="wrong"))
    assert pages[0] == pages[1]


async def test_the_first_password_has_to_be_changed(enter: Enter, another: Callable[[], Browser], rows: Rows) -> None:
    root = await enter("root")
    _, page = await root.post("/desk/accounts", name="li", shown="李", role="operator", reason="新同事")
    password = page.split("<code>")[1].split("</code>")[0]
    browser = another()
    assert await browser.log_in("li", password) == 303
    assert (await browser.get("/desk/audit"))[0] == 303
    assert (await browser.post("/desk/password", old=password, new="li-li-li-li", again="li-li-li-li"))[0] == 422
    assert (await browser.post("/desk/password", old="wrong", new="a-new-password-1", again="a-new-password-1"))[
        0
    ] == 422
    assert (await browser.post("/desk/password", old=password, new="a-new-password-1", again="a-new-password-1"))[
        0
    ] == 303
    assert await another().log_in("li", "a-new-password-1") == 303
    stored = str(rows("select * from accounts")) + str(rows("select * from audit"))
    assert password not in stored
    assert "a-new-password-1" not in stored
    assert "$argon2id$" in stored


async def test_roles_have_reasons_and_the_last_administrator_stays(enter: Enter, rows: Rows) -> None:
    root = await enter("root")
    await enter("li", "operator")
    assert (await root.post("/desk/accounts/li/grants", role="editor", reason=" "))[0] == 422
    assert (await root.post("/desk/accounts/li/grants", role="editor", part="guide:wages", reason="写劳动指引"))[
        0
    ] == 303
    assert (await root.post("/desk/accounts/root/disabled", disabled="1"))[0] == 422
    ((own,),) = rows("select id from grants where role = 'administrator'")
    assert (await root.post(f"/desk/accounts/grants/{own}/revoke", reason="不干了"))[0] == 422
    assert rows("select revoked_at from grants where role = 'administrator'") == [(None,)]
    assert "写劳动指引" not in str(rows("select revoked_by from grants"))
    actions = [row[0] for row in rows("select action from audit where account = 'root'")]
    assert actions.count("role.grant") == 1
    assert "role.revoke" not in actions


async def test_nobody_changes_their_own_roles(enter: Enter, rows: Rows) -> None:
    root, second = await enter("root"), await enter("second", "administrator")
    status, page = await root.post("/desk/accounts/root/grants", role="reviewer", reason="我要审")
    assert status == 422
    assert "另一位管理员" in page
    ((own, _),) = rows("select g.id, a.name from grants g join accounts a on a.id = g.account_id where a.name = 'root'")
    assert (await root.post(f"/desk/accounts/grants/{own}/revoke", reason="不干了"))[0] == 422
    assert (await second.post("/desk/accounts/root/grants", role="reviewer", reason="人手不够"))[0] == 303
    assert (await second.post(f"/desk/accounts/grants/{own}/revoke", reason="轮岗"))[0] == 303
    assert (await root.get("/desk/accounts"))[0] == 403


async def test_only_an_administrator_makes_and_touches_administrators(
    enter: Enter, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should another role ever be allowed to manage accounts, it stays below administrators."""
    monkeypatch.setitem(ROLES, "operator", frozenset({*ROLES["operator"], "accounts.manage"}))
    clerk = await enter("clerk", "operator")
    await enter("li", "viewer")
    assert (await clerk.post("/desk/accounts/li/grants", role="editor", reason="写"))[0] == 303
    for path, fields in {
        "/desk/accounts/li/grants": {"role": "administrator", "reason": "升"},
        "/desk/accounts/root/password": {},
        "/desk/accounts/root/disabled": {"disabled": "1"},
        "/desk/accounts": {"name": "mine", "shown": "我", "role": "administrator", "reason": "升"},
    }.items():
        status, page = await clerk.post(path, **fields)
        assert status == 422, path
        assert "管理员" in page
    left = await client.app[STORE].run(lambda connection: accounts.listed(connection))
    assert {one.name for one in left if any(given.role == "administrator" for given in one.grants)} == {"root"}
    assert "mine" not in {one.name for one in left}


async def test_a_limit_that_limits_nothing_is_refused(enter: Enter) -> None:
    root = await enter("root")
    await enter("li", "operator")
    for part in ("劳动", "nonsense:wages"):
        assert (await root.post("/desk/accounts/li/grants", role="editor", part=part, reason="写"))[0] == 422
    assert (await root.post("/desk/accounts/li/grants", role="editor", part="guide:wages", reason="写"))[0] == 303


async def test_an_administrator_lifts_the_pause(enter: Enter, another: Callable[[], Browser], rows: Rows) -> None:
    root, guesser = await enter("root"), another()
    await enter("wang", "operator")
    for _ in range(5):
        await guesser.log_in("wang", "wrong-password")
    assert await another().log_in("wang") == 429
    _, page = await root.get("/desk/accounts")
    assert "/desk/accounts/wang/lift" in page
    assert "/desk/accounts/root/lift" not in page
    assert (await root.post("/desk/accounts/wang/lift"))[0] == 303
    assert await another().log_in("wang") == 303
    assert ("root", "account:wang") in rows("select account, object from audit where action = 'login.lift'")
    assert (await root.post("/desk/accounts/nobody/lift"))[0] == 422


async def test_a_closed_account_is_out_at_once(enter: Enter, another: Callable[[], Browser]) -> None:
    root, li = await enter("root"), await enter("li", "operator")
    assert (await root.post("/desk/accounts/li/disabled", disabled="1"))[0] == 303
    assert (await li.get("/desk"))[0] == 303
    assert await another().log_in("li") == 403


async def test_sessions_end(enter: Enter, client: Any) -> None:
    browser = await enter("wang", "operator")
    old = datetime.now(UTC) - timedelta(hours=3)
    change = text("update desk_sessions set seen_at = :old").bindparams(bindparam("old", old, UtcDateTime()))
    await client.app[STORE].run(lambda connection: connection.execute(change))
    assert (await browser.get("/desk"))[0] == 303


async def test_the_audit_log_cannot_be_changed(enter: Enter, options: Settings) -> None:
    await enter("wang", "operator")
    with sqlite3.connect(options.data_dir / "yinfawen.db") as connection:
        for change in ("update audit set account = 'x'", "delete from audit"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(change)


async def test_reading_the_audit_log_is_noted_and_filters(enter: Enter, rows: Rows) -> None:
    browser = await enter("root")
    _, page = await browser.get("/desk/audit", params={"action": "account."})
    assert "account.add" in page
    assert "<td>login</td>" not in page
    assert rows("select count(*) from audit where action = 'audit.read'") == [(1,)]


async def test_pages_have_a_strict_policy_and_nothing_inline(enter: Enter) -> None:
    browser = await enter("root")
    async with browser.client.get("/desk/accounts") as response:
        page, policy = await response.text(), response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert not any(found in page for found in ("<style", " style=", "onclick", "<script>"))


def test_the_command_makes_the_first_administrator(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = Settings(_env_file=None, data_dir=tmp_path)
    monkeypatch.setattr("bot.__main__.settings", lambda: options)
    add = ["bot", "account", "add", "zhang", "--role", "administrator", "--reason", "首任管理员"]
    monkeypatch.setattr("sys.argv", add)
    assert main() == 0
    first = capsys.readouterr().out.split()[-1]
    assert len(first) >= 16
    assert main() == 1  # taken
    monkeypatch.setattr("sys.argv", ["bot", "account", "disable", "zhang"])
    assert main() == 1  # the last one
    monkeypatch.setattr("sys.argv", ["bot", "account", "reset", "zhang"])
    assert main() == 0
    assert first not in capsys.readouterr().out
    migrate(options.database)
    engine = connect(options.database)
    with engine.begin() as connection:
        found = connection.execute(text("select action from audit order by id")).scalars().all()
    engine.dispose()
    assert found == ["account.add", "role.grant", "password.reset"]
    assert PASSWORD not in capsys.readouterr().out
