"""The knowledge administration through its pages: two people change, review, check, publish and roll back."""

from __future__ import annotations

import io
import re
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient
from openpyxl import Workbook
from sqlalchemy import Connection, insert, select, update

from bot.channels.web.access import STORE
from bot.conversations.feedback import Verdict
from bot.conversations.tables import feedback, turns
from bot.desk.knowledge_site import WORKSHOP
from bot.desk.permissions import ROLES
from bot.editing import workshop
from bot.editing.forms import fields_of
from bot.settings import Settings
from knowledge import live
from knowledge.answer import Knowledge
from knowledge.catalogue import load_catalogue
from knowledge.entries import record
from knowledge.release import build_release, load_release, publish
from tests.desk.conftest import Browser, Enter
from tests.knowledge.small import LetterEmbedder, small_content
from tests.knowledge.test_validity import advisors

NEW = "这一句是新改的。"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Content, golden questions, and a published release of it."""
    home, embedder = tmp_path_factory.mktemp("knowledge"), LetterEmbedder()
    content = small_content(home / "content")
    publish(home / "releases", build_release(home / "releases", embedder, content))
    known = load_catalogue(content).guides[1].sections[0].questions[0]
    (home / "questions").mkdir()
    (home / "questions" / "check.yml").write_text(
        f"- {{q: {known}, style: short, kind: legal, status: [answered], never: [坏话]}}\n", encoding="utf-8"
    )
    return home


@pytest.fixture
def knowledge(small: Path, options: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Knowledge]:
    """In use as long as the test runs, in a data folder of its own."""
    shutil.copytree(small / "releases", options.releases_dir)
    name = (options.releases_dir / "current").read_text(encoding="utf-8")
    embedder = LetterEmbedder()
    loaded = Knowledge(load_release(options.releases_dir, name, embedder), embedder)
    build = Path(__file__).parent / "small_build.py"
    command = (sys.executable, str(build), str(small / "content"), str(small / "questions"))
    monkeypatch.setattr(workshop, "COMMAND", command)
    before = live._live
    live.use(loaded)
    yield loaded
    live._live = before


Publish = Callable[..., Awaitable[str]]


async def changed(editor: Browser, text: str = NEW) -> str:
    """The editor rewords the first sentence of the guide to legal aid; the address of the draft."""
    body = record(live.knowledge().release.catalogue, "guide", "legal-aid")
    assert body is not None
    given = fields_of("guide", body) | {"section.0.0.text": text}
    return await posted(editor, "/desk/knowledge/entries/guide/legal-aid", **given)


async def posted(browser: Browser, path: str, **fields: Any) -> str:
    """Where a POST that succeeded leads to."""
    data = {"csrf": browser.csrf, **fields}
    async with browser.client.post(path, data=data, allow_redirects=False) as response:
        assert response.status == 303, await response.text()
        return response.headers["Location"]


async def built(client: TestClient[Any, Any], browser: Browser) -> str:
    address = await posted(browser, "/desk/knowledge/builds")
    await client.app[WORKSHOP].done()
    return address


async def test_from_a_change_to_the_resident_and_back(client: TestClient[Any, Any], enter: Enter) -> None:
    editor, reviewer = await enter("editor", "editor"), await enter("reviewer", "reviewer")
    first = live.knowledge().release.id
    draft = await changed(editor)
    status, page = await editor.get(draft)
    assert status == 200
    assert f"<ins>第 1 句：{NEW}</ins>" in page  # in the words of the form
    await posted(editor, f"{draft}/submit")
    await posted(reviewer, f"{draft}/approve")
    address = await built(client, reviewer)
    status, page = await reviewer.get(address)
    assert "已检查，待发布" in page
    assert "不同" in page
    assert live.knowledge().release.id == first  # nothing is searchable before it is published
    assert NEW not in live.knowledge().release.catalogue.model_dump_json()
    status, page = await reviewer.get("/desk/knowledge/try?q=法律援助&on=draft")
    assert status == 200
    await posted(reviewer, f"{address}/publish")
    assert NEW in live.knowledge().release.catalogue.model_dump_json()
    await posted(reviewer, "/desk/knowledge/roll-back")
    assert live.knowledge().release.id == first
    status, page = await editor.get("/desk/knowledge")
    assert "已退回" in page
    assert "草稿" in page
    # The same once more: its release is there already, and is asked the golden questions again.
    await posted(editor, f"{draft}/submit")
    await posted(reviewer, f"{draft}/approve")
    await posted(reviewer, f"{await built(client, reviewer)}/publish")
    assert NEW in live.knowledge().release.catalogue.model_dump_json()


async def test_every_step_is_in_the_audit_log(
    client: TestClient[Any, Any], enter: Enter, rows: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    editor, reviewer = await enter("editor", "editor"), await enter("reviewer", "reviewer")
    draft = await changed(editor)
    await posted(editor, f"{draft}/submit")
    await posted(reviewer, f"{draft}/approve")
    address = await built(client, reviewer)
    await posted(reviewer, f"{address}/publish")
    await posted(reviewer, "/desk/knowledge/roll-back")
    told = rows("SELECT account, action FROM audit WHERE action LIKE 'knowledge.%' ORDER BY id")
    assert told == [
        ("editor", "knowledge.draft"),
        ("editor", "knowledge.submit"),
        ("reviewer", "knowledge.approve"),
        ("reviewer", "knowledge.build"),
        ("reviewer", "knowledge.publish"),
        ("reviewer", "knowledge.roll-back"),
    ]


async def test_a_drop_is_blocked_until_an_administrator_gives_a_reason(
    client: TestClient[Any, Any], enter: Enter
) -> None:
    editor, reviewer = await enter("editor", "editor"), await enter("reviewer", "reviewer")
    root = await enter("root")
    draft = await changed(editor, "坏话")
    await posted(editor, f"{draft}/submit")
    await posted(reviewer, f"{draft}/approve")
    address = await built(client, reviewer)
    status, page = await reviewer.get(address)
    assert "变差" in page
    assert f"{address}/publish" not in page
    status, page = await reviewer.post(f"{address}/publish", reason="我要发")
    assert status == 403
    status, page = await root.post(f"{address}/publish", reason=" ")
    assert status == 422
    await posted(root, f"{address}/publish", reason="旧题目过时了")
    assert "坏话" in live.knowledge().release.catalogue.model_dump_json()


@pytest.mark.parametrize(("roles", "may"), [(("editor", "reviewer"), True), (("reviewer",), False)])
async def test_nobody_approves_their_own(enter: Enter, roles: tuple[str, ...], may: bool) -> None:
    both = await enter("both", *roles)
    if not may:
        status, _ = await both.post("/desk/knowledge/entries/guide/legal-aid", title="x")
        assert status == 403
        return
    draft = await changed(both)
    await posted(both, f"{draft}/submit")
    _, page = await both.get(draft)
    assert "要由另一个人审核" in page
    status, page = await both.post(f"{draft}/approve")
    assert status == 403
    assert "另一个人" in page


CHANGES = {
    "/desk/knowledge/entries/guide/legal-aid": {"editor"},
    "/desk/knowledge/versions/1/submit": {"editor"},
    "/desk/knowledge/versions/1/approve": {"reviewer"},
    "/desk/knowledge/versions/1/send-back": {"reviewer"},
    "/desk/knowledge/builds": {"editor", "reviewer", "administrator"},
    "/desk/knowledge/builds/1/publish": {"reviewer", "administrator"},
    "/desk/knowledge/roll-back": {"reviewer", "administrator"},
    "/desk/knowledge/upload": {"editor"},
}


@pytest.mark.parametrize("role", list(ROLES))
async def test_each_role_can_do_its_own_and_nothing_else(client: TestClient[Any, Any], enter: Enter, role: str) -> None:
    editor = await enter("author", "editor")
    draft = await changed(editor)
    if role == "reviewer":
        await posted(editor, f"{draft}/submit")
    somebody = await enter("somebody", role)
    for path, roles in CHANGES.items():
        status, _ = await somebody.post(path)
        assert (status == 403) == (role not in roles), (path, status)
        await client.app[WORKSHOP].done()
    for path in ("/desk/knowledge", "/desk/knowledge/entries/guide", "/desk/knowledge/try?q=法律援助", draft):
        assert (await somebody.get(path))[0] == 200


async def test_faults_are_shown_above_what_was_typed(enter: Enter) -> None:
    editor = await enter("editor", "editor")
    body = record(live.knowledge().release.catalogue, "guide", "legal-aid")
    assert body is not None
    given = fields_of("guide", body) | {"routes": "nowhere｜不知道", "title": "<b>新标题</b>"}
    status, page = await editor.post("/desk/knowledge/entries/guide/legal-aid", **given)
    assert status == 422
    assert "nowhere" in page
    assert "&lt;b&gt;新标题&lt;/b&gt;" in page
    status, page = await editor.post("/desk/knowledge/entries/guide/legal-aid", **(given | {"routes": "看不懂的一行"}))
    assert status == 422
    assert "看不懂" in page


@pytest.mark.parametrize("path", ["versions/99", "versions/x", "builds/99", "entries/nonsense", "entries/nonsense/x"])
async def test_what_is_not_there(enter: Enter, path: str) -> None:
    assert (await (await enter("editor", "editor")).get(f"/desk/knowledge/{path}"))[0] == 404


async def test_an_operator_sees_the_advisor_of_the_village_from_the_directory(
    enter: Enter, knowledge: Knowledge
) -> None:
    release = knowledge.release
    catalogue = release.catalogue.model_copy(update={"advisor_lists": (advisors(),)})
    live.use(Knowledge(replace(release, catalogue=catalogue), knowledge.embedder))
    operator = await enter("operator", "operator")
    status, page = await operator.post("/desk/caller/cards", text="怎么申请法律援助", village="梅园社区")
    assert (status, "13900000001" in page) == (200, True)
    _, page = await operator.post("/desk/caller/cards", text="怎么申请法律援助", village="钢四区社区")
    assert "13900000001" not in page


async def test_what_the_server_refuses_is_a_page_too(enter: Enter) -> None:
    """A wrong address and a file that is far too large: staff read Chinese, not JSON."""
    editor = await enter("editor", "editor")
    status, page = await editor.get("/desk/nowhere")
    assert (status, "<h1>没有这个页面</h1>" in page) == (404, True)
    status, page = await sent(editor, "大.xlsx", bytes(21_000_000), **PROOFS)
    assert (status, "文件最大 20 MB" in page) == (413, True)


def sheet(rows: list[list[str]]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(out)
    return out.getvalue()


async def sent(browser: Browser, name: str, content: bytes, **fields: str) -> tuple[int, str]:
    form = FormData({"csrf": browser.csrf, **fields})
    form.add_field("file", content, filename=name, content_type="application/octet-stream")
    async with browser.client.post("/desk/knowledge/upload", data=form, allow_redirects=False) as response:
        return response.status, await response.text()


PROOFS = {"kind": "proofs", "title": "保留的证明事项清单", "issuer": "某局", "published": "2026-01-01"}
HEAD = ["序号", "证明名称", "证明用途", "设定依据", "索要单位", "开具单位"]


async def test_a_list_is_uploaded_with_its_faults_and_published(client: TestClient[Any, Any], enter: Enter) -> None:
    editor, reviewer = await enter("editor", "editor"), await enter("reviewer", "reviewer")
    await editor.get("/desk/knowledge/upload")
    body = [[str(row), f"第{row}种证明", f"办第{row}件事", "某法", "某局", "某村"] for row in range(1, 80)]
    status, page = await sent(editor, "清单.xlsx", sheet([HEAD, *body, ["80", "", "没有名字", "", "", ""]]), **PROOFS)
    assert status == 200
    assert "收到了：79 行" in page
    assert "没有收的行（1）" in page
    draft = re.search(r"/desk/knowledge/versions/\d+", page)
    assert draft is not None
    await posted(editor, f"{draft[0]}/submit")
    await posted(reviewer, f"{draft[0]}/approve")
    await posted(reviewer, f"{await built(client, reviewer)}/publish")
    assert [len(row.items) for row in live.knowledge().release.catalogue.proof_lists] == [79]
    _, page = await editor.get("/desk/knowledge/entries/import")
    assert "保留的证明事项清单" in page


@pytest.mark.parametrize(
    ("name", "content", "changes", "told"),
    [
        ("x.exe", b"MZ", {}, "不收这种文件"),
        ("../../x.xlsx", b"not a sheet", {}, "不是真正的 xlsx"),
        ("x.csv", b"", {}, "空的"),
        ("x.xlsx", sheet([["什么", "都没有"]]), {}, "认不出表头"),
        ("x.xlsx", sheet([HEAD]), {"title": ""}, "要填“标题”"),
        ("x.xlsx", sheet([HEAD]), {"published": "昨天"}, "要写成"),
        ("x.xlsx", sheet([HEAD]), {"kind": "nonsense"}, "没有选文件的种类"),
    ],
    ids=["kind of file", "damaged", "empty", "header", "no title", "day", "kind"],
)
async def test_what_is_not_taken_is_told(
    enter: Enter, name: str, content: bytes, changes: dict[str, str], told: str
) -> None:
    editor = await enter("editor", "editor")
    await editor.get("/desk/knowledge/upload")
    status, page = await sent(editor, name, content, **(PROOFS | changes))
    assert status == 422
    assert told in page


async def test_unanswered_questions_are_counted_together_and_become_a_draft(
    client: TestClient[Any, Any],
    enter: Enter,
    meet: Callable[..., Awaitable[Any]],
    rows: Callable[[str], list[tuple[Any, ...]]],
) -> None:
    resident = await meet(client)
    for number, text in enumerate(("法律援助中心几楼", "法律援助中心几楼", "火星上咋打官司 13812345678")):
        await resident.say(text, f"t{number}")

    def spoil(connection: Connection) -> None:
        """The two alike had no answer; the third had one and it was no help."""
        ids = list(connection.scalars(select(turns.c.id).order_by(turns.c.number)))
        connection.execute(update(turns).where(turns.c.id.in_(ids[:2])).values(status="unanswerable"))
        connection.execute(update(turns).where(turns.c.id == ids[2]).values(status="answered"))
        row = {"turn_id": ids[2], "verdict": Verdict.UNSATISFIED, "reason": "", "given_at": datetime.now(UTC)}
        connection.execute(insert(feedback).values(row))

    await client.app[STORE].run(spoil)
    editor = await enter("editor", "editor")
    status, page = await editor.get("/desk/knowledge/unanswered")
    assert status == 200
    assert page.index("2 次，最近 7 天 2 次，再前 7 天 0 次（变多）") < page.index("1 次，最近 7 天 1 次")
    assert "其中 1 次说没用" in page
    assert "13812345678" not in page
    assert ("editor", "unanswered.read") in rows("SELECT account, action FROM audit")
    target = f"guide:legal-aid/{live.knowledge().release.catalogue.guides[1].sections[0].id}"
    draft = await posted(editor, "/desk/knowledge/unanswered", question="法律援助中心几楼", target=target)
    _, page = await editor.get(draft)
    assert "<ins>问法：法律援助中心几楼</ins>" in page
    status, _ = await editor.post("/desk/knowledge/unanswered", question="x", target="guide:none/none")
    assert status == 404
    viewer = await enter("viewer", "operator")
    assert (await viewer.get("/desk/knowledge/unanswered"))[0] == 403
