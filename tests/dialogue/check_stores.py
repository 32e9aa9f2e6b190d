"""Rasa's stores on whichever database the environment names, run inside the Rasa environment by tests/wiring/test_stores.py.

Prints one line per check that held; an assertion ends the run.
"""

from __future__ import annotations

import asyncio
import os
import time

from rasa.core.lock_store import LockError
from rasa.core.tracker_store import TrackerStore
from rasa.core.utils import read_endpoints_from_path  # type: ignore[attr-defined]
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.dialogue.stores import SharedLockStore, SharedTrackerStore

SHARED = bool(os.environ.get("YINFAWEN_RASA_DATABASE_URL"))


def opened() -> SharedTrackerStore:
    """As endpoints.yml opens it."""
    found = TrackerStore.create(read_endpoints_from_path("endpoints.yml").tracker_store, Domain.empty())
    store = getattr(found, "_tracker_store", found)
    assert isinstance(store, SharedTrackerStore), store
    assert store.engine.dialect.name == ("postgresql" if SHARED else "sqlite")
    return store


def texts(tracker: DialogueStateTracker | None) -> list[str]:
    return [event.text for event in tracker.events if isinstance(event, UserUttered)] if tracker else []


def check_two_workers_go_on_with_each_others_dialogue() -> None:
    async def run() -> None:
        first, second, now = opened(), opened(), time.time()
        started = [SessionStarted(timestamp=now), SlotSet("matter", "欠薪", timestamp=now + 1)]
        tracker = DialogueStateTracker.from_events("一", [*started, UserUttered("问", timestamp=now + 2)])
        await first.save(tracker)
        for number, worker in enumerate((second, first, second)):
            tracker = await worker.retrieve("一")
            assert texts(tracker) == ["问", *map(str, range(number))]
            tracker.update(UserUttered(str(number), timestamp=now + 3 + number))
            await worker.save(tracker)
        assert texts(await first.retrieve("一")) == ["问", "0", "1", "2"]
        assert await first.retrieve("另一位") is None

    asyncio.run(run())


def check_old_dialogues_are_forgotten() -> None:
    async def run() -> None:
        then = time.time() - 8 * 24 * 3600
        events = [SessionStarted(timestamp=then), UserUttered("旧", timestamp=then + 1)]
        await opened().save(DialogueStateTracker.from_events("旧", events))
        assert await opened().retrieve("旧") is None  # each start forgets

    asyncio.run(run())


def check_turns_of_one_resident_wait_for_each_other() -> None:
    """With PostgreSQL in two workers, else in one."""

    async def run() -> None:
        workers = [SharedLockStore(), SharedLockStore()] if SHARED else [SharedLockStore()]
        inside, most = 0, 0

        async def turn(number: int) -> None:
            nonlocal inside, most
            async with workers[number % len(workers)].lock("one"):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.01)
                inside -= 1

        await asyncio.gather(*(turn(number) for number in range(20)))
        assert most == 1

        async with workers[0].lock("stuck"):
            async with workers[-1].lock("other"):
                pass
            started = time.perf_counter()
            try:
                async with workers[-1].lock("stuck", lock_lifetime=0.1):
                    raise AssertionError("two holders of one lock")
            except LockError:
                assert time.perf_counter() - started < 1
        async with workers[-1].lock("stuck", lock_lifetime=0.1):
            pass

    asyncio.run(run())


def check_who_stops_waiting_leaves_no_lock_behind() -> None:
    async def run() -> None:
        one, other = SharedLockStore(), SharedLockStore()

        async def wait() -> None:
            async with (other if SHARED else one).lock("left"):
                raise AssertionError("it was held")

        async with one.lock("left"):
            waiting = asyncio.create_task(wait())
            await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with one.lock("left", lock_lifetime=1):
            pass

    asyncio.run(run())


if __name__ == "__main__":
    for name, check in list(globals().items()):
        if name.startswith("check_"):
            check()
            print(name, flush=True)
