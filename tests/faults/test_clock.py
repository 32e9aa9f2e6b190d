"""The clock leaps, as it does when a machine's battery is empty or its host's time is wrong: what is lost, and what is not."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from bot import doctor
from bot.__main__ import main
from bot.conversations.store import ConversationStore
from bot.conversations.tables import conversations
from bot.retention import Doubt, Retention
from bot.service import RETENTION
from bot.settings import Settings
from tests.bot.fakes import Resident, an_answer

Start = Callable[..., Awaitable[TestClient[Any, Any]]]
Rows = Callable[[str], list[tuple[Any, ...]]]
DAYS = 180


@pytest.fixture
def leap() -> Iterator[Callable[[timedelta], None]]:
    """Makes the wall clock of this process wrong by so much; what counts seconds (pauses, timeouts) goes on as on a machine."""
    gone: list[Any] = []

    def by(off: timedelta) -> None:
        end()
        gone.append(time_machine.travel(time.time() + off.total_seconds(), tick=True))
        gone[-1].start()

    def end() -> None:
        while gone:
            gone.pop().stop()

    yield by
    end()


async def talked(store: ConversationStore, days_ago: float) -> str:
    """A conversation whose turn was then."""
    with time_machine.travel(time.time() - days_ago * 86400, tick=True):
        conversation_id, _ = await store.open_conversation("web")
        turn = await store.begin_turn(conversation_id, "t1", "工资拖着不给", ())
        await store.finish_turn(turn, an_answer("答复。"), "rasa", an_answer)
    return conversation_id


async def kept(store: ConversationStore) -> set[str]:
    return set(await store.run(lambda connection: connection.execute(select(conversations.c.id)).scalars().all()))


@pytest.fixture
async def store(database_url: str) -> Any:
    opened = ConversationStore(database_url)
    yield opened
    await opened.close()


async def test_a_clock_put_on_erases_nothing(store: ConversationStore, leap: Callable[[timedelta], None]) -> None:
    """While it runs, and again after each start; when the clock is right again the erasing goes on by itself."""
    young, old = await talked(store, 1), await talked(store, DAYS + 1)
    retention = Retention(store, DAYS)
    assert await retention.once() == 1
    assert await kept(store) == {young} != {old}
    leap(timedelta(days=DAYS + 30))
    late = await talked(store, 0)  # somebody asks meanwhile: that makes the clock no truer
    for one in (retention, Retention(store, DAYS)):
        assert await one.once() == 0
        assert isinstance(one.doubted, Doubt)
        assert one.doubted.now - one.doubted.last > timedelta(days=DAYS)
    assert await kept(store) == {young, late}
    leap(timedelta(0))
    assert await retention.once() == 0
    assert retention.doubted is None
    assert await kept(store) == {young, late}


async def test_what_was_written_in_the_wrong_time_is_not_kept_for_years(
    store: ConversationStore, leap: Callable[[timedelta], None]
) -> None:
    await talked(store, 1)
    retention = Retention(store, DAYS)
    await retention.once()
    leap(timedelta(days=3650))
    await talked(store, 0)
    leap(timedelta(0))
    await retention.once()
    newest = await store.run(
        lambda connection: connection.execute(select(conversations.c.last_turn_at)).scalars().all()
    )
    assert max(newest) < datetime.now(UTC) + timedelta(minutes=1)


@pytest.mark.parametrize(("off", "believed"), [(1, True), (29, True), (31, False), (-0.5, True), (-2, False)])
async def test_how_far_a_clock_is_believed(
    store: ConversationStore, leap: Callable[[timedelta], None], off: float, believed: bool
) -> None:
    await talked(store, 0)
    retention = Retention(store, DAYS)
    await retention.once()
    leap(timedelta(days=off))
    await retention.once()
    assert (retention.doubted is None) is believed


async def test_an_empty_database_and_one_without_an_erasing_yet(
    store: ConversationStore, leap: Callable[[timedelta], None]
) -> None:
    retention = Retention(store, DAYS)
    leap(timedelta(days=3650))
    assert (await retention.once(), retention.doubted) == (0, None), "there is nothing to lose"
    leap(timedelta(0))
    await talked(store, 40)
    await retention.once()
    assert retention.doubted is not None, "an upgrade or a restored backup: nothing newer than 40 days"


def test_a_person_can_say_that_the_clock_is_right(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from bot.conversations.migrate import migrate

    options = Settings(_env_file=None, data_dir=tmp_path)
    migrate(options.database)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("bot.__main__.settings", lambda: options)
        monkeypatch.setattr("sys.argv", ["bot", "retention", *arguments])
        return main(), capsys.readouterr().out

    async def fill() -> None:
        store = ConversationStore(options.database)
        await talked(store, DAYS + 20)
        await store.close()

    asyncio.run(fill())
    code, said = run()
    assert code == 1
    assert "到期要删的会话 / conversations due: 1" in said
    assert "--clock-is-right" in said
    assert any("clock-is-right" in finding.text for finding in doctor.examine(options) if finding.level == "fault")
    code, said = run("--clock-is-right")
    assert (code, "已删除 / erased: 1" in said) == (0, True)
    with sqlite3.connect(tmp_path / "yinfawen.db") as connection:
        assert connection.execute("select account, action, details from audit").fetchall() == [
            ("(command)", "retention.erase", '{"erased": 1, "days": 180}')
        ]
    assert run()[0] == 0
    assert not any("clock-is-right" in finding.text for finding in doctor.examine(options))


@pytest.mark.parametrize("hours", [5, -5, 24 * 200])
async def test_residents_notice_nothing_while_it_leaps(
    start: Start,
    meet: Callable[..., Awaitable[Resident]],
    rows: Rows,
    leap: Callable[[timedelta], None],
    caplog: pytest.LogCaptureFixture,
    hours: int,
) -> None:
    client = await start(turns_per_minute=30, address_per_minute=600)
    resident = await meet(client)
    headers = {"Authorization": f"Bearer {resident.token}"}
    for number in range(3):
        assert (await resident.say(f"第{number}个问题", f"t{number}")).status == 200
    await client.app[RETENTION].once()  # type: ignore[union-attr]
    url = f"{resident.url[:-6]}/events"
    async with client.get(url, headers={**headers, "Accept": "text/event-stream"}) as stream:
        assert (await stream.content.readline()).startswith(b"retry")
        leap(timedelta(hours=hours))
        again = await resident.say("第2个问题", "t2")
        assert again.status == 200
        assert len(rows("select id from turns")) == 3, "a turn sent again is still one turn"
        assert (await resident.say("跳了以后", "t3")).body["answer"]["status"] == "answered"
        danger = await resident.say("救命啊", "t4")
        assert "110" in danger.body["answer"]["text"]
        async with asyncio.timeout(3):
            while "跳了以后" not in (await stream.content.readline()).decode():
                pass
    leap(timedelta(0))  # and comes right again
    assert (await resident.say("又对了", "t5")).body["answer"]["status"] == "answered"
    turns = (await resident.history()).body["turns"]
    assert [turn["client_turn_id"] for turn in turns] == [f"t{number}" for number in range(6)]
    order = [moment for (moment,) in rows("select answered_at from turns order by number")]
    assert order == sorted(order), "what is listened for comes in the order it was answered"
    erasing = client.app[RETENTION]  # type: ignore[union-attr]
    leap(timedelta(hours=hours))
    await erasing.once()
    assert len(rows("select id from turns")) == 6
    ready = await (await client.get("/readyz")).json()
    assert ready["clock"] == ("doubted" if hours > 24 else "ok")
    assert ready["status"] == "ok"


async def test_rate_limits_shut_nobody_out_for_hours(
    start: Start, meet: Callable[..., Awaitable[Resident]], leap: Callable[[timedelta], None]
) -> None:
    resident = await meet(await start(turns_per_minute=3))
    for number in range(4):
        last = await resident.say(f"问{number}", f"a{number}")
    assert last.status == 429
    leap(timedelta(hours=-3))
    assert (await resident.say("往回跳", "b")).status == 200
    leap(timedelta(hours=6))
    assert (await resident.say("往前跳", "c")).status == 200
