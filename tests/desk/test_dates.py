"""What runs out is told and withdrawn; who confirms it or changes dates makes a draft that a second person agrees to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from knowledge import live
from knowledge.answer import Knowledge
from knowledge.entries import Entry, overlaid, record
from knowledge.schema import ContentError
from knowledge.validity import today
from tests.desk.conftest import Enter
from tests.desk.test_knowledge import knowledge, small  # noqa: F401

Rows = Callable[[str], list[tuple[Any, ...]]]
DATES = "/desk/knowledge/dates/guide/legal-aid"


def aged(**dates: Any) -> None:
    """The guide about legal aid with other dates, in what residents are answered from."""
    using = live.knowledge().release
    entry = record(using.catalogue, "guide", "legal-aid") or {}
    entry |= {name: value.isoformat() for name, value in dates.items()}
    changed = overlaid(using.catalogue, [Entry("guide", "legal-aid", entry)])
    live.use(Knowledge(replace(using, catalogue=changed), live.knowledge().embedder))


async def test_reminders_count_in_the_navigation_and_one_click_hands_a_draft_in(
    enter: Enter,
    knowledge: Knowledge,  # noqa: F811
    rows: Rows,
) -> None:
    editor, viewer = await enter("bianji", "editor"), await enter("kan", "viewer")
    page = (await viewer.get("/desk/knowledge/reminders"))[1]
    assert "没有到期的" in page
    assert "到期和核对（" not in page
    aged(confirmed=today() - timedelta(days=400))
    status, page = await viewer.get("/desk/knowledge/reminders")
    assert status == 200
    assert "到期和核对（1）" in page
    assert "今天核对过</button>" not in page
    assert (await viewer.post("/desk/knowledge/confirm/guide/legal-aid"))[0] == 403
    assert "今天核对过</button>" in (await editor.get("/desk/knowledge/reminders"))[1]
    assert (await editor.post("/desk/knowledge/confirm/guide/legal-aid"))[0] == 303
    made = rows("select state, author, json_extract(body, '$.confirmed') from knowledge_entries")
    assert made == [("review", "bianji", today().isoformat())]
    noted = rows("select action, object from audit where action like 'knowledge.%'")
    assert [action for action, _ in noted] == ["knowledge.draft", "knowledge.submit"]
    assert "正在改，去看" in (await editor.get("/desk/knowledge/reminders"))[1]
    assert (await editor.post("/desk/knowledge/confirm/guide/legal-aid"))[0] == 422
    assert len(rows("select * from knowledge_entries")) == 1


async def test_dates_are_changed_in_one_form_for_every_kind(
    enter: Enter,
    knowledge: Knowledge,  # noqa: F811
    rows: Rows,
) -> None:
    editor = await enter("bianji", "editor")
    assert knowledge.release.catalogue.laws
    law, report = knowledge.release.catalogue.laws[0].name, knowledge.release.catalogue.documents[0].id
    keys = [("guide", "commitment"), ("channel", "12348"), ("law", law), ("document", report)]
    keys += [("scope", knowledge.release.catalogue.scope[0].id), ("status", "greet")]
    given = {"valid_from": "2026-01-01", "valid_until": "2030-01-01", "confirmed": "2026-11-01"}
    for kind, key in keys:
        path = f"/desk/knowledge/dates/{kind}/{quote(key)}"
        assert (await editor.get(path))[0] == 200
        status, page = await editor.post(path, **given)
        assert status == 303, page
    made = rows("select kind, state, json_extract(body, '$.valid_until') from knowledge_entries order by id")
    assert made == [(kind, "review", "2030-01-01") for kind, _ in keys]
    assert (await editor.get(f"/desk/knowledge/entries/law/{quote(law)}"))[0] == 303
    assert (await editor.get("/desk/knowledge/entries/law"))[0] == 200


@pytest.mark.parametrize(
    ("path", "given", "fault"),
    [
        (DATES, {"valid_until": "明天", "confirmed": "2026-11-01"}, "用到哪天”要写成"),
        (DATES, {"confirmed": ""}, "最近核对日期”要填"),
        (DATES, {"valid_from": "2027-01-01", "valid_until": "2026-01-01", "confirmed": "2026-01-01"}, "还晚"),
        ("/desk/knowledge/dates/channel/110", {"valid_until": "2027-01-01", "confirmed": "2026-01-01"}, "紧急电话"),
    ],
)
async def test_bad_dates_are_told_and_what_was_typed_stays(
    enter: Enter,
    knowledge: Knowledge,  # noqa: F811
    rows: Rows,
    path: str,
    given: dict[str, str],
    fault: str,
) -> None:
    editor = await enter("bianji", "editor")
    status, page = await editor.post(path, **given, note="我的说明")
    assert status == 422
    assert fault in page
    assert "我的说明" in page
    assert rows("select * from knowledge_entries") == []


async def test_a_table_of_hours_is_confirmed_and_dated_like_the_others(
    enter: Enter,
    knowledge: Knowledge,  # noqa: F811
    rows: Rows,
) -> None:
    using = live.knowledge().release
    row = {"door": "12348", "times": [{"weekdays": [0], "start": 540, "end": 720}], "holidays": "closed"}
    row |= {"source": "电话里问的", "confirmed": str(today() - timedelta(days=400))}
    changed = overlaid(using.catalogue, [Entry("import", "hours.json", {"kind": "hours", "doors": [row]})])
    live.use(Knowledge(replace(using, catalogue=changed), live.knowledge().embedder))
    editor = await enter("bianji", "editor")
    page = (await editor.get("/desk/knowledge/reminders"))[1]
    assert "服务时间" in page
    assert "没有登记过" in (await editor.get("/desk/knowledge/dates/import/hours.json"))[1]
    assert (await editor.post("/desk/knowledge/confirm/import/hours.json"))[0] == 303
    made = rows(
        "select json_extract(body, '$.confirmed'), json_extract(body, '$.doors[0].confirmed') from knowledge_entries"
    )
    assert made == [(str(today()), str(today()))]
    assert (await editor.post("/desk/knowledge/dates/import/hours.json", valid_until="2030-01-01"))[0] == 422


async def test_what_bears_no_dates_is_not_found(enter: Enter, knowledge: Knowledge) -> None:  # noqa: F811
    editor = await enter("bianji", "editor")
    for path in ("status/nothing", "guide/nothing", "import/holidays.json", "nonsense/x"):
        assert (await editor.get(f"/desk/knowledge/dates/{path}"))[0] == 404, path
        assert (await editor.post(f"/desk/knowledge/confirm/{path}"))[0] == 404, path


def test_of_a_document_only_the_dates_can_be_changed(knowledge: Knowledge) -> None:  # noqa: F811
    catalogue = knowledge.release.catalogue
    body = record(catalogue, "document", catalogue.documents[0].id) or {}
    overlaid(catalogue, [Entry("document", body["id"], body | {"valid_until": "2030-01-01"})])
    for wrong in ({"file": "../../../etc/passwd"}, {"title": "别的"}):
        with pytest.raises(ContentError, match="只能改日期"):
            overlaid(catalogue, [Entry("document", body["id"], body | wrong)])
    with pytest.raises(ContentError, match="只能改日期"):
        overlaid(catalogue, [Entry("document", body["id"], None)])
