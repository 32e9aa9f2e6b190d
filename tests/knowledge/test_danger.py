"""The second net: danger in words that no pattern knows is found, ordinary questions stay ordinary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from knowledge.alarm import CERTAIN, FAINT, GUESSED, HEARD, HINT, LIKELY, PLAIN, WHISPER, Alarm, alarm
from knowledge.answer import Knowledge
from knowledge.catalogue import ContentError
from knowledge.crisis import CrisisDetector
from knowledge.danger import CASES_FILE, NONE, SURE, UNLIKELY, DangerModel, labelled, load_cases
from knowledge.evidence import Gate
from knowledge.normalise import normalise
from knowledge.passages import Target, searchable
from knowledge.records import Answer, Status
from knowledge.search import EVIDENCE, Scored

TESTS = Path(__file__).parents[1]
UNSEEN: dict[str, Any] = yaml.safe_load((TESTS / "knowledge" / "danger_unseen.yml").read_text(encoding="utf-8"))

# Shares of dangers found as crisis, of dangers found at all, and of near-misses taken for a crisis, patterns and model
# together. Measured: 93, 97 and 7 of 100; 55, 59 and 16 of 60. A floor lies half a 95 % Wilson interval away; where the
# model alone must be certain before it replaces a plain answer, the first list keeps 86.
FLOORS = {"first": (0.85, 0.93, 0.13), "last": (0.83, 0.93, 0.38)}


def dangers(name: str) -> list[tuple[str, str]]:
    styles = UNSEEN[name]["dangers"].values()
    return [(kind, text) for kinds in styles for kind, texts in kinds.items() for text in texts]


def near_misses(name: str) -> list[str]:
    return [text for texts in UNSEEN[name]["near_misses"].values() for text in texts]


def golden() -> Iterator[dict[str, Any]]:
    for name in ("held", "blind"):
        yield from yaml.safe_load((TESTS / "golden" / f"{name}.yml").read_text(encoding="utf-8"))


def pairs(text: str) -> set[str]:
    plain = re.sub(r"\W", "", text)
    return {plain[i : i + 2] for i in range(len(plain) - 1)}


# --- the cases ---


def test_the_cases_name_kinds_of_the_crisis_file_and_no_text_twice() -> None:
    rows = labelled(load_cases())
    kinds = {kind for _, kind in rows} - {NONE}
    assert all(CrisisDetector.from_file().row(kind) for kind in kinds)
    assert len({text for text, _ in rows}) == len(rows) >= 1100


def test_the_unseen_lists_are_long_and_mixed() -> None:
    assert {name: (len(dangers(name)), len(near_misses(name))) for name in UNSEEN} == {
        "first": (100, 100),
        "last": (60, 60),
    }
    kinds = {kind for _, kind in labelled(load_cases())} - {NONE}
    for name in UNSEEN:
        assert {kind for kind, _ in dangers(name)} == kinds


def test_no_case_is_a_copy_of_what_is_only_measured() -> None:
    cases = [pairs(text) for text, _ in labelled(load_cases())]
    measured = [text for name in UNSEEN for text in (*near_misses(name), *(text for _, text in dangers(name)))]
    copies = []
    for text in measured:
        mine = pairs(text)
        copies += [text for case in cases if len(mine & case) > 0.7 * len(mine | case)]
    assert copies == []


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("first: [", "danger_cases.yml"),
        ("first: {present: {fire: [着火了]}}", "first.near_misses"),
        ("first: {present: {fire: ['']}, near_misses: []}", "first.present.fire.0"),
    ],
)
def test_faults_in_the_cases_name_file_and_key(tmp_path: Path, content: str, names: str) -> None:
    path = tmp_path / CASES_FILE.name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ContentError, match=re.escape(names)):
        load_cases(path)


# --- the model by itself ---


def small_model() -> DangerModel:
    cases = [("着火了", "fire"), ("房子着火", "fire"), ("打我", "violence"), ("他打我", "violence")]
    known = [
        ("工资没发", "guide:wages"),
        ("欠工资", "guide:wages"),
        ("离婚", "guide:divorce"),
        ("想离婚", "guide:divorce"),
    ]
    return DangerModel.fit(cases * 3, known * 3, np.zeros((24, 8), np.float32), ["fire", "violence"])


def test_the_model_tells_kind_and_probability() -> None:
    model = small_model()
    nothing = np.zeros(8, np.float32)
    kind, probability = model.judge("我家着火了", nothing)
    assert kind == "fire"
    assert probability > 0.5
    assert model.judge("老板欠工资", nothing)[1] < 0.5


def test_a_kind_that_is_a_guess_is_not_named() -> None:
    kind, probability = small_model().judge("着火了他打我", np.zeros(8, np.float32))
    assert kind is None
    assert probability > 0.5


def test_a_saved_model_judges_as_before(tmp_path: Path) -> None:
    model = small_model()
    model.save(tmp_path / "danger")
    loaded = DangerModel.load(tmp_path / "danger", ["fire", "violence"])
    vector = np.zeros(8, np.float32)
    assert loaded.judge("他打我", vector) == model.judge("他打我", vector)


# --- both nets on the shipped content ---


@pytest.mark.model
@pytest.mark.parametrize("name", sorted(UNSEEN))
def test_unseen_dangers_are_found(knowledge: Knowledge, name: str) -> None:
    texts = [text for _, text in dangers(name)]
    crisis, any_sign, _ = FLOORS[name]
    missed = [text for text in texts if knowledge.danger(text, knowledge.embed(text)) is None]
    silent = [text for text in missed if not starts_with_the_numbers(knowledge, knowledge.answer(text))]
    assert len(missed) <= (1 - crisis) * len(texts), missed
    assert len(silent) <= (1 - any_sign) * len(texts), silent


@pytest.mark.model
@pytest.mark.parametrize("name", sorted(UNSEEN))
def test_unseen_near_misses_are_seldom_taken_for_danger(knowledge: Knowledge, name: str) -> None:
    texts = near_misses(name)
    flagged = [text for text in texts if knowledge.danger(text, knowledge.embed(text))]
    by_model = [text for text in flagged if knowledge.danger(text) is None]
    assert len(flagged) <= FLOORS[name][2] * len(texts), flagged
    assert len(by_model) <= 0.08 * len(texts), by_model


@pytest.mark.model
def test_ordinary_questions_stay_ordinary(knowledge: Knowledge) -> None:
    rows = [row["q"] for row in golden() if row["kind"] not in ("crisis", "nearmiss") and "crisis" not in row["status"]]
    answers = [knowledge.answer(text) for text in rows]
    crisis = [text for text, answer in zip(rows, answers, strict=True) if answer.status is Status.CRISIS]
    cautioned = [
        text
        for text, answer in zip(rows, answers, strict=True)
        if answer.status is not Status.CRISIS and starts_with_the_numbers(knowledge, answer)
    ]
    assert len(crisis) <= 0.025 * len(rows), crisis
    assert len(cautioned) <= 0.045 * len(rows), cautioned


@pytest.mark.model
def test_the_known_questions_hear_no_alarm_from_the_model(knowledge: Knowledge) -> None:
    """They were learnt as harmless; the patterns' own alarms are left out."""
    detector = knowledge.crisis
    texts = [question for section in knowledge.release.catalogue.sections() for question in section[1].questions]
    calm = [text for text in texts if detector.detect(normalise(text)) is None][::10]
    assert [text for text in calm if knowledge.danger(text, knowledge.embed(text))] == []


