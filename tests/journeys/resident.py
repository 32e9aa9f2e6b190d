"""A resident who talks to the service as the page does: over HTTP, with nothing but the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any


class Refused(Exception):
    """The service answered with a problem; ``status`` and ``problem`` say which."""

    def __init__(self, status: int, content_type: str, problem: dict[str, Any]) -> None:
        super().__init__(f"{status}: {problem}")
        self.status, self.content_type, self.problem = status, content_type, problem


class Resident:
    """One conversation."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._api = f"{url}/api/v1/conversations"
        self._headers: dict[str, str] = {}
        self._asked = 0
        opened = self._call(self._api, {})
        self._turns = f"{self._api}/{opened['conversation_id']}/turns"
        self._headers["Authorization"] = f"Bearer {opened['token']}"

    def ask(self, text: str, client_turn_id: str | None = None) -> dict[str, Any]:
        """The answer; Refused when there is none."""
        self._asked += 1
        body = {"text": text, "client_turn_id": client_turn_id or f"turn-{self._asked}"}
        answer: dict[str, Any] = self._call(self._turns, body)["answer"]
        return answer

    def history(self) -> list[dict[str, Any]]:
        turns: list[dict[str, Any]] = self._call(self._turns)["turns"]
        return turns

    def _call(self, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json", **self._headers})
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                reply: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.headers.get_content_type(), json.load(error)) from error
        return reply
