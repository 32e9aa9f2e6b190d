"""Pages from templates: everything that is put into them is escaped, links are only those an answer carries."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.channels.web.access import SETTINGS

ASSETS = web.AppKey("assets", dict[str, str])


def page(request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
    """``template`` filled with ``values``; its links are relative, so the site may lie below a path."""
    text = _ENVIRONMENT.get_template(template).render(
        root="../" * (request.rel_url.raw_path.count("/") - 1),
        files=request.app[ASSETS],
        max_text=request.app[SETTINGS].max_text,
        **values,
    )
    headers = {"Cache-Control": "no-store" if request.method == "POST" else "no-cache"}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def _title(document: str) -> str:
    return document if document.startswith("《") else f"《{document}》"


_ENVIRONMENT = Environment(
    loader=PackageLoader(__package__ or ""),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters["title"] = _title
