"""The section model: what it learns, what it forgets, and that it is the same after saving."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from knowledge.sections import SectionFit, SectionModel

QUESTIONS = ["老板欠工资", "工资不发", "工资拖着", "想离婚", "离婚要啥", "离婚手续"] * 3
OWNERS = [0, 0, 0, 1, 1, 1] * 3
NOTHING = np.zeros(4, np.float32)


def fitted() -> SectionFit:
    return SectionFit(QUESTIONS, np.zeros((len(QUESTIONS), 4), np.float32), OWNERS, 2)


def test_words_lead_to_their_section() -> None:
    model = fitted().model()
    assert model.scores("俺嘞工资", NOTHING).argmax() == 0
    assert model.scores("离婚咋办", NOTHING).argmax() == 1
    assert np.allclose(model.scores("天气", NOTHING), 0)


def test_embeddings_lead_to_their_section_where_words_do_not() -> None:
    vectors = np.array([[1, 0, 0, 0] if owner == 0 else [0, 1, 0, 0] for owner in OWNERS], np.float32)
    model = SectionFit(QUESTIONS, vectors, OWNERS, 2).model()
    assert model.scores("天气", np.array([0.9, 0.1, 0, 0], np.float32)).argmax() == 0
    assert model.scores("天气", np.array([0.1, 0.9, 0, 0], np.float32)).argmax() == 1


def test_leaving_questions_out_is_the_same_as_never_having_had_them() -> None:
    whole = fitted()
    without = whole.model([number for number, owner in enumerate(OWNERS) if owner == 1])
    assert np.allclose(without.scores("想离婚", NOTHING)[1], 0, atol=1e-5)
    assert without.scores("工资不发", NOTHING)[0] > 0.1


def test_every_question_is_held_out_once() -> None:
    held = [row for _, rows in fitted().held_out(3, seed=1) for row in rows]
    assert sorted(held) == list(range(len(QUESTIONS)))


def test_a_saved_model_scores_nearly_as_before(tmp_path: Path) -> None:
    model = fitted().model()
    model.save(tmp_path / "sections")
    loaded = SectionModel.load(tmp_path / "sections")
    assert np.allclose(loaded.scores("老板欠工资", NOTHING), model.scores("老板欠工资", NOTHING), atol=1e-3)
