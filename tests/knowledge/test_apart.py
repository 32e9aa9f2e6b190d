"""The guides' own models: they tell sections of one guide apart, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from knowledge.apart import Apart
from knowledge.passages import Target

GOALS = [
    Target("guide:wages/bring", ("讨薪带啥", "要工资带证据", "拿什么材料"), ()),
    Target("guide:wages/where", ("讨薪去哪", "要工资找哪里", "去哪个地方"), ()),
    Target("guide:divorce/steps", ("想离婚", "怎么离婚"), ()),
    Target("scope:chat", ("你好啊", "聊聊天"), ()),
]
QUESTIONS = [question for goal in GOALS for question in goal.questions]
NOTHING = np.zeros(4, np.float32)


@pytest.fixture(scope="module")
def apart() -> Apart:
    return Apart.fit(GOALS, QUESTIONS, np.zeros((len(QUESTIONS), 4), np.float32))


def test_words_tell_the_sections_of_a_guide_apart(apart: Apart) -> None:
    shares = apart.shares("guide:wages", "老板跑了去哪要工资", NOTHING)
    assert set(shares) == {"guide:wages/bring", "guide:wages/where"}
    assert shares["guide:wages/where"] > shares["guide:wages/bring"]
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("group", ["guide:divorce", "scope:chat", "guide:unknown"])
def test_one_section_alone_is_told_from_nothing(apart: Apart, group: str) -> None:
    assert apart.shares(group, "去哪", NOTHING) == {}


def test_saved_models_say_the_same(apart: Apart, tmp_path: Path) -> None:
    apart.save(tmp_path / "apart")
    loaded = Apart.load(tmp_path / "apart")
    assert loaded.shares("guide:wages", "去哪", NOTHING) == apart.shares("guide:wages", "去哪", NOTHING)
