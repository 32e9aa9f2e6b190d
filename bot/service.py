"""The service: one aiohttp process with a public site and a loopback site for Rasa's actions and the metrics."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import aiohttp
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from rasa_sdk.executor import ActionExecutor
from sqlalchemy.exc import SQLAlchemyError

from bot import memory, metrics
from bot.channels.web import api, pages, passages, sites
from bot.channels.web.limits import Limits
from bot.channels.web.problems import Problem
from bot.channels.web.sites import SECURITY_HEADERS
from bot.channels.wechat import channel as wechat
from bot.conversations import callbacks, news
from bot.conversations.callbacks import Callbacks
from bot.conversations.events import Bell
from bot.conversations.store import ConversationStore
from bot.conversations.turns import Turns
from bot.desk import pages as desk
from bot.desk.audit import audited
from bot.desk.html import fault_page
from bot.desk.knowledge_site import SWAP, WORKSHOP
from bot.editing.swap import Swap
from bot.editing.workshop import Workshop
from bot.engine import DialogueEngine
from bot.retention import Retention
from bot.settings import Settings
from knowledge import live
from knowledge.release import ReleaseError

log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WORKERS = 2  # one embeds, outside Python's lock, while the other searches
ENGINE = web.AppKey("engine", DialogueEngine)
RETENTION = web.AppKey("retention", Retention)


def make_app(settings: Settings) -> web.Application:
    """The public site. Knowledge must be in use (``knowledge.live.use``) before the first turn."""
    app = web.Application(middlewares=[_errors, sites.preflight], client_max_size=api.MAX_BODY)
    app[api.SETTINGS] = settings
    app[api.LIMITS] = Limits(
        {
            "turns": settings.turns_per_minute,
            "address": settings.address_per_minute,
            "conversations": settings.conversations_per_minute,
            "suggestions": settings.suggestions_per_minute,
        }
    )
    app.cleanup_ctx.append(_resources)
    app.on_response_prepare.append(_secure)
    app.on_shutdown.append(_let_listeners_go)
    api.add_routes(app)
    pages.add_routes(app)
    wechat.set_up(app, settings)
    passages.add_routes(app)
    desk.add_routes(app)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    return app


def make_internal_app(settings: Settings, executor: ActionExecutor) -> web.Application:
    """The loopback site: Rasa's action calls behind the shared secret, and the metrics."""

    async def actions(request: web.Request) -> web.Response:
        given = request.headers.get("X-Internal-Secret", "")
        if not settings.internal_secret or not hmac.compare_digest(given.encode(), settings.internal_secret.encode()):
            raise web.HTTPForbidden
        result = await executor.run(await request.json())
        return web.json_response(result.model_dump() if hasattr(result, "model_dump") else result)

    async def metrics_page(request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.router.add_post("/internal/actions", actions)
    app.router.add_get("/metrics", metrics_page)
    return app


def action_executor() -> ActionExecutor:
    """Rasa's own executor with our actions; by name, because nothing imports the actions package."""
    executor = ActionExecutor()
    executor.register_package("actions")
    return executor


async def healthz(request: web.Request) -> web.Response:
    """GET /healthz: the process answers."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """GET /readyz: knowledge is loaded and the database can be used. The engine and the clock are reported but not required."""
    parts = {"knowledge": "ok", "database": "ok", "dialogue": "ok", "clock": "ok"}
    try:
        live.knowledge()
    except ReleaseError:
        parts["knowledge"] = "missing"
    try:
        await request.app[api.STORE].ping()
    except SQLAlchemyError:
        parts["database"] = "down"
    if not await request.app[ENGINE].alive():
        parts["dialogue"] = "down"
    if request.app[RETENTION].doubted is not None:
        parts["clock"] = "doubted"
    ready = parts["knowledge"] == parts["database"] == "ok"
    return web.json_response({"status": "ok" if ready else "down", **parts}, status=200 if ready else 503)


async def serve(settings: Settings) -> None:
    """Run both sites until SIGTERM or SIGINT; turns under way are finished and stored first."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Python's arithmetic runs in one thread at a time whatever their number; more threads only wait for each other.
    loop.set_default_executor(ThreadPoolExecutor(WORKERS, thread_name_prefix="knowledge"))
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    public = web.AppRunner(make_app(settings), access_log=None, shutdown_timeout=5.0)
    internal = web.AppRunner(make_internal_app(settings, action_executor()), access_log=None, shutdown_timeout=1.0)
    await internal.setup()
    await web.TCPSite(internal, "127.0.0.1", settings.internal_port).start()
    await public.setup()
    await web.TCPSite(public, settings.host, settings.port).start()
    log.info("service listens on %s:%d, release %s", settings.host, settings.port, live.knowledge().release.id)
    await stop.wait()
    await public.cleanup()
    await internal.cleanup()


async def _resources(app: web.Application) -> AsyncIterator[None]:
    """Everything with a life of its own is opened and closed here."""
    settings = app[api.SETTINGS]
    store = ConversationStore(settings.database)
    connector = aiohttp.TCPConnector(limit=256)
    async with aiohttp.ClientSession(connector=connector) as session:
        app[api.STORE] = store
        app[ENGINE] = DialogueEngine(session, settings.rasa_url, settings.rasa_timeout, memory.of(settings, store))
        requests = Callbacks(store, settings.callback_key)
        callbacks.use(requests)
        bell = Bell(settings.streams, per_address=settings.streams_per_address)
        app[api.TURNS] = Turns(store, app[ENGINE], settings.max_text, requests, bell, settings.turns_at_once)
        app[RETENTION] = Retention(store, settings.retention_days)
        app[SWAP] = Swap(settings)
        app[WORKSHOP] = Workshop(store, settings, app[SWAP], audited)
        await app[WORKSHOP].open()
        tasks = [
            asyncio.create_task(app[RETENTION].daily()),
            asyncio.create_task(app[SWAP].follow()),
        ]
        if store.shared:
            tasks.append(asyncio.create_task(news.listen(store.engine, app[api.TURNS].bell, app[api.TURNS].desk)))
        yield
        await app[api.TURNS].drain()
        await app[WORKSHOP].close()
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    callbacks.use(None)
    await store.close()


async def _let_listeners_go(app: web.Application) -> None:
    app[api.TURNS].bell.close()
    app[api.TURNS].desk.close()


async def _secure(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)  # a page may be stricter
    if request.app[api.SETTINGS].public_url.startswith("https://"):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    sites.share(request, response)
    response.headers.popall("Server", None)


_OF_STATUS = {400: "bad-request", 404: "not-found", 405: "wrong-method", 413: "too-large"}


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error leaves as problem+json; what the log keeps is the route, never the content."""
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "unknown"
    try:
        response = await handler(request)
    except Problem as problem:
        response = problem.response()
    except web.HTTPException as error:
        kind = _OF_STATUS.get(error.status, "internal" if error.status >= 500 else "bad-request")
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        response = Problem(kind, headers=allow).response()
    except SQLAlchemyError:
        log.exception("the database failed at %s", route)
        response = Problem("unavailable", headers={"Retry-After": "5"}).response()
    except Exception:
        log.exception("request failed at %s", route)
        response = Problem("internal").response()
    response = fault_page(request, response)
    metrics.REQUESTS.labels(route, request.method if request.method in _METHODS else "other", response.status).inc()
    return response


_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}
