"""Names of people, messages and pages, made from what WeChat sends and a key, so that the database names nobody.

A plain openid is never stored: it is in memory while its message is answered. Encrypted it is kept only while staff are wanted or
there (staff.py). The key is the token: whoever changes it starts everybody on a new conversation.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field

from bot.channels.wechat.messages import Message


@dataclass(frozen=True, slots=True)
class Identity:
    """One account's way of naming."""

    token: str = field(repr=False)
    app_id: str

    def person(self, openid: str) -> str:
        """64 hexadecimal digits."""
        return self._digest("person", openid).hex()

    def message(self, message: Message) -> str:
        """64 hexadecimal digits, the same for every delivery of a message."""
        return self._digest("message", message.key).hex()

    def nonce(self, timestamp: str, nonce: str) -> str:
        """64 hexadecimal digits."""
        return self._digest("nonce", f"{timestamp}\n{nonce}").hex()

    def turn(self, message_key: str) -> str:
        """The client_turn_id of a message: a repeat that reaches another replica is the same turn."""
        return f"wx-{message_key[:48]}"

    def page(self, message_key: str) -> str:
        """The id in the link to the answer: 192 bits that nobody without the token can work out."""
        return base64.urlsafe_b64encode(self._digest("page", message_key)[:24]).decode()

    def _digest(self, kind: str, name: str) -> bytes:
        text = "\n".join((kind, self.app_id, name))
        return hmac.digest(self.token.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha256)
