"""The page around the widget and the widget's own files, served as they lie in bot/widget."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

WIDGET = Path(__file__).parents[2] / "widget"
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}


def add_routes(app: web.Application) -> None:
    """``/`` is the page; ``/widget/<file>`` its parts. Files are read once: there are few and they are small."""
    for path in sorted(WIDGET.iterdir()):
        if path.suffix not in TYPES:
            continue
        handler = _file(path)
        app.router.add_get("/" if path.name == "index.html" else f"/widget/{path.name}", handler)


def _file(path: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    body = path.read_bytes()
    etag = hashlib.sha256(body).hexdigest()[:16]

    async def serve(request: web.Request) -> web.StreamResponse:
        headers = {"Cache-Control": "no-cache", "ETag": f'"{etag}"'}
        if any(tag.value in {etag, "*"} for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=TYPES[path.suffix], charset="utf-8", headers=headers)

    return serve
