"""Live news for the desk over a WebSocket: only that something changed and who is looking, never what was said."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from bot.channels.web.access import TURNS
from bot.conversations.events import TooManyListeners
from bot.conversations.turns import DESK
from bot.desk.sessions import Staff
from bot.desk.site import current

HEARTBEAT = 15.0  # also how long a closed account, or who looks at another replica, may take
GATHER = 0.2
LOOKING = web.AppKey("desk_looking", defaultdict[str, Counter[str]])


async def live(request: web.Request, who: Staff) -> web.StreamResponse:
    """GET /desk/live?conversation=…: a line ``changed`` at news, until the session ends."""
    if urlsplit(request.headers.get("Origin", "")).netloc != request.host:
        return web.Response(status=403)
    socket = web.WebSocketResponse(heartbeat=30)
    await socket.prepare(request)
    bell, conversation = request.app[TURNS].desk, request.query.get("conversation", "")[:64]
    listening = asyncio.create_task(_listen(socket))
    try:
        with bell.listen(DESK) as news, _looking(request, conversation, who):
            while not (socket.closed or bell.closed):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(HEARTBEAT):
                        await news.wait()
                await asyncio.sleep(GATHER)  # many at once are one
                news.clear()
                if bell.closed or await current(request) is None:
                    break
                await socket.send_str("changed")
    except (TooManyListeners, ConnectionResetError):
        pass
    finally:
        listening.cancel()
        await socket.close()
    return socket


async def _listen(socket: web.WebSocketResponse) -> None:
    """Reading is what notices that the other side left; nothing that it says counts."""
    async for message in socket:
        if message.type == WSMsgType.ERROR:
            return


@contextlib.contextmanager
def _looking(request: web.Request, conversation: str, who: Staff) -> Iterator[None]:
    """Who has which conversation open, in this process."""
    looking, bell = request.app[LOOKING], request.app[TURNS].desk
    if conversation:
        looking[conversation][who.shown] += 1
        bell.ring(DESK)
    try:
        yield
    finally:
        if conversation:
            looking[conversation][who.shown] -= 1
            looking[conversation] += Counter()  # drops those who left
            if not looking[conversation]:
                del looking[conversation]
            bell.ring(DESK)
