"""Danger now is never missed on the lists, questions and stories stay unflagged, and the doors are right."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge.crisis import (
    CRISIS_FILE,
    EMERGENCY,
    CrisisContentError,
    CrisisDetector,
    CrisisMatch,
    load_content,
)

CASES: dict[str, Any] = yaml.safe_load(CRISIS_FILE.with_name("danger_cases.yml").read_text(encoding="utf-8"))
# The other lists are for the model alone.
LISTS = ["first", "second", "third", "fourth", "fifth", "sixth"]


@pytest.fixture(scope="module")
def detector() -> CrisisDetector:
    return CrisisDetector.from_file()


def present(name: str) -> list[tuple[str, str]]:
    return [(kind, text) for kind, texts in CASES[name]["present"].items() for text in texts]


def test_the_lists_are_as_long_as_promised() -> None:
    assert len(present("first")) >= 80
    assert len(CASES["first"]["near_misses"]) >= 80
    everything = [text for name in LISTS for _, text in present(name)]
    everything += [text for name in LISTS for text in CASES[name]["near_misses"]]
    assert len(everything) == len(set(everything))


@pytest.mark.parametrize("name", LISTS)
def test_no_danger_is_missed(detector: CrisisDetector, name: str) -> None:
    assert [text for _, text in present(name) if detector.detect(text) is None] == []


@pytest.mark.parametrize("name", LISTS)
def test_near_misses_are_not_flagged(detector: CrisisDetector, name: str) -> None:
    flagged = [text for text in CASES[name]["near_misses"] if detector.detect(text)]
    assert len(flagged) <= 2, flagged


def test_the_kind_is_right(detector: CrisisDetector) -> None:
    cases = [case for name in LISTS for case in present(name)]
    wrong = [(kind, text) for kind, text in cases if (match := detector.detect(text)) and match.kind != kind]
    assert len(wrong) <= 0.05 * len(cases), wrong


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("我爸打我，救命", "violence"),
        ("著火了", "fire"),
        ("著 火 了!!!", "fire"),
        ("我 不 想 活 了", "suicide"),
        ("不想活嘞。。。", "suicide"),
        ("闻到媒气味头晕", "fire"),
        ("去年他打过我,现在他又拿刀堵在门口", "violence"),
        ("以前就想自杀,现在站在楼顶要跳了", "suicide"),
        ("我不想活了,我死了欠的债要不要孩子还?怎么起诉?", "suicide"),
        ("他正在打我,这算不算家暴?", "violence"),
        ("HELP HE IS HITTING ME", "violence"),
        ("气死我了,他正拿刀砍我", "violence"),
        ("刚被骗了三万,能起诉吗", "scam_now"),
    ],
)
def test_a_present_danger_wins_over_form_and_question(detector: CrisisDetector, text: str, kind: str) -> None:
    match = detector.detect(text)
    assert match is not None
    assert match.kind == kind


@pytest.mark.parametrize("text", ["", " ", "你好", "？", "法律援助热线电话是多少?", "12348", "\u0000\u200b", "😀😀"])
def test_nothing_is_found_in_nothing(detector: CrisisDetector, text: str) -> None:
    assert detector.detect(text) is None


def test_a_match_tells_what_decided(detector: CrisisDetector) -> None:
    assert detector.detect("俺家着火嘞") == CrisisMatch("fire", "家着火")


def test_doors_begin_with_an_emergency_number_and_texts_name_only_doors(detector: CrisisDetector) -> None:
    kinds = load_content().kinds
    assert {row.kind for row in kinds} >= {"violence", "suicide", "fire", "injury", "scam_now", "missing"}
    for row in kinds:
        assert row.doors[0] in EMERGENCY
        numbers = re.findall(r"\d{3,}", row.text)
        assert set(numbers) == set(row.doors)
        assert numbers[0] == row.doors[0]
        assert detector.row(row.kind) == row
        assert "96110" not in row.doors[:1]
    assert detector.row("suicide").doors.index("12356") == 2


def test_every_door_is_a_known_channel() -> None:
    hotlines = Path(__file__).parents[3] / "shared" / "facts" / "hotlines.csv"
    if not hotlines.exists():
        pytest.skip("the list of hotlines is not here")
    known = {line.split(",")[0] for line in hotlines.read_text(encoding="utf-8").splitlines()}
    assert {door for row in load_content().kinds for door in row.doors} <= known


def test_only_the_head_and_the_tail_are_looked_at(detector: CrisisDetector) -> None:
    filler = "您好" * 5000
    assert detector.detect(f"着火了{filler}") is not None
    assert detector.detect(f"{filler}着火了") is not None
    assert detector.detect(f"{filler}着火了{filler}") is None


@pytest.mark.parametrize(
    "pattern", ["打", "打我", "拿着", "去年打我现在", "安全账", "孩子", "a ", "1", "我的", "\u0301", "他说"]
)
def test_hostile_input_takes_bounded_time(detector: CrisisDetector, pattern: str) -> None:
    text = (pattern * 100_000)[:100_000]
    started = time.process_time()
    detector.detect(text)
    assert time.process_time() - started < 3


# --- the yml is checked ---


def broken(tmp_path: Path, change: Any) -> Path:
    data = yaml.safe_load(CRISIS_FILE.read_text(encoding="utf-8"))
    change(data)
    path = tmp_path / "crisis.yml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda data: data["kinds"][0].update(doors=["12356"]), "kinds.0"),
        (lambda data: data["kinds"][0].update(text="打 12345"), "kinds.0"),
        (lambda data: data["kinds"][0].update(colour="red"), "kinds.0.colour"),
        (lambda data: data["kinds"][1]["present"].append("打.*我"), "kinds.1.present"),
        (lambda data: data["signs"].pop("past"), "signs.past"),
        (lambda data: data["kinds"][0]["danger"].append("(打"), "fire.danger"),
        (lambda data: data["kinds"][0]["danger"].append("{nobody}"), "fire.danger"),
    ],
)
def test_faults_in_the_yml_name_file_and_key(tmp_path: Path, change: Any, names: str) -> None:
    with pytest.raises(CrisisContentError, match=re.escape(names)) as caught:
        CrisisDetector.from_file(broken(tmp_path, change))
    assert "crisis.yml" in str(caught.value)


def test_broken_yaml_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "crisis.yml"
    path.write_text("kinds: [", encoding="utf-8")
    with pytest.raises(CrisisContentError, match=r"crisis\.yml"):
        load_content(path)
