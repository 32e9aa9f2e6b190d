"""What people say and what opens doors, sent in by every way there is: it stands in no log and no metric, and is gone once erased.

The whole product runs with its log at DEBUG; what is read here is every line and every file that it wrote, its start included.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.conftest import ROOT, Running
from tests.desk.conftest import Browser
from tests.wechat.fakes import AES_KEY, TOKEN, Person, Platform

pytestmark = pytest.mark.rasa

WORDS, AT_WECHAT, AT_DESK = "隔壁仇老槐欠我的枣木棺材钱", "仇老槐的外甥女要离家出走", "仇老槐回访记录"
MOBILE, OTHER_MOBILE, ID = "13987654321", "18612349876", "110105194912310021"
NEW_PASSWORD, WRONG = "Zaomu-Guancai-77", "wrong-Guancai-88"


def written(home: Path) -> Iterator[Path]:
    """Every file that the product wrote while it ran; releases and models are made from content alone."""
    for file in home.rglob("*"):
        if file.is_file() and not {"releases", "cache"} & set(file.relative_to(home).parts) and file.suffix != ".gz":
            yield file


def spellings(words: str) -> list[bytes]:
    """As text, as JSON and as an address write it."""
    quoted = urllib.request.quote(words)
    return [words.encode(), json.dumps(words)[1:-1].encode(), quoted.encode(), repr(words.encode())[2:-1].encode()]


def holding(files: list[Path], words: str) -> list[str]:
    return [file.name for file in files if any(one in file.read_bytes() for one in spellings(words))]


@pytest_asyncio.fixture
async def session(service_url: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(service_url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as opened:
        yield opened


def first_password(home: Path, name: str) -> str:
    def account(*words: str) -> str:
        environment = {**os.environ, "YINFAWEN_DATA_DIR": str(home)}
        command = [sys.executable, "-m", "bot", "account", *words, "--reason", "测试"]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    said = account("add", name, "--shown", name, "--role", "operator")
    account("grant", name, "--role", "editor")
    return said.split()[-1]


async def at_the_api(session: aiohttp.ClientSession) -> tuple[str, str, str]:
    """Questions, a form, a hand-over, a verdict, suggestions, errors; the path, the token, the last answer's page."""
    async with session.post("/api/v1/conversations") as response:
        opened = await response.json()
    path, token = f"/api/v1/conversations/{opened['conversation_id']}", opened["token"]
    headers = {"Authorization": f"Bearer {token}"}
    turn: dict[str, Any] = {}
    texts = [WORDS, f"{WORDS}，我身份证{ID}", "请工作人员给我回电话", "同意", f"我的号码是{MOBILE}", "转人工", "救命啊"]
    for number, text in enumerate([*texts, f"{WORDS}，{AT_DESK}"]):
        said = {"text": text, "client_turn_id": f"t{number}"}
        async with session.post(f"{path}/turns", json=said, headers=headers) as response:
            assert response.status == 200, await response.text()
            turn = await response.json()
            if text.endswith(MOBILE):
                assert turn["answer"]["reason"] == "callback-kept"
    verdict = {"verdict": "bad", "reason": f"{WORDS}{OTHER_MOBILE}"}
    async with session.put(f"{path}/turns/{turn['turn_id']}/feedback", json=verdict, headers=headers) as response:
        assert response.status in (200, 204), await response.text()
    async with session.get("/api/v1/suggestions", params={"q": WORDS}) as response:
        assert response.status == 200
    # Each of these is refused.
    url = f"{path}/turns"
    for given in (
        {"data": f'{{"text": "{WORDS}{MOBILE}"'.encode(), "headers": headers},
        {"data": json.dumps({"text": [WORDS]}).encode(), "headers": {**headers, "Content-Type": "application/json"}},
        {"json": {"text": WORDS * 200, "client_turn_id": "t9"}, "headers": headers},
        {"json": {"text": WORDS + "改了", "client_turn_id": "t0"}, "headers": headers},
        {"json": {"text": WORDS, "client_turn_id": "t8"}, "headers": {"Authorization": f"Bearer {token}x{MOBILE}"}},
        {"json": {"text": WORDS, "client_turn_id": WORDS}, "headers": headers},
    ):
        async with session.post(url, **given) as response:  # type: ignore[arg-type]
            assert 400 <= response.status < 500
    async with session.get(f"/{WORDS}/{token}", params={"q": MOBILE}) as response:
        assert response.status == 404
    async with session.get(
        f"{path}/events?wait=0", headers={**headers, "Last-Event-ID": WORDS[:20].encode().hex()}
    ) as r:
        await r.read()
    return path, token, str(turn["turn_id"])


