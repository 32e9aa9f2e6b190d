"""Whom a crowd still lets in: by number, and by how long they would wait."""

from __future__ import annotations

import pytest

from bot.conversations import crowd
from bot.conversations.crowd import FEW, LONGEST_WAIT, LONGEST_WAIT_WITH_LINK, Crowd


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    held = Clock()
    monkeypatch.setattr(crowd, "time", held)
    return held


def answers(crowded: Crowd, clock: Clock, seconds: float, count: int) -> None:
    """So many are answered, one every ``seconds``, while as many come."""
    for _ in range(count):
        clock.now += seconds
        crowded.leave()
        crowded.enter()


def test_no_more_than_so_many_at_once(clock: Clock) -> None:
    crowded = Crowd(2)
    crowded.enter()
    assert not crowded.full()
    crowded.enter()
    assert crowded.full()
    crowded.leave()
    assert not crowded.full()


def test_nobody_joins_a_queue_that_is_too_long(clock: Clock) -> None:
    crowded = Crowd(200)
    for _ in range(60):
        crowded.enter()
    answers(crowded, clock, 0.125, 200)  # eight a second: the next one would wait for 7.5 s
    assert crowded.full()
    assert not crowded.full(LONGEST_WAIT_WITH_LINK)
    for _ in range(20):
        crowded.leave()
    assert not crowded.full()


def test_a_quick_service_takes_as_many_as_it_may(clock: Clock) -> None:
    crowded = Crowd(200)
    for _ in range(199):
        crowded.enter()
    answers(crowded, clock, 0.02, 200)
    assert not crowded.full()


def test_a_few_always_get_in_and_idle_time_is_no_pace(clock: Clock) -> None:
    crowded = Crowd(200)
    crowded.enter()
    answers(crowded, clock, LONGEST_WAIT, 200)
    for _ in range(FEW - 2):
        crowded.enter()
    assert not crowded.full()
    for _ in range(FEW - 1):
        crowded.leave()
    clock.now += 3600
    crowded.enter()
    answers(crowded, clock, 0.01, 200)
    for _ in range(100):
        crowded.enter()
    assert not crowded.full()
