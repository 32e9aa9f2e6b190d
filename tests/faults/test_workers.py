"""Two services, each with its dialogue engine, on one PostgreSQL: one engine killed under load, then both."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.fernet import Fernet

from bot.conversations.migrate import migrate
from bot.rasa_model import model_path
from bot.service import action_executor, make_app, make_internal_app
from bot.settings import Settings
from bot.supervisor import Part, make_parts
from knowledge import live
from knowledge.answer import Knowledge
from knowledge.embed import load_embedder
from knowledge.release import current, load_release
from knowledge.settings import SHIPPED_MODEL
from tests.conftest import free_ports, need_rasa
from tests.databases.postgresql import Postgres
from tests.journeys.resident import Resident

pytestmark = pytest.mark.rasa
MOBILE = "13812345678"


class Replica:
    """A service of this process with all its parts, and the dialogue engine beside it that `python -m bot run` starts."""

    def __init__(self, home: Path, model: Path, database: str, key: str) -> None:
        port, internal, rasa = free_ports(3)
        self.url = f"http://127.0.0.1:{port}"
        self.settings = Settings(
            _env_file=None,
            data_dir=home,
            port=port,
            internal_port=internal,
            rasa_port=rasa,
            rasa_python=need_rasa(),
            database_url=database,
            callback_key=key,
            internal_secret=secrets.token_urlsafe(16),
            **dict.fromkeys(("turns_per_minute", "address_per_minute", "conversations_per_minute"), 0),
        )
        _, self.engine = make_parts(self.settings)
        kept = model_path(self.settings)
        kept.parent.mkdir(parents=True)
        os.link(model, kept)

    async def open(self) -> list[web.AppRunner]:
        """Both sites, as ``bot.service.serve`` opens them."""
        internal = web.AppRunner(make_internal_app(self.settings, action_executor()), shutdown_timeout=0.1)
        public = web.AppRunner(make_app(self.settings), shutdown_timeout=0.1)
        for runner, port in ((internal, self.settings.internal_port), (public, self.settings.port)):
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", port).start()
        return [public, internal]

    def ready(self) -> bool:
        """Service and dialogue engine, with its model."""
        pages = (f"{self.url}/readyz", self.engine.health)
        with contextlib.suppress(urllib.error.URLError, OSError):
            return all(urllib.request.urlopen(page, timeout=2).status == 200 for page in pages)
        return False

    def kill_engine(self) -> None:
        """As the kernel does it."""
        if self.engine.process is not None:
            self.engine.process.kill()
            self.engine.process.wait()
            self.engine.process = None


def wait(condition: Callable[[], bool], seconds: float, parts: list[Part]) -> None:
    for _ in range(int(seconds / 0.1)):
        for part in parts:
            assert part.process is not None, part.name
            assert part.process.poll() is None, f"{part.name} stopped while starting"
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"not so within {seconds} seconds")


@pytest.fixture
def replicas(
    service_url: str, data_dir: Path, service_home: Path, postgres: Postgres, tmp_path: Path
) -> Iterator[list[Replica]]:
    """The dialogue model is that of the product that other tests use, which has made it by now."""
    before, key = live._live, Fernet.generate_key().decode()
    (model,) = (service_home / "rasa").glob("yinfawen-*.tar.gz")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    with postgres.database() as database:
        migrate(database)
        made = [Replica(tmp_path / name, model, database, key) for name in ("one", "two")]
        runners: list[web.AppRunner] = []
        try:
            for one in made:
                one.engine.start()
            embedder, folder = load_embedder(SHIPPED_MODEL), data_dir / "releases"
            live.use(Knowledge(load_release(folder, current(folder) or "", embedder), embedder))
            for one in made:
                runners += run(one.open())
            wait(lambda: all(one.ready() for one in made), 120, [one.engine for one in made])
            yield made
        finally:
            for one in made:
                one.kill_engine()
            for runner in runners:
                run(runner.cleanup())
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
            live._live = before


def at(replica: Replica, resident: Resident) -> Resident:
    """The same resident, whose next turn reaches that replica."""
    resident._turns = replica.url + resident._turns.removeprefix(resident.url)
    resident.url = replica.url
    return resident


def test_one_engine_killed_under_load_then_both(replicas: list[Replica]) -> None:
    one, two = replicas
    # A form begun at one replica goes on at the other.
    forms = Resident(one.url)
    assert forms.ask("请工作人员给我回电话")["reason"] == "callback-consent"
    assert at(two, forms).ask("同意")["reason"] == "callback-number"

    slow: list[float] = []
    stop = threading.Event()

    def talk(number: int) -> int:
        """Somebody whose turns reach both in turn, until told to stop; how many they had."""
        mine, turn = Resident(one.url), 0
        while not stop.is_set():
            began = time.monotonic()
            at(replicas[turn % 2], mine)
            said = "救命啊，他拿刀要砍我" if turn % 4 == 3 else "老板拖欠工资怎么办"
            answer = mine.ask(said)
            slow.append(time.monotonic() - began)
            assert answer["status"] in ("answered", "crisis"), answer
            assert ("110" if turn % 4 == 3 else "12333") in str(answer)
            turn += 1
            time.sleep(0.2)
        stored = mine.history()
        assert len(stored) == turn, "each stored once"
        assert all(row["answer"]["status"] in ("answered", "crisis") for row in stored)
        return turn

    with ThreadPoolExecutor(4) as people:
        talks = [people.submit(talk, number) for number in range(3)]
        time.sleep(1.5)
        one.kill_engine()
        time.sleep(1.0)
        # The engine that is left knows the form; the one whose engine is gone answers without it.
        assert at(two, forms).ask("等一下")["status"] != "error"
        assert at(one, forms).ask("离婚冷静期多长时间")["status"] == "answered"
        assert at(two, forms).ask(f"我的号码是{MOBILE}")["reason"] == "callback-kept"
        two.kill_engine()
        time.sleep(1.0)
        last = Resident(two.url)
        assert last.ask("老板拖欠工资怎么办")["status"] == "answered"
        assert "110" in str(last.ask("救命啊，他拿刀要砍我"))
        assert {"12348", "110"} & {door["number"] for door in last.ask("转人工")["routes"]}
        for replica in replicas:  # as the supervisor does
            replica.engine.start()
        wait(lambda: all(one.ready() for one in replicas), 60, [one.engine for one in replicas])
        time.sleep(1.0)
        stop.set()
        turns = [one.result(60) for one in talks]
    assert min(turns) >= 8
    assert max(slow) < 5, "WeChat's window"
    again = Resident(one.url)
    assert again.ask("请工作人员给我回电话")["reason"] == "callback-consent", "forms work again"
    assert at(two, again).ask("不用了")["reason"] == "callback-left"
