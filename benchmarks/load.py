"""Residents as they come: questions, follow-ups, forms, a person wanted, history; against the whole product over HTTP.

``python -m benchmarks.load --residents 30 100 200 --minutes 30`` starts the product once and, for each number, lets that many
residents talk at the same time: each opens a conversation, asks every ``--pause`` seconds or so, and starts anew after a dozen
turns. Printed: p50, p95, p99 and the worst by kind, errors, who answered, and memory over time (no growth is the aim).
``--url`` measures a product that runs already (two replicas behind nginx, say), then without its memory.

Of what residents do, 70 % are questions, 15 % follow-ups, 5 % steps of a form, 5 % a person wanted, 5 % reading the history.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from benchmarks.systems import Ours
from benchmarks.wechat import questions

MIX = {"question": 70, "follow-up": 15, "form": 5, "handover": 5, "history": 5}
FOLLOW_UPS = ("那要带啥材料", "要多久", "去哪里办", "要花钱吗", "要是他不给呢", "电话是多少")
FORM = ("我能申请法律援助吗", "工资被拖欠", "没有", "不是", "退出")
PERSON = ("转人工", "我想找真人说")
TURNS_EACH = 12
LIMIT = 5.0  # WeChat's window


@dataclass
class Tally:
    """What came of one crowd."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    faults: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    memory: list[float] = field(default_factory=list)

    def note(self, kind: str, seconds: float, fault: str | None) -> None:
        self.seconds[kind].append(seconds)
        if fault:
            self.faults[f"{kind}: {fault}"] += 1

    def rows(self) -> Iterator[str]:
        """A table in Markdown."""
        yield "| kind | requests | p50 s | p95 s | p99 s | worst s | over 5 s |"
        yield "|---|---|---|---|---|---|---|"
        everything = [second for times in self.seconds.values() for second in times]
        for kind, times in [*sorted(self.seconds.items()), ("all", everything)]:
            ordered = sorted(times)
            parts = [ordered[min(len(ordered) - 1, int(part * len(ordered)))] for part in (0.5, 0.95, 0.99)]
            figures = " | ".join(f"{part:.3f}" for part in [*parts, ordered[-1]])
            yield f"| {kind} | {len(times)} | {figures} | {sum(second > LIMIT for second in times)} |"


class Visitor:
    """One resident: does one thing after another until the time is over."""

    def __init__(self, session: aiohttp.ClientSession, url: str, asked: list[str], tally: Tally, seed: int) -> None:
        self._session, self._url, self._asked, self._tally = session, url, asked, tally
        self._chance = random.Random(seed)
        self._form = 0
        self._base, self._headers = "", {}

    async def stay(self, until: float, pause: float) -> None:
        await asyncio.sleep(self._chance.uniform(0, pause))
        while time.monotonic() < until:
            if await self._do("open", "POST", "/api/v1/conversations", None):
                for number in range(TURNS_EACH):
                    if time.monotonic() >= until:
                        return
                    await self._act("question" if number == 0 else self._kind())
                    await asyncio.sleep(self._chance.expovariate(1 / pause))
            else:
                await asyncio.sleep(pause)

    def _kind(self) -> str:
        return self._chance.choices(list(MIX), list(MIX.values()))[0]

    async def _act(self, kind: str) -> None:
        if kind == "history":
            await self._do(kind, "GET", f"{self._base}/turns", None)
            return
        said = {"question": self._asked, "follow-up": FOLLOW_UPS, "handover": PERSON}.get(kind)
        text = self._chance.choice(said) if said else FORM[self._form % len(FORM)]
        self._form += kind == "form"
        await self._do(kind, "POST", f"{self._base}/turns", {"text": text, "client_turn_id": uuid.uuid4().hex})

    async def _do(self, kind: str, method: str, path: str, body: dict[str, str] | None) -> bool:
        started, fault = time.monotonic(), None
        try:
            async with self._session.request(
                method, self._url + path, json=body, headers=self._headers if path.startswith(self._base or "-") else {}
            ) as response:
                said = await response.json(content_type=None)
                if response.status not in (200, 201):
                    fault = str(response.status)
                elif kind == "open":
                    self._base = f"/api/v1/conversations/{said['conversation_id']}"
                    self._headers = {"Authorization": f"Bearer {said['token']}"}
                elif "answer" in said and said["answer"]["status"] == "error":
                    fault = said["answer"]["reason"]
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            fault = error.__class__.__name__
        self._tally.note(kind, time.monotonic() - started, fault)
        return fault is None


async def crowd(url: str, residents: int, seconds: float, pause: float, product: Ours | None) -> Tally:
    """``residents`` at once for ``seconds``."""
    tally, until = Tally(), time.monotonic() + seconds
    asked = questions(400, 3)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        visitors = [Visitor(session, url, asked, tally, number) for number in range(residents)]
        staying = asyncio.gather(*(visitor.stay(until, pause) for visitor in visitors))
        while not staying.done():
            if product is not None:
                tally.memory.append(sum(product.memory().values()))
            await asyncio.wait({staying}, timeout=max(1.0, seconds / 30))
        await staying
    return tally


def show(residents: int, tally: Tally, took: float) -> None:
    count = sum(map(len, tally.seconds.values()))
    print(
        f"\n{residents} residents, {count} requests in {took:.0f} s ({count / took:.0f}/s), load {os.getloadavg()[0]:.1f}\n"
    )
    print("\n".join(tally.rows()))
    print(f"\nfaults: {dict(tally.faults) or 'none'}")
    if tally.memory:
        print(f"MB of all processes over time: {', '.join(f'{size:.0f}' for size in tally.memory)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--residents", type=int, nargs="+", default=[30, 100, 200])
    parser.add_argument("--minutes", type=float, default=30.0, help="for each number")
    parser.add_argument("--pause", type=float, default=6.0, help="seconds between what one resident does, on average")
    parser.add_argument("--url", help="a product that runs already")
    options = parser.parse_args()
    with TemporaryDirectory() as home:
        product = None if options.url else Ours(Path(home))
        try:
            if product is not None:
                product.wait()
            for residents in options.residents:
                started = time.monotonic()
                url = options.url or product.url  # type: ignore[union-attr]
                tally = asyncio.run(crowd(url, residents, options.minutes * 60, options.pause, product))
                show(residents, tally, time.monotonic() - started)
            if product is not None:
                print(f"answered by {product.engines()}")
        finally:
            if product is not None:
                product.stop()


if __name__ == "__main__":
    main()
