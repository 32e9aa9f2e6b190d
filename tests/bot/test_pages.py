"""Pages, files, and what other sites may do."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from pydantic import ValidationError

from bot.channels.web.files import FILES, WIDGET
from bot.channels.web.sites import SECURITY_HEADERS
from bot.settings import Settings
from knowledge.records import Status
from tests.bot.fakes import CITATION, FakeRasa, an_answer
from tests.bot.test_api import Rows, Start
from tests.conftest import missing

SITE = "https://www.example.org"
NASTY = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


def need_widget() -> None:
    if not FILES["widget.js"][0].is_file():
        missing("the widget is not built: run make widget")


# --- files ---


async def test_the_page_names_its_files_with_digests_that_last(client: TestClient[Any, Any]) -> None:
    need_widget()
    page = await (await client.get("/")).text()
    names = re.findall(r'(?:src|href)="(widget/[^"]+)"', page)
    assert {re.sub(r"\.[0-9a-f]{16}\.", ".", name) for name in names} == {f"widget/{name}" for name in FILES}
    for name in names:
        reply = await client.get(f"/{name}")
        assert reply.status == 200
        assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert reply.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize("path", ["/widget.js", "/widget/widget.js"])
async def test_the_name_for_other_sites_is_asked_for_again(path: str, client: TestClient[Any, Any]) -> None:
    need_widget()
    reply = await client.get(path, headers={"Accept-Encoding": "identity"})
    assert reply.headers["Cache-Control"].startswith("public, max-age=300")
    assert (await reply.read()) == FILES["widget.js"][0].read_bytes()
    again = await client.get(path, headers={"If-None-Match": reply.headers["ETag"]})
    assert again.status == 304
    packed = await client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(gzip.compress(FILES["widget.js"][0].read_bytes(), 9)) <= 25 * 1024


def test_the_lock_names_no_registry() -> None:
    lock = (WIDGET / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert "://" not in re.sub(r'"funding": \{.*?\}', "", lock, flags=re.DOTALL)
    assert '"integrity": "sha512-' in lock


async def test_without_the_script_the_page_is_a_form(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILES, "widget.js", (WIDGET / "nowhere.js", "text/javascript"))
    client = await start()
    page = await (await client.get("/")).text()
    assert "<script" not in page
    assert '<form class="ask"' in page


# --- asking without JavaScript ---


async def test_the_plain_form_is_answered_and_goes_on(client: TestClient[Any, Any], rasa: FakeRasa, rows: Rows) -> None:
    answer = an_answer(f"答复{NASTY}", Status.ANSWERED)
    rasa.reply = [{"custom": {"answer": answer.to_dict()}}]
    reply = await client.post("/ask", data={"text": f"工资{NASTY}"})
    page = await reply.text()
    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "no-store"
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="tel:12348"' in page
    assert f'href="passages/{CITATION.passage_id}"' in page
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', page))
    for _ in range(2):  # pressed twice, asked once
        assert (await client.post("/ask", data={"text": "那找谁", **hidden})).status == 200
    assert rows("select number, text from turns order by number") == [(1, f"工资{NASTY}"), (2, "那找谁")]


@pytest.mark.parametrize(
    ("fields", "status"), [({"text": " "}, 422), ({}, 422), ({"text": "长" * 1001}, 413)], ids=["blank", "none", "long"]
)
async def test_the_plain_form_says_what_is_wrong(
    fields: dict[str, str], status: int, client: TestClient[Any, Any]
) -> None:
    reply = await client.post("/ask", data=fields or {"other": "1"})
    assert reply.status == status
    assert reply.content_type == "text/html"
    assert 'role="alert"' in await reply.text()


async def test_another_residents_conversation_cannot_be_continued(client: TestClient[Any, Any], rows: Rows) -> None:
    await client.post("/ask", data={"text": "我家的事"})
    (known,) = rows("select id from conversations")
    await client.post("/ask", data={"text": "偷看", "conversation": known[0], "token": "guess", "turn": "t"})
    assert rows("select count(*) from conversations") == [(2,)]


# --- passages ---


async def test_a_passage_stands_in_its_document(client: TestClient[Any, Any]) -> None:
    reply = await client.get(f"/passages/{CITATION.passage_id}")
    page = await reply.text()
    assert reply.status == 200
    assert f"<mark>{CITATION.quote}</mark>" in page
    assert "前一句。" in page
    assert "后一句&lt;b&gt;。" in page
    for fact in (CITATION.document, CITATION.date, str(CITATION.issuer)):
        assert fact in page


@pytest.mark.parametrize("name", ["nothing", "report/9-9", "%00", "<script>", "a" * 3000])
async def test_a_passage_that_is_not_there_is_told_in_words(name: str, client: TestClient[Any, Any]) -> None:
    reply = await client.get(f"/passages/{name}")
    assert (reply.status, reply.content_type) == (404, "text/html")
    assert "<script" not in await reply.text()


# --- other sites ---


async def test_a_listed_site_may_call_the_api_and_frame_the_page(start: Start) -> None:
    client = await start(widget_sites=f"{SITE}, https://b.example.org:8443")
    asked = {"Origin": SITE, "Access-Control-Request-Method": "DELETE"}
    beforehand = await client.options("/api/v1/conversations/x/turns", headers=asked)
    assert beforehand.status == 204
    assert beforehand.headers["Access-Control-Allow-Origin"] == SITE
    assert "DELETE" in beforehand.headers["Access-Control-Allow-Methods"]
    for name in ("Authorization", "Content-Type", "Last-Event-ID"):
        assert name in beforehand.headers["Access-Control-Allow-Headers"]
    reply = await client.get("/api/v1/conversations/x/turns", headers={"Origin": SITE})
    assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (401, SITE), "errors can be read too"
    assert "Access-Control-Allow-Credentials" not in reply.headers
    assert "Origin" in reply.headers["Vary"]
    policy = (await client.get("/embed")).headers["Content-Security-Policy"]
    assert f"frame-ancestors 'self' https://b.example.org:8443 {SITE};" in policy
    assert (await client.get("/")).headers["Content-Security-Policy"] == SECURITY_HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example.org", "null", f"{SITE}.evil.org", "http://www.example.org", ""]
)
async def test_nobody_else_may(origin: str, start: Start) -> None:
    client = await start(widget_sites=SITE)
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for reply in (
        await client.options("/api/v1/conversations", headers=asked),
        await client.post("/api/v1/conversations", headers={"Origin": origin}),
    ):
        assert "Access-Control-Allow-Origin" not in reply.headers


@pytest.mark.parametrize(
    "value",
    ["example.org", "https://example.org/path", "*", "https://*.org", "javascript:x", "https://a.org; script-src *"],
)
def test_what_is_no_origin_stops_the_start(value: str) -> None:
    with pytest.raises(ValidationError, match="不是网站地址"):
        Settings(_env_file=None, widget_sites=value)
