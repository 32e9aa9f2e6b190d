"""Errors of the HTTP API as problem+json (RFC 9457), in Chinese and English."""

from __future__ import annotations

import json
from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: HTTP status, and what the reader is told."""

    status: int
    title: str
    detail: str
    title_en: str
    detail_en: str


KINDS = {
    "bad-json": Kind(
        400, "请求格式不对", "请求内容要是 JSON 对象。", "Malformed request", "The body must be a JSON object."
    ),
    "bad-request": Kind(400, "请求不完整", "请求不符合 HTTP 规定。", "Bad request", "The request is not valid HTTP."),
    "no-token": Kind(
        401,
        "没有通行口令",
        "请带上这次会话的口令。",
        "Token missing or wrong",
        "Send this conversation's bearer token.",
    ),
    "unknown-conversation": Kind(
        404,
        "没有这个会话",
        "会话不存在或已删除，请重新开始。",
        "Unknown conversation",
        "It does not exist or was erased.",
    ),
    "unknown-turn": Kind(
        404, "没有这一问", "这次会话里没有这一问。", "Unknown turn", "This conversation has no such turn."
    ),
    "not-found": Kind(404, "没有这个页面", "请检查网址。", "Not found", "There is nothing at this address."),
    "wrong-method": Kind(405, "请求方式不对", "这个网址不支持这种请求。", "Method not allowed", "Use another method."),
    "other-text": Kind(
        409,
        "编号重复",
        "这个编号已经用在另一句话上，请换一个编号。",
        "client_turn_id used before",
        "This client_turn_id belongs to another text.",
    ),
    "too-large": Kind(
        413, "内容太长", "请把话说短一点，分几次发。", "Too large", "Shorten the text or send it in parts."
    ),
    "wrong-type": Kind(
        415, "内容类型不对", "请求内容要是 application/json。", "Unsupported media type", "Send application/json."
    ),
    "wrong-form": Kind(
        415,
        "内容类型不对",
        "请用网页上的输入框提问。",
        "Unsupported media type",
        "Send application/x-www-form-urlencoded.",
    ),
    "no-text": Kind(
        422, "没有文字", "请写下您想问的事，再发送。", "No text", "The text holds nothing that can be read."
    ),
    "invalid": Kind(
        422, "参数不对", "有参数缺少或不符合要求。", "Invalid parameters", "A field is missing or not as documented."
    ),
    "too-many": Kind(
        429,
        "发得太快",
        "请稍等一会儿再发。着急请打 110 或 12348。",
        "Too many requests",
        "Wait as long as Retry-After says.",
    ),
    "internal": Kind(
        500,
        "系统出了问题",
        "请稍后再试。着急请直接打 12348，有危险打 110。",
        "Internal error",
        "Try again later; call 12348, or 110 in danger.",
    ),
    "unavailable": Kind(
        503,
        "系统暂时不可用",
        "请稍后再试。着急请直接打 12348，有危险打 110。",
        "Unavailable",
        "Try again later; call 12348, or 110 in danger.",
    ),
}


class Problem(Exception):
    """Raised by handlers; the middleware turns it into a response. ``note`` adds a field name or limit to the detail."""

    def __init__(self, kind: str, note: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.note = note
        self.headers = headers or {}

    def response(self) -> web.Response:
        """The problem as a response with the content type ``application/problem+json``."""
        kind = KINDS[self.kind]
        body = {
            "type": f"/problems/{self.kind}",
            "title": kind.title,
            "status": kind.status,
            "detail": f"{kind.detail}{self.note and f'（{self.note}）'}",
            "title_en": kind.title_en,
            "detail_en": f"{kind.detail_en}{self.note and f' ({self.note})'}",
        }
        text = json.dumps(body, ensure_ascii=False)
        return web.Response(
            status=kind.status, text=text, content_type="application/problem+json", headers=self.headers
        )
