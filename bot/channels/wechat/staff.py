"""Staff's words to a resident on WeChat: customer-service messages, within WeChat's 48 hours and five messages.

The openid is kept only while staff are wanted or there, and only encrypted: the handover's row loses it when they leave.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiohttp import web
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection, select, update

from bot.channels.wechat.client import ApiFault, WeChatApi
from bot.channels.wechat.messages import Message
from bot.channels.wechat.respond import Context
from bot.channels.wechat.tokens import TokenLocked
from bot.conversations.handover import STAFF, WAITING
from bot.conversations.store import ConversationStore
from bot.conversations.tables import handovers

HOURS, MESSAGES = 48, 5


class Unreachable(RuntimeError):
    """WeChat takes no message for this resident now; the text says why, in Chinese."""


@dataclass(frozen=True, slots=True)
class Room:
    """What WeChat still allows: messages, and hours. ``why`` is empty when one may write."""

    messages: int
    hours: int
    why: str


class StaffLine:
    """Writes to residents whose last message WeChat remembers. Without a certified account nobody can be written to."""

    def __init__(self, store: ConversationStore, client: WeChatApi, secret: str, certified: bool) -> None:
        self._store = store
        self._client = client
        self._certified = certified
        key = hashlib.sha256(f"staff line\n{secret}".encode()).digest()
        self._cipher = Fernet(base64.urlsafe_b64encode(key))

    async def keep(self, message: Message, context: Context) -> None:
        """Remember where to write, if staff are wanted or there; five messages may follow each of the resident's."""
        sealed = self._cipher.encrypt(message.openid.encode()).decode()
        mine = (handovers.c.conversation_id == context.conversation_id) & handovers.c.state.in_((WAITING, STAFF))
        change = update(handovers).where(mine).values(contact=sealed, heard_at=datetime.now(UTC), sent=0)
        await self._store.run(lambda connection: connection.execute(change))

    async def count(self, context: Context) -> None:
        """The bot is about to send a customer-service message of its own: WeChat counts it among the five."""
        mine = handovers.c.conversation_id == context.conversation_id
        change = update(handovers).where(mine).values(sent=handovers.c.sent + 1)
        await self._store.run(lambda connection: connection.execute(change))

    def room(self, connection: Connection, conversation_id: str) -> Room:
        """What WeChat allows now."""
        query = select(handovers).where(handovers.c.conversation_id == conversation_id)
        row = connection.execute(query).one_or_none()
        if not self._certified:
            return Room(0, 0, "公众号没有认证，工作人员不能主动发消息。")
        if row is None or not row.contact or row.heard_at is None:
            return Room(0, 0, "要等居民再发一句话，才能回复。")
        left = row.heard_at + timedelta(hours=HOURS) - datetime.now(UTC)
        hours, messages = int(left.total_seconds() // 3600), max(0, MESSAGES - row.sent)
        if left <= timedelta(0):
            return Room(messages, 0, "居民 48 小时没有来消息，微信不让再发。")
        return Room(messages, hours, "" if messages else "已经连发 5 条，要等居民再发一句话。")

    def reserve(self, connection: Connection, conversation_id: str) -> str:
        """The openid to write one message to; counts it. Raises Unreachable."""
        room = self.room(connection, conversation_id)
        if room.why:
            raise Unreachable(room.why)
        mine = handovers.c.conversation_id == conversation_id
        sealed = connection.execute(select(handovers.c.contact).where(mine)).scalar()
        connection.execute(update(handovers).where(mine).values(sent=handovers.c.sent + 1))
        try:
            return self._cipher.decrypt(str(sealed).encode()).decode()
        except InvalidToken:
            raise Unreachable("换过公众号的密钥，要等居民再发一句话，才能回复。") from None

    async def send(self, openid: str, text: str) -> None:
        """One message. Raises Unreachable when WeChat does not take it."""
        try:
            await self._client.send_text(openid, text)
        except (ApiFault, TokenLocked) as fault:
            code = f"（{fault.code}）" if isinstance(fault, ApiFault) else ""
            raise Unreachable(f"微信没有收下这条消息{code}，请过一会儿再发。") from fault


STAFF_LINE = web.AppKey("staff_line", StaffLine)
