"""What the pages of the knowledge administration have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import TypeVar

from aiohttp import web
from sqlalchemy import Connection

from bot.channels.web.access import STORE
from bot.desk.html import render
from bot.desk.knowledge_faults import all_readable
from bot.desk.sessions import Staff
from bot.desk.site import Handler
from bot.editing.entries import WrongState
from bot.editing.people import Forbidden
from bot.editing.swap import Swap
from bot.editing.workshop import Workshop
from knowledge import live
from knowledge.crisis import CrisisContentError
from knowledge.release import ReleaseError
from knowledge.schema import ContentError
from knowledge.sources.files import ImportRefused

T = TypeVar("T")
WORKSHOP = web.AppKey("workshop", Workshop)
SWAP = web.AppKey("swap", Swap)
KIND_NAMES = {
    "guide": "指引",
    "channel": "渠道卡",
    "scope": "不归我们管的问法",
    "status": "固定答复",
    "law": "法律",
    "document": "报告等文件",
    "import": "名册、清单、上传的文件",
}


def told(handler: Handler) -> Handler:
    """What cannot be done is told on a page in plain words, with the status that belongs to it."""

    @wraps(handler)
    async def serve(request: web.Request, who: Staff) -> web.StreamResponse:
        try:
            return await handler(request, who)
        except Forbidden as fault:
            return render(request, "message.html", who, 403, title="没有权限", message=str(fault))
        except LookupError:
            return render(request, "message.html", who, 404, title="没有找到", message="没有这一条，可能已经删掉了。")
        except (WrongState, ContentError, CrisisContentError, ImportRefused, ReleaseError) as fault:
            message = "\n".join(in_words(str(fault).splitlines()))
            return render(request, "message.html", who, 422, title="没有做成", message=message)

    return serve


def in_words(faults: Iterable[str]) -> list[str]:
    """Faults of entries as editors read them."""
    return all_readable(faults, {guide.id: guide.title for guide in live.knowledge().release.catalogue.guides})


async def run(request: web.Request, work: Callable[[Connection], T]) -> T:
    """``work`` in one transaction."""
    return await request.app[STORE].run(work)


async def fields(request: web.Request) -> dict[str, str]:
    """The form's texts."""
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def number(request: web.Request) -> int:
    """The id in the address. LookupError when it is none."""
    given = request.match_info["id"]
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise LookupError(given)
    return int(given)
