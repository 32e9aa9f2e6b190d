"""A resident's conversation in a terminal: a plain client of the HTTP API, so it shows exactly what the widget gets."""

from __future__ import annotations

import json
import secrets
import sys
import urllib.error
import urllib.request
from typing import Any

from bot.settings import Settings
from bot.supervisor import address
from knowledge.__main__ import plain
from knowledge.records import answer_from_dict


def talk(options: Settings) -> int:
    """Read questions from standard input until its end; 1 when the service cannot be reached."""
    base = address(options) + "api/v1/conversations"
    try:
        opened = _post(base, None, {})
    except OSError as error:
        print(f"连不上服务，请先运行 make run / cannot reach the service: {error}", file=sys.stderr)
        return 1
    print("请说您遇到的事。空行或 Ctrl-D 结束。/ Ask; an empty line ends.")
    for line in _lines():
        body = {"text": line, "client_turn_id": secrets.token_hex(8)}
        try:
            turn = _post(f"{base}/{opened['conversation_id']}/turns", opened["token"], body)
        except urllib.error.HTTPError as error:
            print(json.load(error)["detail"])
            continue
        except OSError as error:
            print(f"连不上服务 / cannot reach the service: {error}", file=sys.stderr)
            return 1
        print(plain(answer_from_dict(turn["answer"])) + "\n")
    return 0


def _lines() -> Any:
    while True:
        try:
            line = input("> ").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if not line:
            return
        yield line


def _post(url: str, token: str | None, body: dict[str, str]) -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 (the address is the operator's setting)
        return json.load(response)
