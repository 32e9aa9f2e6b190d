"""The running service follows the pointer to the published release: no restart, no lost request."""

from __future__ import annotations

import asyncio
import logging

from bot import metrics
from bot.settings import Settings
from knowledge import live
from knowledge.answer import Knowledge
from knowledge.release import ReleaseError, current, load_release

log = logging.getLogger(__name__)
EVERY = 0.5  # seconds between looks at the pointer: reading a file of 23 bytes
WARM = 2  # the one that may be published next, and the one to roll back to


class Swap:
    """Loads releases beside the one in use and changes to them; a damaged one leaves everything as it was."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._warm: dict[str, Knowledge] = {}
        self._turn = asyncio.Lock()
        self._failed: str | None = None

    async def follow(self) -> None:
        """Until cancelled: answer from whatever is published, also when a command published it."""
        while True:
            try:
                await self.look()
            except Exception:  # whatever it is, residents are answered from what is in use
                log.exception("the published release cannot be used")
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Change to the published release when it is another one. A release that cannot be loaded is told once."""
        folder = self._settings.releases_dir
        async with self._turn:
            wanted = current(folder)
            if wanted is None or wanted == self._failed:
                return
            using = live.knowledge()
            if wanted == using.release.id:
                return
            try:
                new = await self._loaded(wanted)
            except ReleaseError as error:
                self._failed = wanted
                log.error("release %s cannot be used, answering from %s: %s", wanted, using.release.id, error)
                return
            self._failed = None
            self._keep(using)
            live.use(new)
            metrics.RELEASE.labels(using.release.id).set(0)
            metrics.RELEASE.labels(new.release.id).set(1)
            log.info("answering from release %s, before: %s", new.release.id, using.release.id)

    async def warm(self, release: str) -> None:
        """Load a release that may be published soon. ReleaseError when it is damaged."""
        async with self._turn:
            if release != live.knowledge().release.id:
                self._keep(await self._loaded(release))

    async def draft(self, release: str) -> Knowledge:
        """A release that is not published, for trying it out. ReleaseError when it is damaged."""
        async with self._turn:
            using = live.knowledge()
            return using if release == using.release.id else await self._loaded(release)

    async def _loaded(self, release: str) -> Knowledge:
        if release not in self._warm:
            self._keep(await asyncio.to_thread(self._load, release))
        return self._warm[release]

    def _load(self, release: str) -> Knowledge:
        embedder = live.knowledge().embedder
        loaded = load_release(self._settings.releases_dir, release, embedder)
        new = Knowledge(loaded, embedder, advisor_stale_days=self._settings.advisor_stale_days)
        new.suggest("")
        return new

    def _keep(self, knowledge: Knowledge) -> None:
        self._warm.pop(knowledge.release.id, None)
        self._warm[knowledge.release.id] = knowledge
        while len(self._warm) > WARM:
            del self._warm[next(iter(self._warm))]
