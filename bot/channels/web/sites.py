"""What browsers are told: the policy of our own pages, and which other sites may show the widget (CORS, frames)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.channels.web.access import SETTINGS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'self'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}
_API = "/api/v1/"
_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
    "Access-Control-Max-Age": "7200",
}


@web.middleware
async def preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a browser that asks beforehand whether another site may call the API."""
    asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    if not (asks and request.path.startswith(_API)):
        return await handler(request)
    return web.Response(status=204, headers=_ALLOWED if _listed(request) else {})


def share(request: web.Request, response: web.StreamResponse) -> None:
    """Let a listed site read this reply of the API; tokens are sent as such, so no cookies are ever allowed."""
    if not request.path.startswith(_API):
        return
    response.headers.add("Vary", "Origin")
    if _listed(request):
        response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"


def framed_policy(sites: frozenset[str]) -> str:
    """The policy of the page that ``sites`` may show in a frame."""
    ancestors = " ".join(["frame-ancestors 'self'", *sorted(sites)])
    return SECURITY_HEADERS["Content-Security-Policy"].replace("frame-ancestors 'self'", ancestors)


def _listed(request: web.Request) -> bool:
    return request.headers.get("Origin", "") in request.app[SETTINGS].sites
