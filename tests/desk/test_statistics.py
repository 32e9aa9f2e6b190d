"""Figures of a period: counted right in the district's days, on both databases; nobody can be told from them."""

from __future__ import annotations

import asyncio
import io
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from docx import Document
from openpyxl import load_workbook
from sqlalchemy import Connection, MetaData, insert, select

from bot.__main__ import main
from bot.channels.web.access import STORE
from bot.conversations.migrate import migrate
from bot.conversations.store import ConversationStore, connect
from bot.conversations.tables import conversations, feedback, turns
from bot.desk import charts
from bot.desk.figures import NO_TOWN, OTHERS, figures, merged_towns, town_of
from bot.desk.knowledge_age import freshness
from bot.desk.periods import BadPeriod, last_month, months, period, today
from bot.desk.tables import calls
from bot.settings import Settings
from knowledge.catalogue import load_catalogue
from tests.bot.fakes import SmallKnowledge
from tests.desk.conftest import Enter
from tests.knowledge.test_validity import advisors, proofs

Rows = Callable[[str], list[tuple[Any, ...]]]
SECRET = "我叫王小明要离婚"
MONTH = "2026-03"


@pytest.fixture
def known(knowledge: SmallKnowledge) -> SmallKnowledge:
    """Knowledge whose release says what the shipped content says."""
    knowledge.release = SimpleNamespace(id="2026-01-01-test", catalogue=load_catalogue())
    return knowledge


def ask(connection: Connection, number: int, at: datetime, **given: Any) -> None:
    """A question of conversation ``c<number>`` that was answered after half a second."""
    row = {
        "id": f"t{number}-{at.timestamp()}-{given.get('status')}",
        "conversation_id": f"c{number}",
        "number": int(at.timestamp()) % 1_000_000,
        "client_turn_id": f"{at.timestamp()}",
        "text": SECRET,
        "masked": [],
        "created_at": at,
        "answered_at": at + timedelta(seconds=0.5),
        "status": "answered",
        "reason": "answered",
        "engine": "rasa",
        "matter": "离婚",
    }
    connection.execute(insert(turns).values(row | given))


def filled(connection: Connection) -> None:
    """March 2026: five questions on the web and WeChat; what lies a moment outside is not of it."""
    for number, channel in ((1, "web"), (2, "wechat")):
        now = datetime(2026, 3, 1, tzinfo=UTC)
        row = {"id": f"c{number}", "channel": channel, "token_hash": "", "created_at": now, "last_turn_at": now}
        connection.execute(insert(conversations).values(row))
    ask(connection, 1, datetime(2026, 2, 28, 15, 59, 59, tzinfo=UTC))  # 23:59:59 on the 28th in Anyang
    ask(connection, 1, datetime(2026, 2, 28, 16, 0, 0, tzinfo=UTC), town="曲沟镇")  # midnight of 1 March in Anyang
    ask(connection, 1, datetime(2026, 3, 5, 1, 30, tzinfo=UTC), status="unanswerable", matter=None, town="曲沟镇")
    late = datetime(2026, 3, 5, 1, 40, tzinfo=UTC)
    ask(connection, 2, late, answered_at=late + timedelta(seconds=4), matter="拖欠工资")
    ask(connection, 2, datetime(2026, 3, 5, 2, 0, tzinfo=UTC), status="handover", engine="staff")
    ask(connection, 2, datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC), status=None, answered_at=None, matter=None)
    ask(
        connection, 2, datetime(2026, 3, 5, 2, 1, tzinfo=UTC), status="handover", text="", engine="staff"
    )  # staff said it
    ask(connection, 2, datetime(2026, 3, 31, 16, 0, tzinfo=UTC), town="水冶镇")  # 1 April in Anyang
    turn = f"t1-{datetime(2026, 2, 28, 16, tzinfo=UTC).timestamp()}-None"
    connection.execute(insert(feedback).values(turn_id=turn, verdict="good", reason=SECRET, given_at=late))
    for number, village in enumerate(["水冶镇"] * 4 + ["铜冶镇"] * 1 + ["曲沟镇"] * 3 + [""] * 3):
        row = {"id": f"k{number}", "at": late, "account": "wang", "caller": "138****5678", "question": SECRET}
        connection.execute(insert(calls).values(**row, matter="欠薪", village=village, outcome=SECRET))


def test_a_month_is_counted_in_the_days_and_hours_of_anyang(database_url: str) -> None:
    with connect(database_url).begin() as connection:
        filled(connection)
        found = figures(connection, period(MONTH, date(2026, 4, 2)))
    assert (found.questions, found.conversations, found.handed_over) == (5, 2, 1)
    assert {name: count for name, count in found.by_day if count} == {"2026-03-01": 1, "2026-03-05": 3, "2026-03-31": 1}
    assert len(found.by_day) == 31
    assert {name: count for name, count in found.by_hour if count} == {"0 点": 1, "9 点": 2, "10 点": 1, "23 点": 1}
    assert dict(found.by_channel) == {"微信": 3, "网页": 2}
    assert dict(found.by_status) == {"答了": 2, "没答上": 1, "转人工": 1, "没有答完": 1}
    assert dict(found.by_matter) == {"离婚": 1, "拖欠工资": 1}
    assert found.ratings == [("有帮助", 1)]
    assert found.seconds == {"一半在": 0.5, "95% 在": 4.0, "最慢": 4.0}
    assert found.calls == 11
    # Two turns of one conversation about 曲沟镇 are one, beside three calls; 水冶镇 was named after the month.
    assert dict(found.towns) == {"水冶镇": 4, "曲沟镇": 4, OTHERS: 4}


