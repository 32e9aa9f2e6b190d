"""Where conversations and turns are kept. SQLAlchemy Core on SQLite (WAL) or PostgreSQL, under one suite of tests.

Every method runs in a worker thread, so that the event loop never waits for the disk. SQLite has one writer, so it gets
one thread.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, bindparam, create_engine, delete, event, func, insert, select, text, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bot.conversations import handover
from bot.conversations.duty import on_duty
from bot.conversations.news import DESK, tell
from bot.conversations.scrub import OVERWRITE, empty_log
from bot.conversations.tables import MATTER, callbacks, conversations, turns
from knowledge.records import Answer, Status, answer_from_dict

T = TypeVar("T")
PROVEN_KEPT = 4096
ERASING = 600.0
READING = 30.0
PATIENCE = 3.0  # seconds; nobody waits longer for the database, however many wait before them

# Its debug log holds the rows that were read, and with them the words of residents, whatever level is set elsewhere.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)


class DatabaseBusy(SQLAlchemyError):
    """The database did not answer in time; what was asked of it may still be done."""


class UnknownConversation(LookupError):
    """No conversation has this id."""


class WrongToken(PermissionError):
    """The token is not this conversation's."""


class TurnConflict(ValueError):
    """The client_turn_id was used before for another text."""


class _Overtaken(SQLAlchemyError):
    """Another replica stored its answer of this turn while this one was about to."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer as stored; ``answer`` is None while it is being worked on."""

    id: str
    conversation_id: str
    client_turn_id: str
    text: str
    created_at: datetime
    answer: dict[str, Any] | None
    answered_at: datetime | None = None
    with_staff: bool = False


_log = logging.getLogger(__name__)


def connect(url: str, limits: str = "") -> Engine:
    """An engine for ``url``; SQLite gets a write-ahead log, enforced foreign keys and a patient lock.

    PostgreSQL gets checked connections, so that a restart of it fails no request, and no statement may hang; ``limits`` are
    further settings of its sessions.
    """
    # hide_parameters: an error of the database must not carry a resident's words into the log.
    if make_url(url).get_backend_name() == "postgresql":
        session = {"connect_timeout": 3, "options": f"-c statement_timeout=5000 -c lock_timeout=4000 {limits}"}
        return create_engine(_psycopg(url), hide_parameters=True, connect_args=session, **_POSTGRESQL)
    engine = create_engine(url, hide_parameters=True)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _pragmas(connection: Any, _: Any) -> None:
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=5000", OVERWRITE):
                connection.execute(f"PRAGMA {pragma}")

    return engine


POSTGRESQL_THREADS = 8
_POSTGRESQL: dict[str, Any] = {
    "pool_pre_ping": True,
    "pool_size": POSTGRESQL_THREADS,
    "max_overflow": 0,
    "pool_timeout": 5,
}
# A replica that is frozen in the middle of a turn holds its conversation's row; it is cut off before the others lose PATIENCE.
_NO_STANDING_STILL = "-c idle_in_transaction_session_timeout=2000"
_MAY_STAND_STILL = text("SET LOCAL idle_in_transaction_session_timeout = 0")


def _psycopg(url: str) -> URL:
    """Whatever driver the address names: psycopg is the one that we bring along."""
    return make_url(url).set(drivername="postgresql+psycopg")


