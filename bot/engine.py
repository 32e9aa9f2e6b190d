"""The dialogue engine as the service sees it: one question over loopback, an answer or a named reason why there is none.

Rasa turns exceptions into an empty list with status 200, so everything but a well-formed answer counts as a failure and
the service answers from knowledge instead. A resident is never told.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from knowledge.index import Vector
from knowledge.records import Answer, answer_from_dict

REST_TIME = 5.0
Memory = Callable[[str], Awaitable[None]]


class EngineFailed(RuntimeError):
    """No usable answer; ``reason`` is one of down, timeout, resting, garbage, empty, blank and labels the metric."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DialogueEngine:
    """A client of Rasa's REST channel. After a failure to reach it, it rests a few seconds, so nobody waits in vain."""

    def __init__(self, session: aiohttp.ClientSession, url: str, timeout: float, memory: Memory | None = None) -> None:
        """``memory``: where Rasa's tracker store keeps its dialogues, for :meth:`forget`."""
        self._session = session
        self._memory = memory
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._rests_until = 0.0

    async def ask(self, conversation_id: str, text: str, vector: Vector | None) -> Answer:
        """Send one turn. Raises EngineFailed; never blocks longer than the timeout.

        ``vector`` is the embedding of ``text`` when it was made by the model that Rasa's pipeline uses, so that it is
        not made twice; None lets Rasa make it.
        """
        if time.monotonic() < self._rests_until:
            raise EngineFailed("resting")
        # A leading slash would fire an intent of the sender's choice and set slots; a blank message raises in Rasa.
        words = text.lstrip("/ \n")
        if not words:
            raise EngineFailed("blank")
        message: dict[str, Any] = {"sender": conversation_id, "message": words}
        if vector is not None:
            message["metadata"] = {"embedding": base64.b64encode(vector.astype("<f2").tobytes()).decode()}
        try:
            async with self._session.post(
                f"{self._url}/webhooks/rest/webhook", json=message, timeout=self._timeout, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise EngineFailed("garbage")
                replies = await response.json(content_type=None)
        except TimeoutError as error:
            self._rests_until = time.monotonic() + REST_TIME
            raise EngineFailed("timeout") from error
        except (aiohttp.ClientError, OSError) as error:
            self._rests_until = time.monotonic() + 1.0
            raise EngineFailed("down") from error
        except (ValueError, RecursionError) as error:
            raise EngineFailed("garbage") from error
        return _answer(replies)

    async def forget(self, conversation_id: str) -> None:
        """Erase the dialogue. Rasa's HTTP API stays off, so the rows are deleted where its tracker store keeps them.

        Raises sqlite3.Error or SQLAlchemyError when they cannot be.
        """
        if self._memory is not None:
            await self._memory(conversation_id)

    async def alive(self) -> bool:
        """Does it answer at all? For readiness pages only."""
        try:
            limit = aiohttp.ClientTimeout(total=1.0)
            async with self._session.get(f"{self._url}/", timeout=limit, allow_redirects=False) as response:
                return response.status == 200
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
            return False


def _answer(replies: Any) -> Answer:
    """The answer among Rasa's replies; our actions send exactly one as ``custom``."""
    if not isinstance(replies, list):
        raise EngineFailed("garbage")
    if not replies:
        raise EngineFailed("empty")
    try:
        # Checked: what is stored and sent to residents has the types that the API promises.
        answer = answer_from_dict(replies[-1]["custom"]["answer"])
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise EngineFailed("garbage") from error
    if not answer.text.strip():
        raise EngineFailed("garbage")
    return answer
