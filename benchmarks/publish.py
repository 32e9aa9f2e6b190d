"""Publish again and again while residents ask: failed requests, and how long until the new text is answered.

    python -m benchmarks.publish http://127.0.0.1:8000 var/releases RELEASE_A RELEASE_B --question 你好 --a 您好 --b 您好呀

Switches the pointer between two releases that answer ``question`` differently, as publishing and rolling back do, while
20 requests a second arrive (asking for a conversation's page and asking the question in turn).
"""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path

import aiohttp

from knowledge.release import publish

RATE, TIMES, PAUSE = 20, 20, 2.0


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("releases", type=Path)
    parser.add_argument("names", nargs=2)
    parser.add_argument("--question", required=True)
    parser.add_argument("--a", required=True, help="words that only the first release answers")
    parser.add_argument("--b", required=True, help="words that only the second one answers")
    args = parser.parse_args()
    times: list[float] = []
    failed: list[str] = []
    answers: list[tuple[float, str]] = []
    async with aiohttp.ClientSession(args.url) as session:
        stop = asyncio.Event()
        sender = asyncio.create_task(_ask(session, args.question, stop, times, failed, answers))
        lags = []
        await asyncio.sleep(PAUSE)
        for number in range(TIMES):
            name, words = (args.names[1], args.b) if number % 2 == 0 else (args.names[0], args.a)
            publish(args.releases, name)
            switched = time.perf_counter()
            while not any(sent > switched and words in text for sent, text in answers):
                if time.perf_counter() - switched > 30:
                    raise SystemExit(f"{name} was never answered from")
                await asyncio.sleep(0.01)
            lags.append(min(sent for sent, text in answers if sent > switched and words in text) - switched)
            await asyncio.sleep(PAUSE)
        stop.set()
        await sender
    times.sort()
    print(
        f"{TIMES} times published at {RATE} requests/s: {len(times)} answered, {len(failed)} failed {sorted(set(failed))}; "
        f"live after {sorted(lags)[len(lags) // 2]:.2f} s (median), {max(lags):.2f} s (longest); "
        f"answers {1000 * times[len(times) // 2]:.0f} ms (median), {1000 * times[int(len(times) * 0.99)]:.0f} ms (p99)"
    )


async def _ask(
    session: aiohttp.ClientSession,
    question: str,
    stop: asyncio.Event,
    times: list[float],
    failed: list[str],
    answers: list[tuple[float, str]],
) -> None:
    """RATE questions a second, each in a conversation of its own, whether or not the ones before are answered."""

    async def one(number: int) -> None:
        started = time.perf_counter()
        try:
            async with session.post("/api/v1/conversations") as response:
                opened = await response.json()
            url = f"/api/v1/conversations/{opened['conversation_id']}/turns"
            given = {"text": question, "client_turn_id": f"t{number}"}
            sent = time.perf_counter()
            bearer = {"Authorization": f"Bearer {opened['token']}"}
            async with session.post(url, json=given, headers=bearer) as response:
                body = await response.json()
                if response.status != 200 or body["answer"]["status"] == "error":
                    failed.append(f"{response.status}")
                    return
                answers.append((sent, body["answer"]["text"]))
        except (aiohttp.ClientError, KeyError) as error:
            failed.append(error.__class__.__name__)
            return
        times.append(time.perf_counter() - started)

    tasks: list[asyncio.Task[None]] = []
    begun = time.perf_counter()
    while not stop.is_set():
        tasks.append(asyncio.create_task(one(len(tasks))))
        await asyncio.sleep(max(0.0, begun + len(tasks) / RATE - time.perf_counter()))
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main())
