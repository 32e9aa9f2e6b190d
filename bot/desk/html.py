"""Pages of the desk from templates; everything put into them is escaped. Their policy allows no inline script or style."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bot.desk.sessions import Staff
from bot.editing.labels import title_of
from knowledge.hours.answer import SHANGHAI

# htmx writes HTML that our own templates made, so Trusted Types cannot be required here.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
NAV = web.AppKey("desk_nav", list[tuple[str, str, str]])  # label, path, permission
FILES = web.AppKey("desk_files", dict[str, str])
OUTSIDE = web.AppKey("desk_outside", str)  # what the outside login is called; empty without one
# How many things wait at a page of the navigation; called for each page that is shown, so it must be quick.
COUNTS: dict[str, Callable[[], int]] = {}
PROBLEM = "application/problem+json"
_ON_DESK = {
    404: "没有这个页面，请检查网址。",
    413: "传的内容太大，没有收。文件最大 20 MB，包最大 60 MB。请退回上一页，换小一点的文件，或者分成几个。",
    500: "系统出了问题，没有做成。请退回上一页再试；还不行，请维护人员看日志。",
    503: "数据库暂时连不上，没有做成。请退回上一页，过一会儿再试。",
}
_HERE = Path(__file__).parent
STATIC = {
    "desk.css": (_HERE / "static" / "desk.css", "text/css"),
    "desk.js": (_HERE / "static" / "desk.js", "text/javascript"),
    "htmx.js": (_HERE / "dist" / "htmx.js", "text/javascript"),
}


def render(request: web.Request, template: str, who: Staff | None, status: int = 200, **values: Any) -> web.Response:
    """``template`` filled with ``values``, for ``who``; kept by nobody. A template gets ``who``, ``may(permission)``,
    ``nav``, ``files``, ``path`` and ``outside`` (what the outside login is called) besides."""
    may = who.may if who is not None else lambda _: False
    nav = [(_counted(label, path), path) for label, path, needed in request.app[NAV] if may(needed)]
    given = {"nav": nav, "files": request.app[FILES], "path": request.path, "outside": request.app.get(OUTSIDE, "")}
    text = ENVIRONMENT.get_template(template).render(who=who, may=may, **given, **values)
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": POLICY}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def _counted(label: str, path: str) -> str:
    """The label with how many things wait there."""
    waiting = COUNTS[path]() if path in COUNTS else 0
    return f"{label}（{waiting}）" if waiting else label


def fault_page(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """What went wrong below /desk as a page that staff can read, instead of the JSON that programs get elsewhere."""
    if (
        not request.path.startswith("/desk")
        or response.content_type != PROBLEM
        or not isinstance(response, web.Response)
    ):
        return response
    told = json.loads(response.text or "{}")
    message = _ON_DESK.get(response.status, told["detail"])
    page = render(request, "message.html", None, response.status, title=told["title"], message=message)
    for name in {"Allow", "Retry-After"} & set(response.headers):
        page.headers[name] = response.headers[name]
    return page


def see(path: str) -> web.Response:
    """Go on at ``path`` (after a POST)."""
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})


def serve_files(app: web.Application) -> None:
    """The static files under names with their digests. htmx is missing until ``make desk``; pages work without it."""
    app[FILES] = {}
    for name, (path, content_type) in STATIC.items():
        if not path.is_file():
            app[FILES][name] = ""
            continue
        body = path.read_bytes()
        stem, _, suffix = name.partition(".")
        app[FILES][name] = f"/desk/static/{stem}.{hashlib.sha256(body).hexdigest()[:16]}.{suffix}"
        app.router.add_get(app[FILES][name], _file(body, content_type))


def _file(body: bytes, content_type: str) -> Any:
    async def serve(request: web.Request) -> web.Response:
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return web.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)

    return serve


ENVIRONMENT = Environment(
    loader=PackageLoader(__package__ or ""),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def moment(value: datetime | None) -> str:
    """A time as staff read it, in the district's zone; nothing for none."""
    return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if value else ""


def csrf_field(who: Staff) -> Markup:
    """The hidden field that every POST form holds: ``{{ csrf(who) }}``."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(who.csrf)


# Messages of the knowledge say everything twice, for the command line: 没有这个村 / unknown village.
_ENGLISH = re.compile(r"\s*/ [A-Za-z][A-Za-z0-9 ,.;'’()_-]*")


def chinese(text: str) -> str:
    """A message without the English that stands behind its Chinese."""
    return _ENGLISH.sub("", text)


ENVIRONMENT.globals["csrf"] = csrf_field
ENVIRONMENT.globals["title_of"] = title_of
ENVIRONMENT.filters["chinese"] = chinese
ENVIRONMENT.filters["moment"] = moment
