"""WeChat's XML: what comes in as one record, and replies as text that cannot break out of its element."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bot.channels.wechat.crypto import BAD_XML, Envelope, signature

MAX_FIELD = 8192
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class BadMessage(ValueError):
    """The body is no message of WeChat's: not XML, forbidden XML, or a field that every message has is missing."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message or event. ``fields`` has every element by its name; of elements that come twice, the first."""

    account: str
    openid: str
    kind: str
    created: str
    fields: dict[str, str] = field(repr=False)

    @property
    def event(self) -> str:
        """Name of the event in lower case, empty for a message."""
        return self.fields.get("Event", "").lower() if self.kind == "event" else ""

    @property
    def text(self) -> str:
        return self.fields.get("Content", "")

    @property
    def key(self) -> str:
        """What is the same in every delivery of this message and in no other message to this account.

        The sender belongs to it: WeChat has given one MsgId to several people's messages.
        """
        number = self.fields.get("MsgId", "")
        if not number or self.kind == "event":
            number = "\n".join((self.created, self.event, self.fields.get("EventKey", "")))
        return "\n".join((self.openid, number))


def parse(body: bytes) -> dict[str, str]:
    """The elements below the root. Raises BadMessage."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise BadMessage(f"{BAD_XML}: not acceptable as XML: {error.__class__.__name__}") from error
    fields: dict[str, str] = {}
    for element in root:
        fields.setdefault(element.tag, _text(element))
    return fields


def _text(element: Element) -> str:
    text = (element.text or "").strip()
    if len(text) > MAX_FIELD:
        raise BadMessage(f"{BAD_XML}: a field is too long")
    return text


def message(fields: dict[str, str]) -> Message:
    """The record. Raises BadMessage when sender, receiver, kind or time is missing."""
    account, openid = fields.get("ToUserName", ""), fields.get("FromUserName", "")
    kind, created = fields.get("MsgType", "").lower(), fields.get("CreateTime", "")
    if not (account and openid and kind and created):
        raise BadMessage(f"{BAD_XML}: ToUserName, FromUserName, MsgType or CreateTime is missing")
    return Message(account, openid, kind, created, fields)


def text_reply(to: Message, content: str) -> str:
    """A passive text reply to the sender of ``to``."""
    return (
        f"<xml><ToUserName>{_cdata(to.openid)}</ToUserName><FromUserName>{_cdata(to.account)}</FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content>{_cdata(content)}</Content></xml>"
    )


def sealed_reply(reply: str, envelope: Envelope, token: str) -> str:
    """The reply in the envelope of safe mode, signed."""
    encrypted, timestamp, nonce = envelope.close(reply), str(int(time.time())), secrets.token_hex(8)
    return (
        f"<xml><Encrypt>{_cdata(encrypted)}</Encrypt>"
        f"<MsgSignature>{_cdata(signature(token, timestamp, nonce, encrypted))}</MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce>{_cdata(nonce)}</Nonce></xml>"
    )


def _cdata(text: str) -> str:
    """``text`` as character data: what XML cannot hold is left out, and ``]]>`` cannot end the section."""
    return f"<![CDATA[{_ILLEGAL.sub('', text).replace(']]>', ']]]]><![CDATA[>')}]]>"
