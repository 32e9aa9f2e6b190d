"""What each kind of message and event gets. Every message gets a reply; of the events, those that a person means."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bot.channels.web.limits import Limits
from bot.channels.web.problems import Problem
from bot.channels.wechat import choices
from bot.channels.wechat.menu import questions
from bot.channels.wechat.messages import Message
from bot.channels.wechat.render import Shape, choices_of, numbered, render, wants_verdict
from bot.channels.wechat.store import Shown, WeChatStore
from bot.channels.wechat.texts import say
from bot.conversations.feedback import Verdict, give_feedback
from bot.conversations.store import ConversationStore, TurnConflict
from bot.conversations.turns import NoText, TextTooLong, Turns
from knowledge import live
from knowledge.records import Status

_PLACE = re.compile(r"[\u4e00-\u9fff]{1,8}?(?:街道|[镇乡村]|社区)(?!委|口|道)")
_REGION = re.compile(r"^(?:[\u4e00-\u9fff]{2,8}?(?:省|市|(?<!社)区|县))+")
# WeChat sends its little faces as words: [微笑], and /::) from older phones. They say nothing that we could look up.
_FACE = re.compile(r"\[[A-Za-z\u4e00-\u9fff]{1,12}\]|/:[\x21-\x7e]{1,8}")
_UNSUPPORTED = re.compile(r"\[Unsupported Message\]|【收到不支持的消息类型，暂无法显示】")


@dataclass(frozen=True, slots=True)
class Context:
    """Whose message it is and under which names it is kept."""

    person: str
    conversation_id: str
    client_turn_id: str
    link: str
    numbered: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """What to say. ``answer`` and ``asked`` (masked) are there when a turn was taken; ``shown`` when it offers anything.

    An empty text means that nothing is said.
    """

    text: str
    shown: Shown | None = None
    answer: dict[str, Any] | None = None
    asked: str = ""


Handler = Callable[["Responder", Message, Context], Awaitable[Reply]]


class Responder:
    """Turns a message into a reply by the table of its kinds."""

    def __init__(self, turns: Turns, limits: Limits, store: WeChatStore, conversations: ConversationStore) -> None:
        self._turns = turns
        self._limits = limits
        self._store = store
        self._conversations = conversations
        self._questions = questions()

    async def respond(self, message: Message, context: Context) -> Reply:
        """The reply. Raises whatever breaks on the way."""
        if message.kind == "event":
            handler = EVENTS.get(message.event)
            return await handler(self, message, context) if handler else Reply("")
        return await KINDS.get(message.kind, _plain("unsupported"))(self, message, context)

    async def text(self, message: Message, context: Context) -> Reply:
        """Words, or a short reply to what was shown before."""
        if _UNSUPPORTED.fullmatch(message.text):
            return Reply(say("unsupported"))
        menu = choices.clicked(message.fields.get("bizmsgmenuid", ""))
        if menu is not None:
            return await self._clicked(*menu, message, context)
        text = _FACE.sub("", message.text)
        short = choices.verdict(text)
        number = choices.number(text)
        shown = await self._store.shown(context.person) if short or number else Shown()
        if short is not None and shown.rated_turn is not None:
            rated = await self._rate(shown.rated_turn, *short, context)
            if rated is not None:
                return rated
        if short == (Verdict.SATISFIED, ""):
            return Reply(say("satisfied-by-nothing"))
        return await self.ask(choices.picked(number, shown.offered) or text, context)

    async def voice(self, message: Message, context: Context) -> Reply:
        """What WeChat heard, if it tells."""
        heard = message.fields.get("Recognition", "")
        return await self.ask(heard, context, heard=True) if heard else Reply(say("voice-unheard"))

    async def location(self, message: Message, context: Context) -> Reply:
        """Asks for the village's advisor; of the address only names of places are used, never coordinates or numbers."""
        place = "".join(_PLACE.findall(_REGION.sub("", message.fields.get("Label", ""))))[:20]
        question = say("ask-village-of", place=place) if place else say("ask-village")
        return await self.ask(question, context, before=say("location"))

    async def subscribe(self, message: Message, context: Context) -> Reply:
        """The greeting, with what one may ask."""
        offered = choices_of(live.knowledge().status("greet").to_dict())
        return Reply(f"{say('subscribe')}\n{numbered(offered, say('first-choices'))}".strip(), Shown(offered))

    async def click(self, message: Message, context: Context) -> Reply:
        """A button of the account's menu asks its question."""
        question = self._questions.get(message.fields.get("EventKey", ""))
        return await (self.ask(question, context) if question else self.subscribe(message, context))

    async def ask(self, text: str, context: Context, heard: bool = False, before: str = "") -> Reply:
        """One turn of the conversation."""
        try:
            await self._limits.hit("turns", context.conversation_id)
            done = await self._turns.take(context.conversation_id, context.client_turn_id, text, "wechat")
            asked, turn_id, answer = done.turn.text, done.turn.id, done.answer
        except Problem:
            return Reply(say("too-many"))
        except TextTooLong as error:
            return Reply(say("too-long", limit=error.limit))
        except NoText:
            asked, turn_id, answer = "", None, live.knowledge().status("no-words").to_dict()
        except TurnConflict:
            return await self._stored(context)
        shape = Shape(context.link, context.numbered, heard=asked if heard else "", before=before)
        return Reply(render(answer, shape), await self._remembered(answer, turn_id, context), answer, asked)

    async def _remembered(self, answer: dict[str, Any], turn_id: str | None, context: Context) -> Shown:
        """What a short reply will be about from now on. "You are welcome" leaves the answer before it where it is."""
        now = _shown(answer, turn_id)
        if answer["status"] != Status.ANSWERED.value or answer["citations"] or now.offered:
            return now
        try:
            return replace(await self._store.shown(context.person), turn_id=turn_id)
        except SQLAlchemyError:  # nothing is remembered then, and a greeting is greeted all the same
            return now

    async def _stored(self, context: Context) -> Reply:
        """The answer of a turn begun by a process that is gone, which understood the message in another way."""
        for turn in await self._conversations.history(context.conversation_id, 10):
            if turn.client_turn_id == context.client_turn_id and turn.answer is not None:
                text = render(turn.answer, Shape(context.link, context.numbered))
                return Reply(text, _shown(turn.answer, turn.id), turn.answer, turn.text)
        return Reply(say("trouble"))

    async def _clicked(self, what: str, turn_id: str, number: int, message: Message, context: Context) -> Reply:
        if what != "ask":
            verdict = Verdict.SATISFIED if what == "good" else Verdict.UNSATISFIED
            return await self._rate(turn_id, verdict, "", context) or await self.ask(message.text, context)
        for turn in await self._conversations.history(context.conversation_id):
            if turn.id == turn_id and turn.answer is not None:
                return await self.ask(choices.picked(number, choices_of(turn.answer)) or message.text, context)
        return await self.ask(message.text, context)

    async def _rate(self, turn_id: str, verdict: Verdict, reason: str, context: Context) -> Reply | None:
        """Keeps a verdict; None when it is a cry for help or about nothing, and has to be taken as words."""
        if reason and await asyncio.to_thread(live.knowledge().danger, reason) is not None:
            return None
        if not await give_feedback(self._conversations, context.conversation_id, turn_id, verdict, reason):
            return None
        if verdict is Verdict.SATISFIED:
            return Reply(say("satisfied"))
        return Reply(say("reason-kept" if reason else "unsatisfied"))


def _shown(answer: dict[str, Any], turn_id: str | None) -> Shown:
    return Shown(choices_of(answer), turn_id if wants_verdict(answer) else None, turn_id)


def _plain(name: str) -> Handler:
    """Says one text."""

    async def handler(responder: Responder, message: Message, context: Context) -> Reply:
        return Reply(say(name))

    return handler


KINDS: dict[str, Handler] = {
    "text": Responder.text,
    "voice": Responder.voice,
    "location": Responder.location,
    "image": _plain("image"),
    "video": _plain("video"),
    "shortvideo": _plain("video"),
    "link": _plain("link"),
    "file": _plain("file"),
}
# All others (unsubscribe, VIEW, LOCATION, the end of a broadcast …) are not a person asking something: no reply.
EVENTS: dict[str, Handler] = {
    "subscribe": Responder.subscribe,
    "scan": Responder.subscribe,
    "click": Responder.click,
}
