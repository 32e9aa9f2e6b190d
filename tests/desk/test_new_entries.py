"""New entries and withdrawals through the pages, conflicts with newer content, and the limits of editors at every step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import insert

from bot.channels.web.access import STORE
from bot.desk import accounts
from bot.desk.audit import COMMAND
from bot.desk.knowledge_faults import all_readable, readable
from bot.desk.knowledge_pages import DOORS
from bot.editing.forms import fields_of
from bot.editing.tables import knowledge_entries
from bot.settings import Settings
from knowledge import live
from knowledge.catalogue import ChannelKind, load_catalogue
from knowledge.conflicts import SetAside, keep
from knowledge.entries import Entry, overlaid, record
from knowledge.schema import ContentError
from tests.desk.conftest import Browser, Enter
from tests.desk.test_knowledge import HEAD, NEW, PROOFS, built, changed, knowledge, posted, sent, sheet, small

__all__ = ["knowledge", "small"]
Rows = Callable[[str], list[tuple[Any, ...]]]
CARD = {
    "key": "new-door",
    "name": "新开的窗口",
    "kind": "office",
    "handles": "咨询",
    "source": "某局的公告",
    "source_date": "2026-01-01",
    "confirmed": "2026-01-02",
}
GUIDE = {
    "key": "new-matter",
    "title": "新的一件事",
    "matter": "新事",
    "confirmed": "2026-01-02",
    "source": "某局的公告",
    "routes": "12348｜问一问",
    "section.0.id": "what",
    "section.0.title": "是什么",
    "section.0.facet": "what",
    "section.0.0.text": "这是一件新的事。",
    "section.0.0.basis": "来源｜某局的公告｜2026-01-01｜某局",
    "section.0.questions": "新的一件事是什么\n什么叫新的一件事",
}
NOTE = {
    "key": "new-note",
    "reason": "not-legal",
    "text": "这不归我们管。",
    "questions": "一个不归我们管的问题\n另一个不归我们管的问题\n第三个不归我们管的问题",
}


@pytest.mark.parametrize(("kind", "given"), [("channel", CARD), ("guide", GUIDE), ("scope", NOTE)])
async def test_an_entry_is_added_from_an_empty_form(
    client: TestClient[Any, Any], enter: Enter, kind: str, given: dict[str, str]
) -> None:
    editor, reviewer = await enter("editor", "editor"), await enter("reviewer", "reviewer")
    _, page = await editor.get(f"/desk/knowledge/entries/{kind}")
    assert f"/desk/knowledge/new/{kind}" in page
    status, page = await editor.get(f"/desk/knowledge/new/{kind}")
    assert status == 200
    assert 'name="key"' in page
    draft = await posted(editor, f"/desk/knowledge/new/{kind}", **given)
    await posted(editor, f"{draft}/submit")
    await posted(reviewer, f"{draft}/approve")
    await posted(reviewer, f"{await built(client, reviewer)}/publish")
    assert record(live.knowledge().release.catalogue, kind, given["key"]) is not None


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        ("guide", GUIDE | {"key": "legal-aid"}, "已经有了"),
        ("guide", GUIDE | {"key": "老人"}, "小写字母"),
        ("guide", GUIDE | {"key": ""}, "小写字母"),
        ("guide", GUIDE | {"title": ""}, "标题：要填"),
        ("guide", GUIDE | {"confirmed": "昨天"}, "最近核对日期：要写成"),
        ("guide", GUIDE | {"section.0.questions": "只有一句"}, "第 1 节，居民怎么问：至少要 2 条"),
        ("guide", GUIDE | {"section.0.0.basis": ""}, "第 1 节，第 1 句，依据：至少要 1 条"),
        ("guide", GUIDE | {"routes": "nowhere｜x"}, "nowhere"),
        ("channel", CARD | {"number": "打电话"}, "电话：写法不对"),
        ("channel", CARD | {"kind": "nonsense"}, "种类：不是可以选的"),
        ("scope", NOTE | {"questions": ""}, "居民怎么问"),
    ],
)
async def test_what_is_wrong_is_told_in_the_words_of_the_form(
    enter: Enter, rows: Rows, kind: str, given: dict[str, str], told: str
) -> None:
    editor = await enter("editor", "editor")
    status, page = await editor.post(f"/desk/knowledge/new/{kind}", **given)
    assert status == 422
    assert told in page
    typed = next(value for name, value in given.items() if name in ("source", "text"))
    assert typed in page  # nothing that was typed is lost
    assert rows("select count(*) from knowledge_entries") == [(0,)]


async def test_fixed_texts_are_neither_added_nor_taken_away(enter: Enter) -> None:
    editor = await enter("editor", "editor")
    assert (await editor.get("/desk/knowledge/new/status"))[0] == 404
    assert (await editor.post("/desk/knowledge/new/import", key="x"))[0] == 404
    assert (await editor.post("/desk/knowledge/entries/status/greet/withdraw", reason="不要了"))[0] == 404


async def test_an_entry_is_withdrawn_with_a_reason_and_comes_back(client: TestClient[Any, Any], enter: Enter) -> None:
    editor, reviewer = await enter("editor", "editor"), await enter("reviewer", "reviewer")
    note = live.knowledge().release.catalogue.scope[1].id
    path = f"/desk/knowledge/entries/scope/{note}"
    assert (await editor.post(f"{path}/withdraw", reason=" "))[0] == 422
    draft = await posted(editor, f"{path}/withdraw", reason="现在归我们管了")
    _, page = await reviewer.get(draft)
    assert "这一版是撤下" in page
    assert "撤下：现在归我们管了" in page
    await posted(editor, f"{draft}/submit")
    await posted(reviewer, f"{draft}/approve")
    assert record(live.knowledge().release.catalogue, "scope", note) is not None
    await posted(reviewer, f"{await built(client, reviewer)}/publish")
    assert record(live.knowledge().release.catalogue, "scope", note) is None
    assert (await editor.post(f"{path}/withdraw", reason="再来"))[0] == 404
    await posted(reviewer, "/desk/knowledge/roll-back")
    assert record(live.knowledge().release.catalogue, "scope", note) is not None


async def test_what_others_name_cannot_be_withdrawn(enter: Enter) -> None:
    editor = await enter("editor", "editor")
    status, page = await editor.post("/desk/knowledge/entries/channel/12348/withdraw", reason="不要了")
    assert status == 422
    assert "12348" in page


async def test_a_conflict_is_shown_and_does_not_stop_others(
    client: TestClient[Any, Any], enter: Enter, options: Settings
) -> None:
    editor, reviewer = await enter("editor", "editor"), await enter("reviewer", "reviewer")
    body = record(live.knowledge().release.catalogue, "guide", "commitment")
    assert body is not None
    old = Entry(
        "guide", "commitment", body | {"title": "以前的标题", "routes": [{"door": "gone", "why": "以前在这里"}]}
    )
    keep(options.releases_dir, [SetAside(old, "guide commitment: no such door: gone")])
    row = {"kind": "guide", "key": "commitment", "version": 1, "body": old.body, "state": "published", "author": "x"}
    times = {"note": "", "created_at": datetime.now(UTC)}
    await client.app[STORE].run(lambda connection: connection.execute(insert(knowledge_entries), [row | times]))
    _, page = await editor.get("/desk/knowledge")
    assert "和新内容对不上，要改的" in page
    assert "no such door: gone" in page
    _, page = await editor.get("/desk/knowledge/entries/guide/commitment")
    assert "以前的标题" in page
    assert "gone｜以前在这里" in page

    draft = await changed(editor)
    await posted(editor, f"{draft}/submit")
    await posted(reviewer, f"{draft}/approve")
    await posted(reviewer, f"{await built(client, reviewer)}/publish")
    assert NEW in live.knowledge().release.catalogue.model_dump_json()
    assert "以前的标题" not in live.knowledge().release.catalogue.model_dump_json()

    mended = fields_of("guide", body) | {"title": "改好的标题"}
    draft = await posted(editor, "/desk/knowledge/entries/guide/commitment", **mended)
    await posted(editor, f"{draft}/submit")
    await posted(reviewer, f"{draft}/approve")
    await posted(reviewer, f"{await built(client, reviewer)}/publish")
    assert "改好的标题" in live.knowledge().release.catalogue.model_dump_json()
    _, page = await editor.get("/desk/knowledge")
    assert "和新内容对不上" not in page


async def limited(client: TestClient[Any, Any], another: Callable[[], Browser], enter: Enter, part: str) -> Browser:
    """An editor for ``part`` only."""
    await enter("narrow")

    def work(connection: Any) -> None:
        accounts.grant(connection, COMMAND, "narrow", "editor", "测试", part)

    await client.app[STORE].run(work)
    browser = another()
    assert await browser.log_in("narrow") == 303
    return browser


@pytest.mark.parametrize("part", ["channel", "guide:commitment", "import:nothing.json"])
async def test_an_editor_of_another_part_is_refused_at_every_step(
    client: TestClient[Any, Any], another: Callable[[], Browser], enter: Enter, rows: Rows, part: str
) -> None:
    narrow, editor, reviewer = (
        await limited(client, another, enter, part),
        await enter("editor", "editor"),
        await enter("reviewer", "reviewer"),
    )
    draft = await changed(editor)
    before = rows("select id, state, author from knowledge_entries")
    body = record(live.knowledge().release.catalogue, "guide", "legal-aid")
    assert body is not None
    section = live.knowledge().release.catalogue.guides[1].sections[0].id
    tries: dict[str, dict[str, Any]] = {
        "/desk/knowledge/new/guide": GUIDE,
        "/desk/knowledge/entries/guide/legal-aid": fields_of("guide", body),
        "/desk/knowledge/entries/guide/legal-aid/withdraw": {"reason": "不要了"},
        f"{draft}/submit": {},
        f"{draft}/approve": {},
        f"{draft}/send-back": {"note": "不要"},
        "/desk/knowledge/unanswered": {"question": "问一句", "target": f"guide:legal-aid/{section}"},
        "/desk/knowledge/roll-back": {},
    }
    for path, given in tries.items():
        assert (await narrow.post(path, **given))[0] == 403, path
    # A key smuggled into the form of one's own entry does not widen the limit.
    if part == "guide:commitment":
        given = fields_of("guide", body) | {"key": "legal-aid"}
        assert (await narrow.post("/desk/knowledge/entries/guide/commitment", **given))[0] == 403
    assert (
        await sent(narrow, "清单.xlsx", sheet([HEAD, ["1", "一种证明", "办事", "某法", "某局", "某村"]]), **PROOFS)
    )[0] == 403
    assert rows("select id, state, author from knowledge_entries") == before
    await posted(editor, f"{draft}/submit")
    await posted(reviewer, f"{draft}/approve")
    await posted(reviewer, f"{await built(client, reviewer)}/publish")
    assert (await narrow.post("/desk/knowledge/roll-back"))[0] == 403
    assert NEW in live.knowledge().release.catalogue.model_dump_json()


async def test_an_editor_may_work_within_the_part(
    client: TestClient[Any, Any], another: Callable[[], Browser], enter: Enter
) -> None:
    narrow = await limited(client, another, enter, "guide:legal-aid")
    await posted(narrow, f"{await changed(narrow)}/submit")


async def test_an_editor_for_lists_uploads_them(
    client: TestClient[Any, Any], another: Callable[[], Browser], enter: Enter
) -> None:
    narrow = await limited(client, another, enter, "import")
    await narrow.get("/desk/knowledge/upload")
    status, _ = await sent(
        narrow, "清单.xlsx", sheet([HEAD, ["1", "一种证明", "办事", "某法", "某局", "某村"]]), **PROOFS
    )
    assert status == 200


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            "guide x: sections.0.statements.2.text: 要填 / Field required",
            "第 1 节，第 3 句，文字：要填 / Field required",
        ),
        ("guide x: no such door: gone", "no such door: gone"),
        ("依据“x”看不懂", "依据“x”看不懂"),
    ],
)
def test_places_of_faults_are_told(fault: str, told: str) -> None:
    assert readable(fault) == told


def test_faults_between_entries_are_told_once_and_by_name() -> None:
    """As the cross-checks say them, of the shipped content: nothing English is left, and no line of a file."""
    catalogue = load_catalogue()
    titles = {guide.id: guide.title for guide in catalogue.guides}

    def told(entry: Entry) -> list[str]:
        with pytest.raises(ContentError) as fault:
            overlaid(catalogue, [entry])
        return all_readable(str(fault.value).splitlines(), titles)

    (pointing,) = told(Entry("channel", "12348", None))
    assert pointing.startswith("这些还指着渠道卡“12348”，要先改它们：")
    for place in ("指引“请不起律师，怎么申请法律援助”", "不归我们管的问法", "固定答复", "随软件来的内容"):
        assert pointing.count(place) == 1
    assert ".yml" not in pointing
    doubled, scope = catalogue.guides[0].sections[0].questions[0], catalogue.scope[0]
    body = record(catalogue, "scope", scope.id)
    assert body is not None
    (line,) = told(Entry("scope", scope.id, body | {"questions": [*scope.questions, doubled]}))
    assert line.startswith(f"问法“{doubled}”已经有了（指引“{catalogue.guides[0].title}”")


def test_every_kind_of_door_can_be_chosen() -> None:
    assert set(DOORS) == set(ChannelKind.__args__)  # type: ignore[attr-defined]
