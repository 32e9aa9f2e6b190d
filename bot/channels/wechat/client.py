"""Calls to WeChat's own interface: the access token, customer-service messages, the account's menu."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp

from bot import metrics
from bot.channels.wechat.tokens import Tokens
from bot.conversations.store import ConversationStore

TIMEOUT = aiohttp.ClientTimeout(total=5.0)
MAX_TOKEN = 512
BUSY = -1
TOKEN_REFUSED = frozenset({40001, 40014, 42001})

# What an operator can do about it. Numbers of WeChat's documentation.
HINTS = {
    40001: "AppSecret 不对，或令牌失效 / wrong AppSecret or an outdated token",
    40013: "AppID 不对 / wrong AppID",
    40125: "AppSecret 不对 / wrong AppSecret",
    40164: "服务器的 IP 没有加入公众平台的白名单 / this server's IP address is not on the account's white list",
    40200: "这个账号不能发菜单消息，请关掉 YINFAWEN_WECHAT_MSGMENU / this account may not send message menus",
    45009: "今天的调用次数用完了 / today's quota is used up",
    45015: "对方 48 小时内没有来过消息 / the person has not written for 48 hours",
    45047: "连着发给对方的客服消息太多 / too many customer-service messages without a reply",
    48001: "账号没有这个接口的权限（未认证）/ the account is not entitled to this (not certified)",
}


class ApiFault(RuntimeError):
    """WeChat refused a call, or could not be reached (code 0); ``code`` is its errcode."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code}: {HINTS.get(code, reason)}")
        self.code = code


class WeChatApi:
    """One account's interface. Calls refresh a refused token once and try again; a busy WeChat is asked twice."""

    def __init__(
        self, session: aiohttp.ClientSession, store: ConversationStore, url: str, app_id: str, secret: str
    ) -> None:
        self._session = session
        self._url = url
        self._account = {"grant_type": "client_credential", "appid": app_id, "secret": secret}
        self._tokens = Tokens(store, app_id, secret, self._fetch_token)

    async def send_text(self, openid: str, content: str) -> None:
        """A customer-service message. Raises ApiFault, TokenLocked or SQLAlchemyError; after a timeout it may have arrived."""
        await self._call("send", {"touser": openid, "msgtype": "text", "text": {"content": content}})

    async def send_menu(self, openid: str, head: str, items: list[dict[str, str]], tail: str) -> None:
        """A message menu: certified service accounts only. Raises like send_text."""
        menu = {"head_content": head, "list": items, "tail_content": tail}
        await self._call("send", {"touser": openid, "msgtype": "msgmenu", "msgmenu": menu})

    async def push_menu(self, menu: dict[str, Any]) -> None:
        """Replace the account's menu. Raises like send_text."""
        await self._call("menu", menu)

    async def _call(self, name: str, payload: dict[str, Any]) -> None:
        token = await self._tokens.get()
        for again in (True, False):
            answer = await self._post(name, {"access_token": token}, payload)
            code = _code(answer)
            metrics.WECHAT_CALLS.labels(name, str(code) if code in KNOWN_CODES else "other").inc()
            if code == 0:
                return
            if again and code in TOKEN_REFUSED:
                token = await self._tokens.get(refused=token)
            elif again and code == BUSY:
                await asyncio.sleep(0.5)
            else:
                raise ApiFault(code, "refused")

    async def _fetch_token(self, force: bool) -> tuple[str, int]:
        answer = await self._post("token", {}, {**self._account, "force_refresh": force})
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not 0 < len(token) <= MAX_TOKEN or not isinstance(seconds, int):
            raise ApiFault(_code(answer), "no access token")
        return token, seconds

    async def _post(self, name: str, query: dict[str, str], payload: dict[str, Any]) -> dict[str, Any]:
        # Not as \uXXXX: WeChat shows those as they are.
        body = json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json; charset=utf-8"}
        try:
            async with self._session.post(
                f"{self._url}{PATHS[name]}",
                params=query,
                data=body,
                headers=headers,
                timeout=TIMEOUT,
                allow_redirects=False,  # nobody but the settings says where the token goes
            ) as response:
                answer = json.loads(await response.content.read(64 * 1024))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # The address holds the token: of the error only its kind may go on.
            metrics.WECHAT_CALLS.labels(name, "unreachable").inc()
            raise ApiFault(0, f"unreachable: {error.__class__.__name__}") from None
        if not isinstance(answer, dict):
            raise ApiFault(0, "not JSON as documented")
        return answer


PATHS = {
    "token": "/cgi-bin/stable_token",
    "send": "/cgi-bin/message/custom/send",
    "menu": "/cgi-bin/menu/create",
}
KNOWN_CODES = frozenset({0, BUSY, *TOKEN_REFUSED, *HINTS})


def _code(answer: dict[str, Any]) -> int:
    """errcode; an answer without one is a success."""
    code = answer.get("errcode", 0)
    return code if isinstance(code, int) else BUSY
