"""A turn asks the patterns first, then the model with the turn's one embedding; without an embedding it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
import pytest

from bot.conversations.store import ConversationStore, Turn
from bot.conversations.turns import Turns
from bot.engine import DialogueEngine
from knowledge import live
from knowledge.index import Vector
from knowledge.records import Answer, Status


def said(text: str, status: Status = Status.ANSWERED) -> Answer:
    return Answer(status=status, reason=status.value, text=text, release="r")


class Nets:
    """Knowledge with two nets of one word each; counts embeddings."""

    shipped_model = True

    def __init__(self, breaks: bool = False) -> None:
        self.breaks = breaks
        self.embedded: list[str] = []

    def danger(self, text: str, vector: Vector | None = None) -> Answer | None:
        if "着火" in text:
            return said("119", Status.CRISIS)
        return said("110", Status.CRISIS) if vector is not None and "不敢出声" in text else None

    def current(self, answer: Answer) -> Answer:
        return answer

    def prepare(self, text: str) -> Vector:
        self.embedded.append(text)
        if self.breaks:
            raise RuntimeError("no model")
        return np.ones(4, np.float32)


class Engine:
    """Answers everything and remembers the vectors it was given."""

    def __init__(self) -> None:
        self.vectors: list[Vector | None] = []

    async def ask(self, conversation_id: str, text: str, vector: Vector | None) -> Answer:
        self.vectors.append(vector)
        return said("答复")


@pytest.fixture
def kept() -> Iterator[None]:
    """Whatever knowledge other tests use is put back."""
    before = live._live
    yield
    live._live = before


async def turn(nets: Nets, engine: Engine, text: str) -> tuple[str, str]:
    live.use(cast(Any, nets))
    turns = Turns(cast(ConversationStore, None), cast(DialogueEngine, engine), 1000)
    answer, who = await turns._answer(Turn("t", "c", "1", text, datetime.now(UTC), None))
    return answer.text, who


@pytest.mark.usefixtures("kept")
async def test_the_patterns_need_no_embedding() -> None:
    nets, engine = Nets(breaks=True), Engine()
    assert await turn(nets, engine, "俺家着火了") == ("119", "crisis")
    assert engine.vectors == []


@pytest.mark.usefixtures("kept")
async def test_the_model_is_asked_with_the_one_embedding_of_the_turn() -> None:
    nets, engine = Nets(), Engine()
    assert await turn(nets, engine, "他在楼下，我不敢出声") == ("110", "crisis")
    assert await turn(nets, engine, "工资没发") == ("答复", "rasa")
    assert len(nets.embedded) == 2
    assert [vector is not None for vector in engine.vectors] == [True]


@pytest.mark.usefixtures("kept")
async def test_a_broken_embedding_leaves_the_patterns_and_the_engine() -> None:
    nets, engine = Nets(breaks=True), Engine()
    assert await turn(nets, engine, "工资没发") == ("答复", "rasa")
    assert engine.vectors == [None]


@pytest.mark.usefixtures("kept")
async def test_a_vector_of_another_model_is_not_given_to_rasa() -> None:
    nets, engine = Nets(), Engine()
    nets.shipped_model = False
    assert await turn(nets, engine, "他在楼下，我不敢出声") == ("110", "crisis")
    assert await turn(nets, engine, "工资没发") == ("答复", "rasa")
    assert engine.vectors == [None]
