"""Talks of several turns go right, and a question that stands on its own is answered as if it came first."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from knowledge.answer import Knowledge
from knowledge.context.focus import MISSES, Focus
from knowledge.context.talk import converse, words_of
from knowledge.passages import searchable
from tests.knowledge.context.dialogues import dialogues, have

pytestmark = pytest.mark.model
ASKED = Path(__file__).parents[3] / "bot/dialogue/data/nlu_ask.yml"


@pytest.mark.parametrize(
    ("name", "bar"),
    [
        ("tuned", 0.91),
        ("held_out", 0.83),
        ("fresh", 0.8),
        ("chosen", 0.77),
        ("unseen", 0.76),
        ("blind", 0.8),
        ("taught", 0.73),
    ],
)
def test_most_turns_are_understood(knowledge: Knowledge, name: str, bar: float) -> None:
    told = [turn for dialogue in dialogues(name) for turn in have(knowledge, dialogue)]
    right = sum(turn.right for turn in told)
    later = [turn for turn in told if turn.number > 1]
    print(f"{name}: {right} of {len(told)} turns right, later turns {sum(t.right for t in later)} of {len(later)}")
    for turn in told:
        if not turn.right:
            print(f"  {turn.dialogue} {turn.number} {turn.said}: wanted {turn.expected}, got {turn.got}")
    assert right >= bar * len(told)


def test_the_dialogues_are_many_and_each_is_a_talk() -> None:
    rows = dialogues("tuned") + dialogues("held_out")
    assert len(rows) >= 60
    assert len(dialogues("held_out")) * 2 >= len(rows)
    assert all(2 <= len(row["turns"]) <= 5 for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)


def a_talk(knowledge: Knowledge, draw: random.Random, known: list[str]) -> Focus:
    """What a talk about two matters drawn at random leaves behind."""
    focus = Focus()
    for question in draw.sample(known, 2):
        focus = converse(knowledge, question, focus).focus
    return focus


@pytest.mark.parametrize("kind", ["known", "asked"])
def test_a_whole_question_is_not_bent_by_the_talk_before_it(knowledge: Knowledge, kind: str) -> None:
    draw = random.Random(20261125)
    known = [question for _, section in knowledge.release.catalogue.sections() for question in section.questions]
    asked = [line[2:] for line in yaml.safe_load(ASKED.read_text("utf-8"))["nlu"][0]["examples"].splitlines()]
    words = knowledge.release.catalogue.context
    questions = draw.sample(known if kind == "known" else asked, 200)
    whole = [text for text in questions if kind == "known" or not words_of(knowledge, searchable(text)).bare]
    bent = []
    for text in whole:
        focus = a_talk(knowledge, draw, known)
        if words.chosen(searchable(text), len(focus.choices)) is not None or words.named_again(searchable(text)):
            continue
        alone, after = converse(knowledge, text, Focus()).answer, converse(knowledge, text, focus).answer
        if after != alone and alone.reason not in MISSES:
            bent.append((text, focus.matter, alone.target or alone.reason, after.target or after.reason))
    print(f"{len(bent)} of {len(whole)} whole questions bent", *bent, sep="\n  ")
    assert len(bent) <= (0 if kind == "known" else 0.03 * len(whole))


def test_without_a_talk_nothing_changes(knowledge: Knowledge) -> None:
    for text in ("老板拖欠工资怎么办", "那要带什么材料", "2", "我是说抚养费,不是离婚", "几点上班", "今天天气怎么样"):
        assert converse(knowledge, text, Focus()).answer == knowledge.answer(text)
