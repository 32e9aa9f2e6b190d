"""The second step of the login: set up with an app, asked for, good once, helped by another administrator only."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pyotp
import pytest

from bot.channels.web.access import STORE
from bot.desk import second_factor
from bot.desk.accounts import AccountFault, find
from bot.desk.audit import COMMAND
from tests.desk.conftest import PASSWORD, Browser, Enter

OWN = "/desk/second-factor"
Rows = Callable[[str], list[tuple[Any, ...]]]


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = time.time()

    def later(self, steps: int = 1) -> None:
        self.now += 30 * steps


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    held = Clock()
    monkeypatch.setattr(second_factor.time, "time", lambda: held.now)
    return held


class App:
    """An authenticator app with one secret."""

    def __init__(self, page: str, clock: Clock) -> None:
        found = re.search(r"密钥：<code>([A-Z2-7 ]+)</code>", page)
        assert found is not None
        self._totp, self._clock = pyotp.TOTP(found[1].replace(" ", "")), clock

    def code(self) -> str:
        return self._totp.at(int(self._clock.now))


async def set_up(browser: Browser, clock: Clock) -> tuple[App, list[str]]:
    assert (await browser.post(f"{OWN}/start", password=PASSWORD))[0] == 303
    _, page = await browser.get(OWN)
    drawing = re.search(r"<svg[^>]*>", page)
    assert drawing is not None
    assert "viewBox" in drawing[0]  # without it a style that makes it smaller cuts it off
    assert " style=" not in page
    app = App(page, clock)
    status, page = await browser.post(f"{OWN}/confirm", code=app.code())
    assert status == 200
    codes = re.findall(r"<li><code>([A-Z0-9-]+)</code></li>", page)
    assert len(set(codes)) == 10
    return app, codes


async def log_in(browser: Browser, name: str, code: str = "") -> int:
    await browser.get("/desk/login")
    return (await browser.post("/desk/login", name=name, password=PASSWORD, code=code))[0]


async def test_a_code_is_asked_for_and_good_once(
    enter: Enter, another: Callable[[], Browser], clock: Clock, rows: Rows
) -> None:
    app, codes = await set_up(await enter("wang", "operator"), clock)
    assert await log_in(another(), "wang") == 403
    assert await log_in(another(), "wang", app.code()) == 403  # it switched the thing on and is used up
    clock.later()
    assert await log_in(another(), "wang", app.code()) == 303
    assert await log_in(another(), "wang", app.code()) == 403
    assert await log_in(another(), "wang", codes[0].lower()) == 303
    assert await log_in(another(), "wang", codes[0]) == 403
    stored = str(rows("select * from recovery_codes")) + str(rows("select * from audit"))
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)
    assert rows("select count(*) from recovery_codes") == [(9,)]


async def test_an_old_code_is_no_good_and_a_slow_clock_is(
    enter: Enter, another: Callable[[], Browser], clock: Clock
) -> None:
    app, _ = await set_up(await enter("wang", "operator"), clock)
    clock.later()
    old = app.code()
    clock.later(2)
    assert await log_in(another(), "wang", old) == 403
    late = app.code()
    clock.later()
    assert await log_in(another(), "wang", late) == 303


async def test_the_wrong_password_does_not_use_a_code_up(
    enter: Enter, another: Callable[[], Browser], clock: Clock
) -> None:
    _, codes = await set_up(await enter("wang", "operator"), clock)
    browser = another()
    await browser.get("/desk/login")
    pages = [
        await browser.post("/desk/login", name="wang", password=password, code=code)
        for password, code in (("wrong", codes[0]), (PASSWORD, "000000"))
    ]
    assert pages[0] == pages[1]
    assert pages[0][0] == 403
    assert await log_in(another(), "wang", codes[0]) == 303


async def test_codes_are_not_guessed(enter: Enter, another: Callable[[], Browser], clock: Clock) -> None:
    app, _ = await set_up(await enter("wang", "operator"), clock)
    clock.later()
    assert [await log_in(another(), "wang", f"{guess:06}") for guess in range(5)] == [403] * 5
    assert await log_in(another(), "wang", app.code()) == 429


async def test_setting_up_needs_the_password_and_is_not_guessed_either(enter: Enter, clock: Clock) -> None:
    browser = await enter("wang", "operator")
    assert (await browser.post(f"{OWN}/start", password="wrong"))[0] == 422
    assert (await browser.post(f"{OWN}/confirm", code="123456"))[0] == 422
    assert (await browser.post(f"{OWN}/start", password=PASSWORD))[0] == 303
    for code in ("", "12345", "１２３４５６", "abcdef"):
        status, page = await browser.post(f"{OWN}/confirm", code=code)
        assert status == 422
    assert "过 15 分钟" in page


async def test_somebody_who_has_to_gets_no_further_without(enter: Enter, clock: Clock, rows: Rows) -> None:
    root, wang = await enter("root"), await enter("wang", "operator")
    assert (await root.post("/desk/accounts/wang/second-factor", do="require"))[0] == 303
    for path in ("/desk", "/desk/inbox", "/desk/caller"):
        async with wang.client.get(path, allow_redirects=False) as response:
            assert response.headers["Location"] == OWN, path
    await set_up(wang, clock)
    assert (await wang.get("/desk/inbox"))[0] == 200
    status, page = await wang.post(f"{OWN}/off", password=PASSWORD)
    assert status == 422
    assert "不能关" in page
    actions = [row[0] for row in rows("select action from audit where action like 'second-factor%' order by id")]
    assert actions == ["second-factor.require", "second-factor.on"]


async def test_an_administrator_helps_others_not_themselves(
    enter: Enter, another: Callable[[], Browser], clock: Clock
) -> None:
    root, wang = await enter("root"), await enter("wang", "operator")
    await set_up(wang, clock)
    await set_up(root, clock)
    assert (await root.post("/desk/accounts/root/second-factor", do="reset"))[0] == 422
    assert (await wang.post("/desk/accounts/root/second-factor", do="reset"))[0] == 403
    assert (await root.post("/desk/accounts/wang/second-factor", do="reset"))[0] == 303
    assert await log_in(another(), "wang") == 303
    assert await log_in(another(), "root") == 403


async def test_it_can_be_switched_off_with_the_password(
    enter: Enter, another: Callable[[], Browser], clock: Clock
) -> None:
    wang = await enter("wang", "operator")
    await set_up(wang, clock)
    assert (await wang.post(f"{OWN}/off", password="wrong"))[0] == 422
    assert (await wang.post(f"{OWN}/start", password=PASSWORD))[
        0
    ] == 422  # a thief could not put their own telephone in
    assert (await wang.post(f"{OWN}/off", password=PASSWORD))[0] == 303
    assert await log_in(another(), "wang") == 303


async def test_the_command_resets_it_and_a_requirement_stays(enter: Enter, client: Any, clock: Clock) -> None:
    await set_up(await enter("root"), clock)

    def work(connection: Any) -> second_factor.SecondFactor:
        second_factor.require(connection, "root", "root", True)
        with pytest.raises(AccountFault):
            second_factor.require(connection, "root", "root", False)
        second_factor.reset(connection, COMMAND, "root")
        return second_factor.of_account(connection, find(connection, "root").id)

    assert (await client.app[STORE].run(work)).due
