"""Written dialogues: how they are read, had and judged."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from knowledge.answer import Knowledge
from knowledge.context.focus import Focus
from knowledge.context.talk import Reply, converse
from knowledge.records import Status

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Told:
    """One turn as it went."""

    dialogue: str
    number: int
    said: str
    expected: str
    got: str

    @property
    def right(self) -> bool:
        return any(fnmatch.fnmatch(self.got, wanted.strip()) for wanted in self.expected.split(" | "))


def dialogues(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = yaml.safe_load((HERE / f"{name}.yml").read_text(encoding="utf-8"))
    return rows


def have(knowledge: Knowledge, dialogue: dict[str, Any]) -> list[Told]:
    """Have the whole dialogue: what goes wrong early is carried on, as it would be for a resident."""
    focus, told = Focus(), []
    for number, turn in enumerate(dialogue["turns"], 1):
        expected = turn["expect"]
        if expected.startswith("choice:"):
            choices = focus.choices
            expected = _label(converse(knowledge, choices[int(expected[7:]) - 1], Focus()))
        reply = converse(knowledge, turn["say"], focus)
        told.append(Told(dialogue["id"], number, turn["say"], expected, _label(reply)))
        focus = reply.focus
    return told


def _label(reply: Reply) -> str:
    """``wages/steps``, ``channel:12348`` or ``reason:doors``."""
    answer = reply.answer
    named = answer.target is not None and answer.status is Status.ANSWERED
    return str(answer.target).removeprefix("guide:") if named else f"reason:{answer.reason}"
