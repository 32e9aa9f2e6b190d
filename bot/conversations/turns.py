"""One turn from a resident's words to the stored answer, the same for every channel."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.conversations.callbacks import Callbacks
from bot.conversations.crowd import LONGEST_WAIT, LONGEST_WAIT_WITH_LINK, Crowd
from bot.conversations.events import Bell
from bot.conversations.news import DESK as DESK
from bot.conversations.privacy import Masked, first_mobile, mask
from bot.conversations.store import ConversationStore, Turn
from bot.engine import DialogueEngine, EngineFailed
from knowledge import live
from knowledge.answer import Knowledge
from knowledge.index import Vector
from knowledge.normalise import for_display
from knowledge.passages import searchable
from knowledge.places.find import shipped_places
from knowledge.places.towns import town_in_turn
from knowledge.records import Answer, Status

log = logging.getLogger(__name__)


class TextTooLong(ValueError):
    """The message has more characters than are read; ``limit`` says how many are."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} characters")
        self.limit = limit


class NoText(ValueError):
    """The message holds nothing that can be read: it is empty, or all control characters."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A stored turn with its answer in JSON form."""

    turn: Turn
    answer: dict[str, Any]


class Turns:
    """Takes turns: cleans, masks, checks for danger, asks the engine, answers without it where needed, stores."""

    def __init__(
        self,
        store: ConversationStore,
        engine: DialogueEngine,
        max_text: int,
        requests: Callbacks | None = None,
        bell: Bell | None = None,
        at_once: int = 200,
    ) -> None:
        """``at_once``: messages worked on at the same time; further ones get a fixed text with the hotlines, as do those that
        would wait too long."""
        self._crowd = Crowd(at_once)
        self._store = store
        self._requests = requests
        self._engine = engine
        self._max_text = max_text
        self.bell = bell or Bell()
        self.desk = Bell(listeners=500, per_conversation=500)  # rings for the staff desk
        self._running: dict[tuple[str, str], asyncio.Task[dict[str, Any]]] = {}

    async def take(self, conversation_id: str, client_turn_id: str, text: str, channel: str) -> Answered:
        """Answer one message; a repeated ``client_turn_id`` gets the stored answer or joins the running one.

        Raises NoText, TextTooLong, TurnConflict or UnknownConversation; once the turn is stored it always has an answer.
        """
        clean = for_display(text)
        if not clean:
            raise NoText
        if len(clean) > self._max_text:
            raise TextTooLong(self._max_text)
        masked = mask(clean)
        if self._crowd.full(LONGEST_WAIT_WITH_LINK if channel == "wechat" else LONGEST_WAIT):
            return self._shed(conversation_id, client_turn_id, masked.text)
        self._crowd.enter()
        try:
            return await self._take(conversation_id, client_turn_id, clean, masked, channel)
        finally:
            self._crowd.leave()

    async def _take(
        self, conversation_id: str, client_turn_id: str, clean: str, masked: Masked, channel: str
    ) -> Answered:
        try:
            turn = await self._store.begin_turn(conversation_id, client_turn_id, masked.text, masked.kinds)
        except SQLAlchemyError as error:
            # One line each: in a crowd this happens often, and the traceback says nothing more.
            log.error("the database cannot store turns: %s", error.__class__.__name__)
            return await self._unstored(conversation_id, client_turn_id, masked.text)
        if turn.answer is not None:
            return Answered(turn, turn.answer)
        key = (conversation_id, client_turn_id)
        task = self._running.get(key)
        if task is None:
            # A task of its own: when the resident's connection breaks, the turn is still answered and stored.
            number = first_mobile(clean) if masked.kinds and self._requests is not None else None
            task = asyncio.create_task(self._answer_and_store(turn, channel, number))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return Answered(turn, await asyncio.shield(task))

    def _shed(self, conversation_id: str, client_turn_id: str, text: str) -> Answered:
        """Too many at once: the hotlines now, rather than an answer that nobody waits for; danger gets its numbers.

        Nothing is stored, so the same message sent again later is answered.
        """
        metrics.SHED.inc()
        knowledge = live.knowledge()
        answer = knowledge.danger(text, None) or knowledge.status("too-slow")
        turn = Turn(secrets.token_urlsafe(12), conversation_id, client_turn_id, text, datetime.now(UTC), None)
        return Answered(turn, answer.to_dict())

    async def _unstored(self, conversation_id: str, client_turn_id: str, text: str) -> Answered:
        """The database is down: a frightened person is answered all the same."""
        metrics.UNSTORED.inc()
        turn = Turn(secrets.token_urlsafe(12), conversation_id, client_turn_id, text, datetime.now(UTC), None)
        answer, _ = await self._answer(turn)
        return Answered(turn, answer.to_dict())

    async def erase(self, conversation_id: str) -> None:
        """Erase a conversation wherever it is kept: in the database, then, once its turns under way ended, in the engine."""
        await self._store.erase(conversation_id)
        self.bell.ring(conversation_id)
        under_way = [task for key, task in self._running.items() if key[0] == conversation_id]
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._engine.forget(conversation_id)

    async def drain(self) -> None:
        """Wait for the turns under way; called when the service stops."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _answer_and_store(self, turn: Turn, channel: str, number: str | None) -> dict[str, Any]:
        started = time.perf_counter()
        with nullcontext() if self._requests is None else self._requests.holding(turn.conversation_id, number):
            answer, engine = await self._answer(turn)
        try:
            town = await asyncio.to_thread(town_in_turn, shipped_places(), turn.text, answer)
            settled = await self._store.finish_turn(turn, answer, engine, live.knowledge().status, town)
            answer, engine = settled.answer, settled.engine
            if settled.news:
                self.desk.ring(DESK)
        except SQLAlchemyError as error:
            metrics.UNSTORED.inc()
            log.error("the answer of turn %s was not stored: %s", turn.id, error.__class__.__name__)
        self.bell.ring(turn.conversation_id)
        metrics.TURNS.labels(channel, answer.status.value, answer.reason, engine).inc()
        metrics.TURN_SECONDS.labels(channel).observe(time.perf_counter() - started)
        return answer.to_dict()

    async def _answer(self, turn: Turn) -> tuple[Answer, str]:
        """The answer and who gave it: the crisis check, staff, Rasa, knowledge alone, or the fixed text when all else failed."""
        knowledge = live.knowledge()
        try:
            form = searchable(turn.text)
            vector = await self._prepared(knowledge, form)
            danger = knowledge.danger(turn.text, vector)
            if danger is not None:
                return danger, "crisis"
            if turn.with_staff:  # what staff own the dialogue engine does not even hear
                return knowledge.status("with-staff"), "staff"
            try:
                shared = vector if knowledge.shipped_model else None
                # Forms put their doors together from texts that do not know dates.
                return knowledge.current(await self._engine.ask(turn.conversation_id, form, shared)), "rasa"
            except EngineFailed as error:
                metrics.ENGINE_FAILURES.labels(error.reason).inc()
            return await asyncio.to_thread(knowledge.answer, turn.text), "knowledge"
        except Exception:
            # Whatever broke, the resident gets the hotlines; the text of the message stays out of the log.
            log.exception("turn %s could not be answered", turn.id)
            return knowledge.status("engine-down"), Status.ERROR.value

    async def _prepared(self, knowledge: Knowledge, form: str) -> Vector | None:
        """The turn's arithmetic in one go: the embedding goes to Rasa too, the rest waits for Rasa's action."""
        try:
            return await asyncio.to_thread(knowledge.prepare, form)
        except Exception:
            log.exception("a message could not be embedded")
            return None
