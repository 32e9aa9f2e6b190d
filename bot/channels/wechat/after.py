"""What follows a reply: the answer that came too late as a customer-service message, and the message menu."""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy.exc import SQLAlchemyError

from bot.channels.wechat.choices import menu_items
from bot.channels.wechat.client import ApiFault, WeChatApi
from bot.channels.wechat.messages import Message
from bot.channels.wechat.render import Shape, choices_of, render, wants_verdict
from bot.channels.wechat.respond import Context, Reply
from bot.channels.wechat.staff import StaffLine
from bot.channels.wechat.texts import say
from bot.channels.wechat.tokens import TokenLocked
from bot.channels.wechat.window import Rules

log = logging.getLogger(__name__)

MENU_PAUSE = 0.5  # seconds; the passive reply is to be there first
MENU_NOT_ALLOWED = 40200
MENU_TEXT_BYTES = 128


class After:
    """Called by the window when a message is settled. What fails here is logged: the resident has the link already."""

    def __init__(self, rules: Rules, client: WeChatApi, line: StaffLine) -> None:
        self._line = line
        self._rules = rules
        self._client = client
        self._menus = rules.menus

    async def __call__(self, message: Message, context: Context, reply: Reply, late: bool) -> None:
        """Never raises for anything that WeChat or the database does."""
        try:
            if reply.answer is not None:
                await self._line.keep(message, context)
            if late and self._rules.certified:
                await self._line.count(context)
                await self._client.send_text(message.openid, self._late_text(context, reply))
            if self._menus and reply.answer is not None:
                await asyncio.sleep(MENU_PAUSE)
                await self._send_menu(message, context, reply)
        except ApiFault as fault:
            if fault.code == MENU_NOT_ALLOWED:
                self._menus = False
            log.warning("a customer-service message was not sent: %s", fault)
        except (TokenLocked, SQLAlchemyError) as error:
            log.warning("a customer-service message was not sent: %s", error.__class__.__name__)

    def _late_text(self, context: Context, reply: Reply) -> str:
        """The answer with the question that it answers: the resident may have asked another one since."""
        if reply.answer is None:
            return reply.text
        return render(reply.answer, Shape(context.link, context.numbered, asked=reply.asked))

    async def _send_menu(self, message: Message, context: Context, reply: Reply) -> None:
        if reply.answer is None or reply.shown is None:
            return
        turn = reply.shown.turn_id
        choices = tuple(text for text in choices_of(reply.answer) if len(text.encode()) <= MENU_TEXT_BYTES)
        rate = (say("good"), say("bad")) if wants_verdict(reply.answer) else None
        items = menu_items(turn, choices, rate) if turn else []
        if items:
            head = say("menu") if choices else say("menu-rate")
            await self._line.count(context)
            await self._client.send_menu(message.openid, head, items, say("menu-end"))
