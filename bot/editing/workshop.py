"""Builds run in a process of their own, so that residents' turns do not wait for them; what was built is warmed here."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.conversations.store import ConversationStore
from bot.editing import builds
from bot.editing.entries import Record, Version
from bot.editing.people import Person
from bot.editing.swap import Swap
from bot.settings import Settings
from knowledge.entries import write_entries

log = logging.getLogger(__name__)
# No build takes so long: learning anew takes minutes.
LONGEST = timedelta(hours=1)
BROKEN = "检查中断了（{}），请再来一次；还不行就请维护人员看日志"
# Child processes read settings from the environment, where a test or a container may have set others than .env.
COMMAND = (sys.executable, "-m", "knowledge", "draft")


class Workshop:
    """Starts builds and follows them; one at a time."""

    def __init__(self, store: ConversationStore, settings: Settings, swap: Swap, record: Record) -> None:
        self._store = store
        self._settings = settings
        self._swap = swap
        self._record = record
        self._following: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Builds of an earlier process are over; where other processes share the database, those that are very old."""
        limit = datetime.now(UTC) - (LONGEST if self._store.shared else timedelta(0))
        await self._store.run(lambda connection: builds.abandon(connection, limit))

    async def close(self) -> None:
        """Stop following; the build under way is ended and counted as failed at the next start."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def build(self, person: Person) -> int:
        """Begin a build and return its id at once. Raises Forbidden, WrongState."""
        id, chosen = await self._store.run(lambda connection: builds.begin(connection, person, self._record))
        self._following = asyncio.create_task(self._follow(id, chosen))
        return id

    async def publish(self, person: Person, id: int, reason: str = "") -> None:
        """Publish a checked build and answer from it from now on. Raises what :func:`builds.publish` raises."""
        folder = self._settings.releases_dir
        await self._store.run(lambda connection: builds.publish(connection, person, id, folder, reason, self._record))
        await self._swap.look()

    async def roll_back(self, person: Person) -> str:
        """Back to the release before. Raises what :func:`builds.roll_back` raises."""
        folder = self._settings.releases_dir
        release = await self._store.run(lambda connection: builds.roll_back(connection, person, folder, self._record))
        await self._swap.look()
        return release

    async def done(self) -> None:
        """Wait for the build under way."""
        if self._following is not None:
            await self._following

    async def _follow(self, id: int, chosen: list[Version]) -> None:
        with tempfile.TemporaryDirectory(prefix="yinfawen-") as folder:
            given, report = Path(folder) / "entries.json", Path(folder) / "report.json"
            write_entries(given, [item.entry for item in chosen])
            try:
                code, last = await self._run(id, given, report)
                if code == 0:
                    found = json.loads(report.read_text(encoding="utf-8"))
                    await self._swap.warm(found["release"])
                    await self._store.run(lambda connection: builds.finish(connection, id, found))
                else:
                    # No fault of an entry: nothing that editors could mend.
                    if "Traceback (most recent call last)" in last:
                        log.error("build %d ended: %s", id, last)
                        last = BROKEN.format(last.splitlines()[-1].split(":")[0])
                    await self._store.run(lambda connection: builds.finish(connection, id, None, last))
            except Exception as error:
                log.exception("build %d failed", id)
                fault = BROKEN.format(error.__class__.__name__)
                await self._store.run(lambda connection: builds.finish(connection, id, None, fault))

    async def _run(self, id: int, given: Path, report: Path) -> tuple[int, str]:
        """Exit code, and what it said last: all faults when it failed."""
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            str(given),
            str(report),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment(),
        )
        if process.stdout is None or process.stderr is None:
            raise RuntimeError("no pipes")
        faults = asyncio.create_task(process.stderr.read())
        try:
            async for raw in process.stdout:
                line = raw.decode(errors="replace").strip()
                await self._store.run(lambda connection, line=line: builds.told(connection, id, line))  # type: ignore[misc]
            code = await process.wait()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        return code, (await faults).decode(errors="replace").strip()

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "YINFAWEN_DATA_DIR": str(self._settings.data_dir),
            "YINFAWEN_EMBEDDING_MODEL": self._settings.embedding_model,
            "OMP_NUM_THREADS": "1",
        }