# --- how the nets work together ---


NEW_WORDS = "我把花都浇好了，猫粮够吃一个月，门没锁"


def starts_with_the_numbers(knowledge: Knowledge, answer: Answer) -> bool:
    caution = knowledge.status("caution").text.partition("\n")[0]
    return answer.status is Status.CRISIS or answer.text.startswith(caution)


@pytest.fixture
def judged(knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Knowledge whose model says one thing of every message."""

    def use(probability: float, kind: str | None = "fire") -> Knowledge:
        monkeypatch.setattr(Knowledge, "_risk", lambda self, reading: (kind, probability))
        return knowledge

    return use


@pytest.mark.model
def test_without_a_vector_only_the_patterns_speak(knowledge: Knowledge) -> None:
    assert knowledge.danger(NEW_WORDS) is None
    answer = knowledge.danger(NEW_WORDS, knowledge.embed(NEW_WORDS))
    assert answer is not None
    assert answer.matter == "suicide"
    assert answer.routes[0].number == "120"


def scored(ours: float, key: str = "guide:wages/steps") -> Scored:
    return Scored(Target(key, ("工资没发",), ()), "工资没发", ours, *(0.0,) * len(EVIDENCE))


@pytest.mark.parametrize(
    ("heard", "danger", "ours", "loud"),
    [
        (False, 0.0, 0.0, Alarm.NONE),
        (False, WHISPER, 0.9, Alarm.AFTER),
        (False, LIKELY - 0.01, PLAIN, Alarm.AFTER),
        (False, LIKELY, PLAIN, Alarm.BEFORE),
        (False, CERTAIN, PLAIN, Alarm.INSTEAD),
        (False, WHISPER, GUESSED, Alarm.AFTER),
        (False, FAINT, GUESSED, Alarm.BEFORE),
        (False, WHISPER, 0.3, Alarm.AFTER),
        (False, HINT, 0.3, Alarm.BEFORE),
        (False, SURE, PLAIN - 0.01, Alarm.INSTEAD),
        (True, 0.0, PLAIN, Alarm.AFTER),
        (True, 0.0, GUESSED, Alarm.AFTER),
        (True, 0.0, GUESSED - 0.01, Alarm.BEFORE),
        (True, UNLIKELY, PLAIN, Alarm.BEFORE),
        (True, UNLIKELY, GUESSED, Alarm.BEFORE),
        (True, FAINT, GUESSED, Alarm.INSTEAD),
        (True, UNLIKELY, GUESSED - 0.01, Alarm.INSTEAD),
        (True, HEARD, PLAIN, Alarm.INSTEAD),
    ],
)
def test_where_the_numbers_stand(heard: bool, danger: float, ours: float, loud: Alarm) -> None:
    assert alarm(heard, danger, scored(ours)) is loud


def test_a_note_that_declines_is_no_plain_matter() -> None:
    assert alarm(False, LIKELY - 0.01, scored(0.99, "scope:chat")) is Alarm.BEFORE
    assert alarm(False, FAINT - 0.01, scored(0.99, "scope:chat")) is Alarm.AFTER
    assert alarm(False, FAINT - 0.01, scored(0.5, "scope:chat")) is Alarm.BEFORE
    assert alarm(True, HEARD - 0.01, scored(0.99, "scope:chat")) is Alarm.INSTEAD
    assert alarm(True, UNLIKELY, None) is Alarm.INSTEAD
    assert alarm(True, 0.0, None) is Alarm.BEFORE


@pytest.mark.model
def test_the_patterns_need_no_model(judged: Any) -> None:
    knowledge = judged(0.0)
    assert knowledge.danger("俺家着火了").matter == "fire"
    assert judged(HEARD).danger("俺家着火了", np.zeros(384, np.float32)).matter == "fire"


@pytest.mark.model
def test_a_pattern_that_the_model_is_sure_is_wrong_puts_the_numbers_beside_the_answer(judged: Any) -> None:
    knowledge = judged(UNLIKELY / 2)
    assert knowledge.danger("俺家着火了", np.zeros(384, np.float32)) is None
    assert "110" in knowledge.answer("俺家着火了").text


@pytest.mark.model
@pytest.mark.parametrize("text", ["110", "12348", "119火警", "hello there", "😀", "？", "{}", "/restart"])
def test_names_of_hotlines_and_other_scripts_are_not_judged(knowledge: Knowledge, text: str) -> None:
    assert knowledge.danger(text, knowledge.embed(text)) is None


@pytest.mark.model
def test_a_sure_model_gives_the_crisis_answer(judged: Any) -> None:
    answer = judged(CERTAIN).answer("申请法律援助要什么材料")
    assert (answer.status, answer.matter) == (Status.CRISIS, "fire")


@pytest.mark.model
def test_a_sure_model_without_a_clear_kind_gives_every_emergency_number(judged: Any) -> None:
    answer = judged(CERTAIN, None).answer("申请法律援助要什么材料")
    assert (answer.status, answer.reason) == (Status.CRISIS, "possible-danger")
    assert {"110", "120", "119", "12356"} <= {door.number for door in answer.routes}


@pytest.mark.model
def test_a_doubtful_model_puts_the_numbers_in_front_and_the_question_is_answered(judged: Any) -> None:
    text = "申请法律援助要什么材料"
    plain = judged(WHISPER - 0.01).answer(text)
    careful = judged(LIKELY).answer(text)
    assert plain.status is careful.status is Status.ANSWERED
    assert careful.text.endswith(plain.text)
    assert [door.number for door in careful.routes[:2]] == ["110", "120"]
    assert careful.citations == plain.citations


@pytest.mark.model
def test_an_unlikely_danger_in_a_plain_question_puts_the_numbers_behind_the_answer(judged: Any) -> None:
    text = "申请法律援助要什么材料"
    plain, careful = judged(0.0).answer(text), judged(HINT).answer(text)
    assert careful.text.startswith(plain.text)
    assert "110" in careful.text.removeprefix(plain.text)
    assert careful.routes[0] == plain.routes[0]
    assert {"110", "120"} <= {door.number for door in careful.routes}


@pytest.mark.model
def test_a_plain_question_is_answered_behind_the_numbers_unless_danger_is_certain(judged: Any) -> None:
    text = "申请法律援助要什么材料"
    knowledge = judged(CERTAIN - 0.01)
    assert knowledge.danger(text, knowledge.embed(text)) is None
    answer = knowledge.answer(text)
    assert answer.target == judged(0.0).answer(text).target
    assert starts_with_the_numbers(knowledge, answer)


@pytest.mark.model
def test_danger_that_only_the_model_hears_replaces_an_answer_that_is_a_guess(judged: Any) -> None:
    text = "他们把那个放在那边了"
    knowledge = judged(SURE)
    best = knowledge.search(text).targets[0]
    assert not best.ours or best.probability < PLAIN
    assert knowledge.danger(text, knowledge.embed(text)) is not None


@pytest.mark.model
def test_a_doubtful_model_and_no_answer_give_the_numbers_alone(judged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "阿里巴巴嘛哩嘛哩轰"
    knowledge = judged(0.0)
    monkeypatch.setattr(knowledge.release.searcher, "gate", Gate((0.0,) * len(EVIDENCE), -60.0))
    assert knowledge.answer(text).reason == "nothing-found"
    assert judged(HINT).answer(text).reason == "possible-danger"


@pytest.mark.model
def test_the_caution_of_the_third_net_is_not_said_twice(judged: Any) -> None:
    answer = judged(HINT).with_caution("申请法律援助要什么材料", 0.9)
    caution = answer.text.partition("\n")[0]
    assert answer.text.count(caution) == 1


@pytest.mark.model
def test_the_judgement_does_not_change_from_call_to_call(knowledge: Knowledge) -> None:
    vector = knowledge.embed(NEW_WORDS)
    form = searchable(NEW_WORDS)
    assert knowledge.release.danger.judge(form, vector) == knowledge.release.danger.judge(form, vector)