async def without_a_script(session: aiohttp.ClientSession) -> None:
    async with session.post("/ask", data={"text": f"{WORDS} {MOBILE}"}) as response:
        assert response.status == 200
    async with session.post("/ask", data=f"text={WORDS}%ff%fe&conversation={MOBILE}".encode("gbk")) as response:
        await response.read()


async def at_wechat(session: aiohttp.ClientSession, url: str) -> Person:
    platform, person = Platform(session, f"{url}/wechat"), Person()
    for text in (f"{AT_WECHAT} {OTHER_MOBILE}", "转人工", f"不满意：{AT_WECHAT}"):
        assert (await platform.send(person.text(text))).shown
    query, body = platform.envelope(f"<xml><Content>{AT_WECHAT}</Content>")
    async with session.post(platform.url, params=query, data=body.encode()) as response:
        assert response.status in (400, 403)
    async with session.post(
        platform.url, params={**query, "msg_signature": WORDS}, data=AT_WECHAT.encode()
    ) as response:
        assert response.status in (400, 403)
    return person


async def at_the_desk(session: aiohttp.ClientSession, path: str, password: str) -> str:
    """Logs in, wrongly and rightly, reads and writes, uploads; the cookie."""
    browser = Browser(session)  # type: ignore[arg-type]
    assert await browser.log_in("shenlan", WRONG) != 303
    assert await browser.log_in("shenlan", password) == 303
    status, _ = await browser.post("/desk/password", old=password, new=NEW_PASSWORD, again=NEW_PASSWORD)
    assert status == 303
    await browser.get("/desk/password")
    one = f"/desk/conversations/{path.rsplit('/', 1)[1]}"
    status, page = await browser.get(one)
    assert status == 200
    assert WORDS in page
    for step, fields in (
        ("take", {}),
        ("messages", {"text": AT_DESK}),
        ("notes", {"text": f"{AT_DESK}{OTHER_MOBILE}"}),
    ):
        status, said = await browser.post(f"{one}/{step}", **fields)
        assert status == 303, (step, said)
    for kind in ("advisors", AT_DESK):
        form = aiohttp.FormData({"csrf": browser.csrf, "kind": kind, "source": AT_DESK})
        form.add_field("file", f"{WORDS},{MOBILE}\n".encode(), filename=f"{WORDS}.csv")
        async with session.post("/desk/knowledge/upload", data=form, allow_redirects=False) as response:
            assert response.status == 422
    status, _ = await browser.post("/desk/caller/cards", text=f"{WORDS}{MOBILE}")
    assert status == 200
    call = {"text": f"{WORDS}{MOBILE}", "matter": "欠款", "village": WORDS, "outcome": AT_DESK, "caller": MOBILE}
    status, said = await browser.post("/desk/calls", **call)
    assert status == 303, said
    found = [cookie for cookie in session.cookie_jar if cookie.key == "yinfawen_desk"]
    return found[0].value


async def test_what_was_said_and_what_opens_doors_stands_in_no_log(
    service_url: str, service_home: Path, running: Running, session: aiohttp.ClientSession
) -> None:
    password = first_password(service_home, "shenlan")
    path, token, _ = await at_the_api(session)
    await without_a_script(session)
    person = await at_wechat(session, service_url)
    cookie = await at_the_desk(session, path, password)
    async with session.get(f"http://127.0.0.1:{running.internal}/metrics") as response:
        counted = await response.text()

    log, files = service_home / "log", list(written(service_home))
    for line in ("bot.service service listens", "rasa.core.processor", "a call to the WeChat address was refused"):
        assert line in log.read_text(), "everybody's lines are in it"
    database = [file for file in files if ".db" in file.name]
    assert {"yinfawen.db", "rasa.db"} <= {file.name for file in database}
    stored = holding(database, WORDS)
    assert stored, "what residents say is kept, for staff and for them"
    secrets = (MOBILE, OTHER_MOBILE, ID, token, password, NEW_PASSWORD, WRONG, cookie, person.openid, TOKEN, AES_KEY)
    for secret in secrets:
        assert holding(files, secret) == [], secrets.index(secret)
        assert secret not in counted
    for words in (WORDS, AT_WECHAT, AT_DESK, path.rsplit("/", 1)[1]):
        assert holding([file for file in files if file not in database], words) == []
        assert words not in counted

    # The resident erases it: no file holds it any more. The form's and WeChat's are others' conversations.
    async with session.delete(path, headers={"Authorization": f"Bearer {token}"}) as response:
        assert response.status == 204
    for file in written(service_home):
        assert f"{WORDS}，{AT_DESK}".encode() not in file.read_bytes(), file.name
        assert json.dumps(f"{WORDS}，{AT_DESK}")[1:-1].encode() not in file.read_bytes(), file.name
