"""The five seconds. WeChat waits 5 s for a reply, then sends the message again, three times in all; then it gives up and
tells the resident that the account is out of order.

Each message is worked on once. Every delivery of it waits for that one reply. When there is none shortly before 4.5 s:

- certified account: this delivery says that the answer is coming, with a link; the answer follows as a customer-service
  message;
- otherwise the first two deliveries say nothing, so that WeChat sends the message again and the next one joins;
- the third gets a link to the page on which the answer appears.

Which of the two a resident gets, the passive reply or the later one, is decided by the message's row in the database:
whoever writes the reply into it first. So it is never both, with any number of replicas.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.channels.wechat.identity import Identity
from bot.channels.wechat.messages import Message
from bot.channels.wechat.pages import PageRow
from bot.channels.wechat.respond import Context, Reply
from bot.channels.wechat.store import Claim, WeChatStore
from bot.channels.wechat.texts import say

log = logging.getLogger(__name__)

TRIES = 3
HOLD = 30.0  # seconds; WeChat has long hung up
PATIENCE = 0.2  # seconds of the window that are kept for the database to note a late reply
LOOK = 0.2
COUNTED = 4096  # messages
RENEW = 1.0


@dataclass(frozen=True, slots=True)
class Rules:
    """How this account may reply."""

    seconds: float
    certified: bool
    menus: bool
    public_url: str
    page_days: int


@dataclass(slots=True)
class _Delivery:
    """One request with a message; ``claim`` is known once the database has answered."""

    message: Message
    key: str
    tries: int
    claim: Claim | None = None


Respond = Callable[[Message, Context], Awaitable[Reply]]
After = Callable[[Message, Context, Reply, bool], Coroutine[Any, Any, None]]


class Window:
    """Replies to deliveries in time. ``after`` is called once a message is settled, with whether its reply came too late."""

    def __init__(self, rules: Rules, identity: Identity, store: WeChatStore, respond: Respond, after: After) -> None:
        self._rules = rules
        self._identity = identity
        self._store = store
        self._respond = respond
        self._after = after
        self._running: dict[str, asyncio.Task[str]] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def reply(self, message: Message, nonce: str, started: float) -> str:
        """The text to reply with, empty for none, by ``started`` (time.monotonic) + the window.

        Raises NonceReused. Without a reply in time it does not return before WeChat has hung up.
        """
        key = self._identity.message(message)
        delivery = _Delivery(message, key, self._count(key))
        work = self._spawn(self._deliver(delivery, nonce))
        await asyncio.wait({work}, timeout=started + self._rules.seconds - PATIENCE - time.monotonic())
        if not work.done() and not self._rules.certified and self._tries(delivery) < TRIES:
            metrics.WECHAT_REPLIES.labels("held").inc()
            await asyncio.wait({work}, timeout=HOLD)
        if work.done():
            return work.result()
        metrics.WECHAT_REPLIES.labels("late").inc()
        return await self._promise(delivery)

    async def drain(self) -> None:
        """Wait for what is under way; called when the service stops."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _count(self, key: str) -> int:
        """How often this process has seen the message: what the database knows better, unless it hangs."""
        self._counts[key] = self._counts.pop(key, 0) + 1
        if len(self._counts) > COUNTED:
            self._counts.popitem(last=False)
        return self._counts[key]

    def _tries(self, delivery: _Delivery) -> int:
        return max(delivery.tries, delivery.claim.tries if delivery.claim else 0)

    async def _deliver(self, delivery: _Delivery, nonce: str) -> str:
        """This delivery's reply: the stored one, or that of the work under way, here or in another replica."""
        key, person = delivery.key, self._identity.person(delivery.message.openid)
        try:
            claim = await self._store.claim(key, nonce, person)
        except SQLAlchemyError:
            # A frightened person is answered all the same; only this process knows then what was said.
            log.exception("the database cannot keep messages")
            claim = Claim(delivery.tries, None, mine=True, conversation_id=person)
        delivery.claim = claim
        if claim.reply is not None:
            metrics.WECHAT_REPLIES.labels("repeated").inc()
            return claim.reply
        while key not in self._running and not claim.mine:
            await asyncio.sleep(LOOK)
            with contextlib.suppress(SQLAlchemyError):
                reply, mine = await self._store.look(key)
                if reply is not None:
                    return reply
                claim = replace(claim, mine=mine)
        if key not in self._running:
            self._running[key] = self._spawn(self._work(delivery.message, self._context(key, person, claim)))
            self._running[key].add_done_callback(lambda _: self._ended(key))
            self._renewing = self._renewing or asyncio.create_task(self._renew())
        return await asyncio.shield(self._running[key])

    async def _work(self, message: Message, context: Context) -> str:
        """Answers a message and stores the reply; returns the reply that stands."""
        key = self._identity.message(message)
        try:
            reply = await self._respond(message, context)
        except Exception:
            # Whatever broke, the resident gets the hotlines; the text of the message stays out of the log.
            log.exception("a message of kind %s could not be answered", message.kind[:20])
            reply = Reply(say("trouble"))
        try:
            page = self._page(context) if context.link and context.link in reply.text else None
            stands = await self._store.settle(key, reply.text, context.person, reply.shown, page)
        except SQLAlchemyError:
            log.exception("a reply was not stored")
            stands = reply.text
        late = stands == self._notice(context) != reply.text
        metrics.WECHAT_REPLIES.labels("after" if late else "passive" if reply.text else "none").inc()
        self._spawn(self._after(message, context, reply, late))
        return stands

    async def _promise(self, delivery: _Delivery) -> str:
        """The window closes: say where the answer will be, unless it has just come."""
        if delivery.claim is None:
            return say("trouble")
        person = self._identity.person(delivery.message.openid)
        context = self._context(delivery.key, person, delivery.claim)
        text = self._notice(context)
        try:
            settled = self._store.settle(delivery.key, text, page=self._page(context))
            return await asyncio.wait_for(settled, PATIENCE)
        except TimeoutError:
            return text  # it will be stored in a moment
        except SQLAlchemyError:
            log.exception("a late reply was not stored")
            return say("trouble")

    def _notice(self, context: Context) -> str:
        return say("late-sent" if self._rules.certified else "late", link=context.link)

    async def _renew(self) -> None:
        """Keeps the claims of all that is being worked on here, with one statement however much that is."""
        while True:
            await asyncio.sleep(RENEW)
            with contextlib.suppress(SQLAlchemyError):
                await self._store.renew(list(self._running))

    def _ended(self, key: str) -> None:
        self._running.pop(key, None)
        if not self._running and self._renewing is not None:
            self._renewing.cancel()
            self._renewing = None

    def _context(self, key: str, person: str, claim: Claim) -> Context:
        stored = claim.conversation_id != person
        link = f"{self._rules.public_url}/a/{self._identity.page(key)}" if stored else ""
        return Context(person, claim.conversation_id, self._identity.turn(key), link, not self._rules.menus)

    def _page(self, context: Context) -> PageRow:
        expires = datetime.now(UTC) + timedelta(days=self._rules.page_days)
        return PageRow(context.link.rsplit("/", 1)[-1], context.conversation_id, context.client_turn_id, expires)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