def test_an_empty_database_has_figures_too(database_url: str) -> None:
    with connect(database_url).begin() as connection:
        found = figures(connection, period("30"))
    assert (found.questions, found.calls, found.by_day, found.towns, found.seconds) == (0, 0, [], [], {})


@pytest.mark.parametrize(
    ("counted", "shown"),
    [
        ({}, []),
        ({"甲": 5}, [("甲", 5)]),
        ({"甲": 2}, []),
        ({"甲": 5, "乙": 1, "丙": 1}, [(OTHERS, 7)]),
        ({"甲": 5, "乙": 4, "丙": 2, "丁": 1}, [("甲", 5), ("乙", 4), (OTHERS, 3)]),
        # One alone that is hidden would be known by its absence.
        ({"甲": 9, "乙": 4, "丙": 2}, [("甲", 9), (OTHERS, 6)]),
    ],
)
def test_few_of_a_town_are_never_shown_alone(counted: dict[str, int], shown: list[tuple[str, int]]) -> None:
    assert merged_towns(counted) == shown


def test_what_operators_write_leads_to_the_town() -> None:
    assert town_of("水冶镇东街社区") == "水冶镇"
    assert town_of("水冶镇") == "水冶镇"
    assert [town_of(text) for text in ("", "郑州市", "不知道")] == [NO_TOWN] * 3


def test_periods_are_whole_days_here_and_nonsense_is_refused() -> None:
    seven = period("7", date(2026, 3, 5))
    assert (seven.first, len(seven.days)) == (date(2026, 2, 27), 7)
    assert period("2024-02", date(2026, 3, 5)).last == date(2024, 2, 29)
    assert months(date(2026, 1, 31), 3) == ["2026-01", "2025-12", "2025-11"]
    assert last_month(date(2026, 1, 5)) == "2025-12"
    for wrong in ("", "8", "2026-13", "2026-00", "２０２６-０１", "2026-04", "2026-3", "9999-01", "<b>", "7\n"):
        with pytest.raises(BadPeriod):
            period(wrong, date(2026, 3, 5))


@pytest.mark.parametrize("draw", [charts.rows, charts.columns])
def test_a_chart_names_itself_and_runs_nothing(draw: Callable[..., str]) -> None:
    drawn = str(draw([("<script>x</script>", 3), ("乙", 0), ("丙", 1)], "事项<b>"))
    root = ElementTree.fromstring(drawn)
    assert root.get("role") == "img"
    said = {element.get("id"): element.text for element in root.iter() if element.get("id")}
    title, text = (said[id] for id in (root.get("aria-labelledby") or "").split())
    assert title == "事项<b>"
    assert text is not None
    assert "合计 4" in text
    assert "<script" not in drawn
    assert "style=" not in drawn
    assert draw([], "空") == "" == draw([("甲", 0)], "空")


def test_freshness_counts_every_kind(known: SmallKnowledge) -> None:
    rows = {row.kind: row for row in freshness(known.release.catalogue, today())}
    assert {"指引", "渠道卡", "法律", "报告等文件"} <= set(rows)
    assert all(sum(row.ages) <= row.total for row in rows.values())


async def test_the_page_draws_and_tells_beside_it(enter: Enter, client: Any, known: SmallKnowledge, rows: Rows) -> None:
    viewer = await enter("kan", "viewer")
    status, page = await viewer.get("/desk/statistics")
    assert status == 200
    assert page.count("这段时间没有。") >= 8
    await client.app[STORE].run(filled)
    status, page = await viewer.get("/desk/statistics?period=2026-03")
    assert status == 200
    assert page.count("<svg") == 8
    assert all(found in page for found in ("2026 年 3 月", "离婚", "其他乡镇", "知识有多新"))
    assert SECRET not in page
    assert "下载报告" not in page
    assert (await viewer.get("/desk/statistics.docx"))[0] == 403
    assert (await viewer.get("/desk/statistics?period=2026-99"))[0] == 422


