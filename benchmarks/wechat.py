"""200 people on WeChat, three messages each, against the whole product as `make run` starts it.

``python -m benchmarks.wechat`` starts the product with a WeChat account, lets the simulated platform of the tests post
(signed, encrypted, 5 s, three tries, some posts twice, MsgIds shared) and prints what came of it. Each question's answer is
first asked over the HTTP API, so that an answer to another question is noticed; questions are known ones of the guides.
An answer may differ because of what its asker had said before: such talks are had again over the HTTP API, one message after
the other, and must come to the same answer; or because the dialogue engine was too slow: then it must be what knowledge
says to the question by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from benchmarks.systems import Ours
from knowledge import live
from knowledge.catalogue import load_catalogue
from knowledge.embed import load_embedder
from knowledge.settings import KnowledgeSettings
from tests.wechat.crowd import Crowd, Other, Outcome
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
    for text in texts:
        found[text] = await last_answer(url, session, (text,))
    marks = list(found.values())
    return {text: mark for text, mark in found.items() if sum(mark in other for other in marks) == 1}


async def last_answer(url: str, session: aiohttp.ClientSession, talk: Sequence[str]) -> str:
    """The beginning of the answer to the last message of a talk, had in a conversation of its own."""
    async with session.post(f"{url}/api/v1/conversations") as response:
        opened = await response.json()
    headers = {"Authorization": f"Bearer {opened['token']}"}
    address = f"{url}/api/v1/conversations/{opened['conversation_id']}/turns"
    said = ""
    for number, text in enumerate(talk):
        body = {"text": text, "client_turn_id": f"r{number}"}
        async with session.post(address, json=body, headers=headers) as response:
            said = (await response.json())["answer"]["text"][:MARK]
    return said


async def measure(url: str, options: argparse.Namespace) -> tuple[Outcome, list[Other]]:
    """One crowd, and those of the answers that differ which are not what the same talk comes to without a crowd."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        known = await references(url, session, questions(options.questions, 1))
        print(f"{len(known)} questions with an answer of their own")

        async def read(path: str) -> str:
            async with session.get(url + path) as response:
                return await response.text()

        chance = random.Random(2)
        asked = [chance.sample(sorted(known), 3) for _ in range(options.people)]
        platform = Platform(session, f"{url}/wechat", AES_KEY)
        outcome = await Crowd(platform, asked, known.__getitem__, read, spread=options.spread).run()
        again = [(other, await last_answer(url, session, other.talk)) for other in outcome.never]
        return outcome, [other for other, said in again if not told(other, said)]


def told(other: Other, said: str) -> bool:
    """Was ``said`` what its sender saw?"""
    return any(said in words for words in other.shown)


def without_engine(others: list[Other]) -> list[Other]:
    """Those that are not what knowledge says to the last message by itself either."""
    if not others:
        return []
    options = KnowledgeSettings()
    knowledge = live.load(options, load_embedder(options.model_source))
    return [other for other in others if not told(other, knowledge.answer(other.talk[-1]).text[:MARK])]


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
            outcome, engineless = asyncio.run(measure(product.url, options))
            took = time.monotonic() - started
            engines, memory = product.engines(), product.memory()
        finally:
            product.stop()
    print(f"{options.people} people, {3 * options.people} messages in {took:.0f} s, load {os.getloadavg()[0]:.1f}")
    print(f"replies of their own {outcome.passive}, of them after a repeat {outcome.joined}; links {outcome.linked}")
    print(
        f"missed {outcome.missed}, mixed up {len(outcome.mixed)}, twice {len(outcome.twice)}; "
        f"other than to the question alone {len(outcome.never)}"
    )
    unexplained = without_engine(engineless)
    print(
        f"of them as in the same talk without a crowd {len(outcome.never) - len(engineless)}, as without the engine "
        f"{len(engineless) - len(unexplained)}, unexplained {len(unexplained)}"
    )
    times = ", ".join(f"p{round(100 * part)} {outcome.percentile(part):.2f} s" for part in (0.5, 0.95, 0.99, 1.0))
    print(f"reply within its try: {times}; answered by {engines}; MB {memory}")
    for kind, found in (("mixed", outcome.mixed), ("twice", outcome.twice), ("unexplained", unexplained)):
        print(kind, found[:10])


if __name__ == "__main__":
    main()
