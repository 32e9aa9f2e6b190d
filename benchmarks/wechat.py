"""200 people on WeChat, three messages each, against the whole product as `make run` starts it.

``python -m benchmarks.wechat`` starts the product with a WeChat account, lets the simulated platform of the tests post
(signed, encrypted, 5 s, three tries, some posts twice, MsgIds shared) and prints what came of it. Each question's answer is
first asked over the HTTP API, so that an answer to another question is noticed; questions are known ones of the guides.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from benchmarks.systems import Ours
from knowledge.catalogue import load_catalogue
from tests.wechat.crowd import Crowd, Outcome
from tests.wechat.fakes import AES_KEY, APP_ID, TOKEN, Platform

MARK = 60  # characters of an answer that tell it from the others


def questions(count: int, seed: int) -> list[str]:
    """Known questions, one of a guide's section at most."""
    sections = [section for guide in load_catalogue().guides for section in guide.sections]
    chance = random.Random(seed)
    chance.shuffle(sections)
    return [section.questions[0] for section in sections if section.questions][:count]


async def references(url: str, session: aiohttp.ClientSession, texts: list[str]) -> dict[str, str]:
    """The beginning of the answer to each question in a conversation of its own; those whose answer is not theirs alone left out."""
    found: dict[str, str] = {}
    for number, text in enumerate(texts):
        async with session.post(f"{url}/api/v1/conversations") as response:
            opened = await response.json()
        headers = {"Authorization": f"Bearer {opened['token']}"}
        address = f"{url}/api/v1/conversations/{opened['conversation_id']}/turns"
        body = {"text": text, "client_turn_id": f"r{number}"}
        async with session.post(address, json=body, headers=headers) as response:
            found[text] = (await response.json())["answer"]["text"][:MARK]
    marks = list(found.values())
    return {text: mark for text, mark in found.items() if sum(mark in other for other in marks) == 1}


async def measure(url: str, options: argparse.Namespace) -> Outcome:
    """One crowd."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        known = await references(url, session, questions(options.questions, 1))
        print(f"{len(known)} questions with an answer of their own")

        async def read(path: str) -> str:
            async with session.get(url + path) as response:
                return await response.text()

        chance = random.Random(2)
        asked = [chance.sample(sorted(known), 3) for _ in range(options.people)]
        platform = Platform(session, f"{url}/wechat", AES_KEY)
        return await Crowd(platform, asked, known.__getitem__, read, spread=options.spread).run()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--questions", type=int, default=80)
    parser.add_argument("--spread", type=float, default=2.0, help="at most so many seconds between one's messages")
    options = parser.parse_args()
    account = {"TOKEN": TOKEN, "APP_ID": APP_ID, "AES_KEY": AES_KEY}
    os.environ |= {f"YINFAWEN_WECHAT_{name}": value for name, value in account.items()}
    os.environ["YINFAWEN_PUBLIC_URL"] = "https://fa.example.org"
    with TemporaryDirectory() as home:
        product = Ours(Path(home))
        try:
            product.wait()
            started = time.monotonic()
            outcome = asyncio.run(measure(product.url, options))
            took = time.monotonic() - started
            engines, memory = product.engines(), product.memory()
        finally:
            product.stop()
    print(f"{options.people} people, {3 * options.people} messages in {took:.0f} s, load {os.getloadavg()[0]:.1f}")
    print(f"replies of their own {outcome.passive}, of them after a repeat {outcome.joined}; links {outcome.linked}")
    print(
        f"missed {outcome.missed}, mixed up {len(outcome.mixed)}, twice {len(outcome.twice)}, never {len(outcome.never)}"
    )
    times = ", ".join(f"p{round(100 * part)} {outcome.percentile(part):.2f} s" for part in (0.5, 0.95, 0.99, 1.0))
    print(f"reply within its try: {times}; answered by {engines}; MB {memory}")
    for kind in ("mixed", "twice", "never"):
        print(kind, getattr(outcome, kind)[:10])


if __name__ == "__main__":
    main()