async def test_the_report_is_noted_and_holds_nobody(
    enter: Enter, client: Any, known: SmallKnowledge, rows: Rows
) -> None:
    root = await enter("root")
    await client.app[STORE].run(filled)
    bodies = {}
    for kind in ("docx", "xlsx"):
        async with root.client.get(f"/desk/statistics.{kind}?period={MONTH}") as response:
            assert response.headers["Content-Disposition"] == f'attachment; filename="yinfawen-{MONTH}.{kind}"'
            bodies[kind] = await response.read()
    document = Document(io.BytesIO(bodies["docx"]))
    words = [part.text for part in document.paragraphs]
    words += [place.text for table in document.tables for row in table.rows for place in row.cells]
    book = load_workbook(io.BytesIO(bodies["xlsx"]))
    told = [str(value) for sheet in book for row in sheet.values for value in row if value is not None]
    for text in (" ".join(words), " ".join(told)):
        assert all(found in text for found in ("2026 年 3 月", "离婚", "拖欠工资", "水冶镇", OTHERS, "没答上"))
        assert not any(found in text for found in (SECRET, "王小明", "138", "铜冶镇", "wang"))
    assert book["结果"]["B2"].value == 2  # a number, to calculate with
    noted = rows("select account, object from audit where action = 'statistics.export'")
    assert noted == [("root", f"period:{MONTH}")] * 2


def test_the_command_writes_the_last_month_and_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bot.__main__.settings", lambda: Settings(_env_file=None, data_dir=tmp_path))

    def run(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["bot", "report", *words])
        return main()

    assert run(str(tmp_path / "a.pdf")) == 2
    assert run(str(tmp_path / "a.docx")) == 1
    assert "knowledge build" in capsys.readouterr().err
    home = tmp_path / "releases" / "2026-01-01-test"
    home.mkdir(parents=True)
    (home / "catalogue.json").write_text(load_catalogue().model_dump_json(), encoding="utf-8")
    (tmp_path / "releases" / "current").write_text("2026-01-01-test", encoding="utf-8")
    assert run(str(tmp_path / "a.docx")) == 0
    assert any(last_month()[:4] in part.text for part in Document(str(tmp_path / "a.docx")).paragraphs)
    assert run(str(tmp_path / "a.xlsx"), "--period", "2026-77") == 1
    assert run(str(tmp_path / "nowhere" / "a.xlsx")) == 1
    with sqlite3.connect(next(tmp_path.glob("*.db"))) as database:
        assert database.execute("select account from audit where action = 'statistics.export'").fetchall() != []


async def test_counting_keeps_nobody_waiting(database_url: str) -> None:
    """A resident's turn is stored while figures are being counted, on SQLite with its one writer too."""
    store = ConversationStore(database_url)
    begun, go = threading.Event(), threading.Event()

    def slow(connection: Connection) -> int:
        found = figures(connection, period("30")).questions
        begun.set()
        assert go.wait(10)
        return found

    try:
        counting = asyncio.create_task(store.read(slow))
        await asyncio.to_thread(begun.wait, 10)
        conversation, _ = await asyncio.wait_for(store.open_conversation("web"), 2)
        await asyncio.wait_for(store.begin_turn(conversation, "1", "问", ()), 2)
        assert not counting.done()
        go.set()
        assert await counting == 0
        assert await store.read(lambda connection: figures(connection, period("30")).questions) == 1
    finally:
        go.set()
        await store.close()


def test_lists_and_directories_are_told_apart(known: SmallKnowledge) -> None:
    catalogue = known.release.catalogue.model_copy(
        update={"proof_lists": (proofs(valid_until=date(2026, 1, 1)),), "advisor_lists": (advisors(),)}
    )
    rows = {row.kind: row for row in freshness(catalogue, date(2026, 6, 15))}
    assert (rows["证明事项清单"].total, rows["证明事项清单"].withdrawn) == (1, 1)
    assert (rows["法律顾问名册"].total, rows["法律顾问名册"].ages) == (1, (0, 1, 0, 0))


async def test_what_a_turn_is_about_is_kept_with_it(client: Any, resident: Any, rows: Rows) -> None:
    await resident.say("我要离婚")
    ((matter, answer),) = rows("select matter, json_extract(answer, '$.matter') from turns")
    assert matter == answer == "法律援助"


def test_turns_of_before_get_their_matter(empty_database: str) -> None:
    migrate(empty_database, "0005")
    engine = connect(empty_database)
    with engine.begin() as connection:
        before = MetaData()
        before.reflect(connection)
        now = datetime(2026, 3, 1, tzinfo=UTC)
        row = {"id": "c", "channel": "web", "token_hash": "", "created_at": now, "last_turn_at": now}
        connection.execute(insert(before.tables["conversations"]).values(row))
        for number, answer in enumerate(({"matter": "长" * 70}, {"matter": None}, {}, None)):
            turn = {"id": f"t{number}", "conversation_id": "c", "number": number, "client_turn_id": str(number)}
            turn |= {"text": "问", "masked": [], "created_at": now, "answer": answer}
            connection.execute(insert(before.tables["turns"]).values(turn))
    migrate(empty_database)
    with engine.connect() as connection:
        kept = connection.execute(select(turns.c.matter).order_by(turns.c.number)).scalars().all()
    engine.dispose()
    assert kept == ["长" * 64, None, None, None]
