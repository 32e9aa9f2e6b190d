"""Many people at once on a WeChat account, and what went wrong for whom."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from tests.wechat.fakes import OUT_OF_ORDER, Delivered, Person, Platform


@dataclass(frozen=True)
class Other:
    """A message whose own answer did not come: what its sender had said up to it, and what was shown instead."""

    talk: tuple[str, ...]
    shown: tuple[str, ...]


@dataclass
class Outcome:
    """Counts of a run. ``missed``: the platform's own notice or silence; ``window``: seconds of each reply within its try."""

    passive: int = 0
    linked: int = 0
    joined: int = 0
    missed: int = 0
    mixed: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    never: list[Other] = field(default_factory=list)
    window: list[float] = field(default_factory=list)
    notices: list[float] = field(default_factory=list)

    def percentile(self, part: float) -> float:
        return sorted(self.window)[min(len(self.window) - 1, int(part * len(self.window)))]


@dataclass
class Crowd:
    """People who each send their texts, a pause apart; some deliveries come twice, MsgIds are shared among people.

    ``mark(text)`` is what an answer to ``text`` and to no other contains; ``read(link)`` opens an answer page.
    """

    platform: Platform
    texts: Sequence[Sequence[str]]
    mark: Callable[[str], str]
    read: Callable[[str], Awaitable[str]]
    sent_later: Callable[[str], list[str]] = lambda _: []
    spread: float = 1.0
    repeats: float = 0.1

    async def run(self) -> Outcome:
        """Everybody at once."""
        outcome = Outcome()
        marks = Counter(self.mark(text) for texts in self.texts for text in texts)
        await asyncio.gather(*(self._person(texts, marks, outcome) for texts in self.texts))
        outcome.window = self.platform.late
        return outcome

    async def _person(self, texts: Sequence[str], marks: Counter[str], outcome: Outcome) -> None:
        # Three MsgIds for everybody: WeChat has given one to several people.
        person = Person(ids=itertools.count(6054768590064713728))
        await asyncio.sleep(random.uniform(0, self.spread))
        said: dict[str, list[str]] = {}
        for text in texts:
            fields = person.text(text)
            tasks = [asyncio.create_task(self.platform.send(fields))]
            if random.random() < self.repeats:  # the network delivers the same post twice
                tasks.append(asyncio.create_task(self._again(fields)))
            came = await tasks[0]
            self._count(came, outcome)
            said[text] = [came.shown or ""]
            await asyncio.gather(*tasks[1:])
            await asyncio.sleep(random.uniform(0, self.spread))
        await self._judge(person, said, marks, outcome)

    async def _again(self, fields: dict[str, str]) -> None:
        await asyncio.sleep(0.01)
        await self.platform.post_within(fields, self.platform.window)

    def _count(self, came: Delivered, outcome: Outcome) -> None:
        outcome.missed += came.shown in (None, OUT_OF_ORDER)
        outcome.joined += came.tries > 1
        linked = "要多查一会儿" in (came.shown or "")
        outcome.linked += linked
        if linked:
            outcome.notices.append(came.last)
        outcome.passive += not linked

    async def _judge(self, person: Person, said: dict[str, list[str]], marks: Counter[str], outcome: Outcome) -> None:
        """Every question has its own answer exactly once, where WeChat or the link shows it."""
        later = self.sent_later(person.openid)
        for text, words in said.items():
            mine = self.mark(text)
            wrong = [mark for mark in marks if mark != mine and any(mark in word for word in words)]
            outcome.mixed += [f"{text}: {mark}" for mark in wrong]
            found = sum(mine in word for word in [*words, *later])
            if found == 0 and "/a/" in words[0]:
                found = await self._wait_for(mine, words[0])
            outcome.twice += [text] * (found > 1)
            talk = tuple(said)[: list(said).index(text) + 1]
            outcome.never += [Other(talk, (*words, *later))] * (found == 0)

    async def _wait_for(self, mark: str, words: str) -> int:
        link = next(word for word in words.split() if "/a/" in word)
        until = time.monotonic() + 40
        while time.monotonic() < until:
            if mark in await self.read(link[link.index("/a/") :]):
                return 1
            await asyncio.sleep(1)
        return 0