def hashed(token: str) -> str:
    """Tokens are stored as their SHA-256 only: whoever reads the database cannot speak for a resident."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def erase_before(connection: Connection, limit: datetime) -> int:
    """Erase conversations whose last turn was before ``limit``, with all that hangs on them; returns how many."""
    old = select(conversations.c.id).where(conversations.c.last_turn_at < limit)
    connection.execute(delete(callbacks).where(callbacks.c.conversation_id.in_(old)))
    connection.execute(delete(turns).where(turns.c.conversation_id.in_(old)))
    return connection.execute(delete(conversations).where(conversations.c.last_turn_at < limit)).rowcount


class ConversationStore:
    """Conversations and turns in one database."""

    def __init__(self, url: str) -> None:
        self.engine = connect(url, _NO_STANDING_STILL)
        # More than one replica may work on it.
        self.shared = self.engine.dialect.name == "postgresql"
        threads = POSTGRESQL_THREADS if self.shared else 1
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="store")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        self._proven: OrderedDict[str, str] = OrderedDict()

    async def close(self) -> None:
        """Finish what is under way and let go of the database."""
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._reader.shutdown)
        self.engine.dispose()

    async def run(self, work: Callable[[Connection], T], patience: float | None = None) -> T:
        """Run ``work`` in one transaction in a worker thread; for tables that belong to conversations."""
        return await self._run(work, patience)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work``, which only reads and may take long, beside all else: one at a time, so that nobody waits for it."""

        def job() -> T:
            with self.engine.connect() as connection:
                if self.shared:
                    connection.execute(_MAY_STAND_STILL)
                return work(connection)

        try:
            async with asyncio.timeout(READING):
                return await asyncio.get_running_loop().run_in_executor(self._reader, job)
        except TimeoutError as error:
            raise DatabaseBusy("no answer in time") from error

    async def _run(self, work: Callable[[Connection], T], patience: float | None = None) -> T:
        """Run ``work`` in one transaction in a worker thread. Raises DatabaseBusy after ``patience`` seconds."""

        def job() -> T:
            with self.engine.begin() as connection:
                if self.shared and patience is not None:
                    connection.execute(_MAY_STAND_STILL)
                return work(connection)

        try:
            async with asyncio.timeout(PATIENCE if patience is None else patience):
                return await asyncio.get_running_loop().run_in_executor(self._threads, job)
        except TimeoutError as error:
            raise DatabaseBusy("no answer in time") from error

    async def ping(self) -> None:
        """Raises SQLAlchemyError when the database cannot be used."""
        await self._run(lambda connection: connection.execute(select(conversations.c.id).limit(1)).first())

    async def open_conversation(self, channel: str) -> tuple[str, str]:
        """Start a conversation; returns its id and its secret token, which is not kept."""
        conversation_id, token = secrets.token_urlsafe(18), secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        row = {
            "id": conversation_id,
            "channel": channel,
            "token_hash": hashed(token),
            "created_at": now,
            "last_turn_at": now,
        }
        await self._run(lambda connection: connection.execute(insert(conversations), row))
        return conversation_id, token

    async def check(self, conversation_id: str, token: str) -> None:
        """Raises UnknownConversation or WrongToken unless ``token`` opens the conversation."""
        given = hashed(token)
        # Who proved it once need not be looked up at each turn; whether the conversation still exists shows when it is used.
        if hmac.compare_digest(self._proven.get(conversation_id, ""), given):
            return
        query = select(conversations.c.token_hash).where(conversations.c.id == conversation_id)
        expected = await self._run(lambda connection: connection.execute(query).scalar())
        if expected is None:
            raise UnknownConversation(conversation_id)
        if not hmac.compare_digest(expected, given):
            raise WrongToken(conversation_id)
        self._proven[conversation_id] = given
        if len(self._proven) > PROVEN_KEPT:
            self._proven.popitem(last=False)

    async def begin_turn(self, conversation_id: str, client_turn_id: str, text: str, masked: tuple[str, ...]) -> Turn:
        """Store the question before it is answered, or return the turn that has this client_turn_id already.

        Raises TurnConflict when that turn has another text, UnknownConversation when the conversation was erased.
        """

        def work(connection: Connection) -> Turn:
            now = datetime.now(UTC)
            moved = connection.execute(_MOVE, {"conversation": conversation_id, "now": now})
            if moved.rowcount == 0:
                raise UnknownConversation(conversation_id)
            known = connection.execute(
                _KNOWN, {"conversation": conversation_id, "client": client_turn_id}
            ).one_or_none()
            if known is not None:
                return Turn(*known)
            owned = handover.with_staff(connection, conversation_id)
            turn = Turn(secrets.token_urlsafe(12), conversation_id, client_turn_id, text, now, None, with_staff=owned)
            connection.execute(
                _INSERT,
                {
                    "id": turn.id,
                    "conversation_id": conversation_id,
                    "of_conversation": conversation_id,
                    "client_turn_id": client_turn_id,
                    "text": text,
                    "masked": list(masked),
                    "created_at": now,
                },
            )
            return turn

        for attempt in range(5):
            try:
                turn = await self._run(work)
                break
            except IntegrityError:  # another replica took the number or stored the same turn first
                if attempt == 4:
                    raise
        if turn.text != text:
            raise TurnConflict(client_turn_id)
        return turn

    async def finish_turn(
        self, turn: Turn, answer: Answer, engine: str, words: handover.Words, town: str | None = None
    ) -> handover.Settled:
        """Store the answer of a turn, or what stands in its place: another replica's, or staff's when they own it by now.

        ``engine`` says who gave it (``rasa``, ``knowledge`` or ``crisis``), ``words`` gives the rows of the status table,
        ``town`` is the town that the turn is about.
        """

        def work(connection: Connection) -> handover.Settled:
            if connection.execute(_EXISTS, {"conversation": turn.conversation_id}).scalar() is None:
                return handover.Settled(answer, engine, False)  # erased meanwhile
            stored = connection.execute(_STORED, {"turn": turn.id}).first()
            if stored and stored.answer is not None:  # this replica hung, another one was asked: its word stands
                return handover.Settled(answer_from_dict(stored.answer), stored.engine, False)
            there = on_duty(connection) if answer.status is Status.HANDOVER else None
            settled = handover.settle(connection, turn.conversation_id, answer, engine, words, there)
            # The time is taken where rows are written: what is read later is then never dated earlier (events.py), not
            # even when the clock was put back.
            last, now = connection.execute(_LAST_ANSWERED, {"turn": turn.id}).scalar(), datetime.now(UTC)
            values = {
                "answer": settled.answer.to_dict(),
                "status": settled.answer.status.value,
                "reason": settled.answer.reason,
                "release": settled.answer.release,
                "engine": settled.engine,
                "matter": settled.answer.matter and settled.answer.matter[:MATTER],
                "town": town,
                "answered_at": now if last is None else max(now, last + timedelta(microseconds=1)),
            }
            open_still = update(turns).where(turns.c.id == turn.id, turns.c.answered_at.is_(None))
            if connection.execute(open_still.values(values)).rowcount == 0:
                raise _Overtaken
            tell(connection, turn.conversation_id)
            if settled.news:
                tell(connection, DESK)
            return settled

        for attempt in range(3):
            try:
                return await self._run(work)
            except (IntegrityError, _Overtaken):  # another replica began the handover, or answered, first
                if attempt == 2:
                    raise
        raise AssertionError("not reached")

    async def history(self, conversation_id: str, limit: int = 200) -> list[Turn]:
        """The last ``limit`` turns, oldest first."""
        query = _TURN.where(turns.c.conversation_id == conversation_id).order_by(turns.c.number.desc()).limit(limit)
        rows = await self._run(lambda connection: connection.execute(query).all())
        return [Turn(*row) for row in reversed(rows)]

    async def answered_after(self, conversation_id: str, moment: datetime, limit: int = 200) -> list[Turn]:
        """Turns that were answered after ``moment``, the earliest answer first.

        Raises UnknownConversation when the conversation was erased.
        """

        def work(connection: Connection) -> list[Turn]:
            if connection.execute(_EXISTS, {"conversation": conversation_id}).scalar() is None:
                raise UnknownConversation(conversation_id)
            given = {"conversation": conversation_id, "moment": moment, "limit": limit}
            return [Turn(*row) for row in connection.execute(_ANSWERED, given)]

        return await self._run(work)

    async def erase(self, conversation_id: str) -> None:
        """Erase one conversation with all that hangs on it."""

        def work(connection: Connection) -> None:
            connection.execute(delete(turns).where(turns.c.conversation_id == conversation_id))
            connection.execute(delete(conversations).where(conversations.c.id == conversation_id))
            tell(connection, conversation_id)

        await self._run(work)
        self._proven.pop(conversation_id, None)
        await self._empty_log()

    async def erasing(self, work: Callable[[Connection], T]) -> T:
        """Run ``work``, which erases conversations and may take long; nothing of them is left in the files afterwards."""
        erased = await self._run(work, ERASING)
        self._proven.clear()
        await self._empty_log()
        return erased

    async def _empty_log(self) -> None:
        """In the thread that writes, so that nothing of ours is under way. What is erased is erased, even if this fails."""
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.get_running_loop().run_in_executor(self._threads, empty_log, self.engine)
        except (TimeoutError, SQLAlchemyError) as error:
            _log.warning("SQLite's log could not be emptied (%s); the next erasing does it", type(error).__name__)


