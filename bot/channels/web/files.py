"""The files of page and widget: under a name with their digest they are kept for a year, under the plain one they are asked
for again. Read once, because there are few and they are small."""

from __future__ import annotations

import gzip
import hashlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

log = logging.getLogger(__name__)

WIDGET = Path(__file__).parents[2] / "widget"
FILES = {
    "widget.js": (WIDGET / "dist" / "widget.js", "text/javascript"),
    "page.css": (WIDGET / "page.css", "text/css"),
    "icon.svg": (WIDGET / "icon.svg", "image/svg+xml"),
}
YEAR = "public, max-age=31536000, immutable"
# Pages of other sites name the script without its digest: for five minutes they need not ask again.
SHORT = "public, max-age=300, stale-while-revalidate=86400"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application) -> dict[str, str]:
    """Serve the files; returns their names with digests, relative to the root. The script is missing until it is built."""
    names = {}
    for name, (path, content_type) in FILES.items():
        if not path.is_file():
            log.warning("%s is not there: run `make widget`; until then the page works as a plain form", name)
            names[name] = ""
            continue
        body = path.read_bytes()
        digest = hashlib.sha256(body).hexdigest()[:16]
        stem, _, suffix = name.partition(".")
        names[name] = f"widget/{stem}.{digest}.{suffix}"
        app.router.add_get(f"/{names[name]}", _serve(body, content_type, digest, YEAR))
        plain = _serve(body, content_type, digest, SHORT)
        app.router.add_get(f"/widget/{name}", plain)
        if name == "widget.js":
            app.router.add_get("/widget.js", plain)
    return names


def _serve(body: bytes, content_type: str, digest: str, keep: str) -> Handler:
    packed = gzip.compress(body, 9, mtime=0)

    async def serve(request: web.Request) -> web.StreamResponse:
        headers = {
            "Cache-Control": keep,
            "ETag": f'"{digest}"',
            "Vary": "Accept-Encoding",
            # Sites that isolate themselves may still load the script; it is the same for everyone.
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        if any(tag.value in {digest, "*"} for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return web.Response(body=packed, content_type=content_type, charset="utf-8", headers=headers)
        return web.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)

    return serve
