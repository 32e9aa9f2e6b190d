"""Rate limits by conversation and by address, in memory; the storage is one line to change for several replicas."""

from __future__ import annotations

import time

from aiohttp import web
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from bot import metrics
from bot.channels.web.problems import Problem


class Limits:
    """Counts by name and key; a limit of 0 is no limit."""

    def __init__(self, per_minute: dict[str, int]) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._items = {name: RateLimitItemPerMinute(count) for name, count in per_minute.items() if count}

    async def hit(self, name: str, key: str) -> None:
        """Count one use. Raises the 429 problem with Retry-After when ``key`` used ``name`` too often."""
        item = self._items.get(name)
        if item is None or await self._limiter.hit(item, name, key):
            return
        metrics.RATE_LIMITED.labels(name).inc()
        reset, _ = await self._limiter.get_window_stats(item, name, key)
        raise Problem("too-many", headers={"Retry-After": str(max(1, round(reset - time.time())))})


def address(request: web.Request, trusted_proxy: bool) -> str:
    """The resident's address: the peer, or what the trusted proxy put last into X-Forwarded-For."""
    forwarded = request.headers.get("X-Forwarded-For", "") if trusted_proxy else ""
    return forwarded.rsplit(",", 1)[-1].strip() or request.remote or "unknown"