# Put together once: that takes longer than running them.
_TURN = select(
    turns.c.id,
    turns.c.conversation_id,
    turns.c.client_turn_id,
    turns.c.text,
    turns.c.created_at,
    turns.c.answer,
    turns.c.answered_at,
)
_EXISTS = select(conversations.c.id).where(conversations.c.id == bindparam("conversation"))
_STORED = select(turns.c.answer, turns.c.engine).where(turns.c.id == bindparam("turn"))
_ANSWERED = (
    _TURN.where(turns.c.conversation_id == bindparam("conversation"), turns.c.answered_at > bindparam("moment"))
    .order_by(turns.c.answered_at)
    .limit(bindparam("limit"))
)
_KNOWN = _TURN.where(
    turns.c.conversation_id == bindparam("conversation"), turns.c.client_turn_id == bindparam("client")
)
_MOVE = (
    update(conversations).where(conversations.c.id == bindparam("conversation")).values(last_turn_at=bindparam("now"))
)
_EARLIER = turns.alias()
_LAST_ANSWERED = select(func.max(_EARLIER.c.answered_at)).where(
    _EARLIER.c.conversation_id
    == select(turns.c.conversation_id).where(turns.c.id == bindparam("turn")).scalar_subquery()
)
_NEXT_NUMBER = (
    select(func.coalesce(func.max(_EARLIER.c.number), 0) + 1)
    .where(_EARLIER.c.conversation_id == bindparam("of_conversation"))
    .scalar_subquery()
)
_INSERT = insert(turns).values(number=_NEXT_NUMBER)
