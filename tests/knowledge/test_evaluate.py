"""The evaluation counts right: a hand-made set whose every number is known."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge.catalogue import (
    Basis,
    Catalogue,
    Channel,
    ContentError,
    Guide,
    RouteRef,
    Section,
    Statement,
    load_catalogue,
)
from knowledge.evaluate import floor, pictures
from knowledge.evaluate.golden import Golden, read_golden
from knowledge.evaluate.metrics import Rate, calibration, calibration_error, wilson
from knowledge.evaluate.outcome import Candidate, Outcome
from knowledge.evaluate.run import run
from knowledge.passages import Target
from knowledge.records import Answer, Citation, Route, Status

DAY = date(2026, 1, 2)


def guide(name: str, matter: str) -> Guide:
    statement = Statement(text="话", basis=(Basis(source="册", date="2026-01-01"),))
    section = Section(id="a", title="题", facet="what", statements=(statement,), questions=("甲", "乙"))
    refs = (RouteRef(door="12348", why="问"),)
    return Guide(id=name, title=name, matter=matter, confirmed=DAY, source="册", routes=refs, sections=(section,))


def card(name: str) -> Channel:
    return Channel(
        id=name,
        name=f"热线{name}",
        kind="hotline",
        number=name,
        handles="问",
        source="册",
        source_date="2026",
        confirmed=DAY,
    )


SHIPPED = load_catalogue()
CATALOGUE = Catalogue(
    documents=(),
    laws=(),
    channels=(card("12348"), card("12333")),
    guides=(
        guide("wages", "拖欠工资"),
        guide("divorce", "离婚"),
        guide("report-a", "年度报告"),
        guide("report-b", "年度报告"),
    ),
    scope=(),
    statuses=(),
    situations=(),
    proof_words=SHIPPED.proof_words,
    context=SHIPPED.context,
    legal_aid=SHIPPED.legal_aid,
    hours_words=SHIPPED.hours_words,
)


@dataclass(frozen=True)
class Gate:
    answer: float
    clarify: float


@dataclass(frozen=True)
class Offered:
    target: Target
    probability: float
    question: str


@dataclass(frozen=True)
class Found:
    targets: tuple[Offered, ...]


@dataclass(frozen=True)
class Given:
    """What the hand-made knowledge says to one question."""

    answer: Answer
    best: str
    probability: float


@dataclass(frozen=True)
class Searcher:
    gate: Gate = Gate(0.5, 0.25)


@dataclass(frozen=True)
class HandRelease:
    id: str = "r1"
    catalogue: Catalogue = CATALOGUE
    searcher: Searcher = Searcher()


@dataclass(frozen=True)
class NoModel:
    name: str = "none"
    digest: str = "0"


@dataclass(frozen=True)
class HandKnowledge:
    """Answers from a table: what the real knowledge would have found out."""

    table: dict[str, Given]
    release: HandRelease = field(default_factory=HandRelease)
    embedder: NoModel = field(default_factory=NoModel)

    def answer(self, text: str) -> Answer:
        return self.table[text].answer

    def search(self, text: str) -> Found:
        given = self.table[text]
        return Found((Offered(Target(given.best, ("问",), ()), given.probability, "问"),))


def said(
    status: str, matter: str | None = None, door: str = "12348", text: str = "", place: str | None = None
) -> Answer:
    citations = (Citation("报告", "一", None, "2022", "原话", True, None, place),) if place else ()
    way = Route("hotline", f"热线{door}", door, f"tel:{door}", "问", "册")
    return Answer(Status(status), status, text, citations, (way,), (), "r1", matter)


def row(q: str, kind: str, status: list[str], style: str = "standard", **more: list[str]) -> dict[str, Any]:
    return {"q": q, "style": style, "kind": kind, "status": status, **more}


# Each question with the answer it gets, the best target of search and its probability.
CASES: list[tuple[dict[str, Any], Given]] = [
    (
        row("工资不给", "legal", ["answered"], guides=["wages"], doors=["12333"]),
        Given(said("answered", "拖欠工资", "12333"), "guide:wages/a", 0.95),
    ),
    (
        row("过不下去<b>", "legal", ["answered"], "dialect", guides=["divorce"], doors=["12348"]),
        Given(said("answered", "拖欠工资", "12333"), "guide:wages/a", 0.55),
    ),
    (row("离不离", "legal", ["answered"], guides=["divorce"]), Given(said("clarify"), "guide:divorce/a", 0.35)),
    (
        row("离婚或危险", "legal", ["answered", "crisis"], guides=["divorce"]),
        Given(said("crisis"), "guide:divorce/a", 0.95),
    ),
    (
        row("几个所", "report", ["answered"], guides=["report-a"], figures=["41"]),
        Given(said("answered", text="有 41 个", place="report/1"), "guide:wages/a", 0.15),
    ),
    (
        row("几场", "report", ["answered"], guides=["report-b"], figures=["8"]),
        Given(said("answered", "年度报告", text="9 场"), "guide:report-b/a", 0.85),
    ),
    (
        row("能赢不", "legal", ["answered"], guides=["wages"], never=["保证赢"]),
        Given(said("answered", "拖欠工资", text="保证赢"), "guide:wages/a", 0.95),
    ),
    (row("修路灯", "unanswerable", ["unanswerable"]), Given(said("answered", "离婚"), "guide:divorce/a", 0.55)),
    (row("天气", "unanswerable", ["unanswerable"]), Given(said("unanswerable"), "scope:off", 0.65)),
    (
        row("判几年", "declined", ["unanswerable", "answered"], guides=["divorce"]),
        Given(said("answered", "离婚"), "guide:divorce/a", 0.85),
    ),
    (
        row("在吗我离婚", "legal", ["answered"], guides=["divorce"]),
        Given(replace(said("answered"), reason="greet"), "scope:greet", 0.95),
    ),
    (row("着火了", "crisis", ["crisis"]), Given(said("crisis"), "guide:wages/a", 0.3)),
    (row("要出人命", "crisis", ["crisis"]), Given(said("clarify"), "guide:wages/a", 0.3)),
    (row("气死我了", "nearmiss", ["answered"], guides=["wages"]), Given(said("crisis"), "guide:wages/a", 0.45)),
]
WRONG = ["过不下去&lt;b&gt;", "离不离", "几场", "能赢不", "修路灯", "在吗我离婚", "要出人命", "气死我了"]
RIGHT = ["工资不给", "离婚或危险", "几个所", "天气", "判几年", "着火了"]


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    folder = tmp_path / "golden"
    folder.mkdir()
    rows = [asked for asked, _ in CASES]
    (folder / "tiny.yml").write_text(yaml.safe_dump(rows, allow_unicode=True), encoding="utf-8")
    return folder


@pytest.fixture
def hand() -> Any:
    return HandKnowledge({asked["q"]: given for asked, given in CASES})


@pytest.fixture
def out(hand: Any, golden: Path, tmp_path: Path) -> Path:
    run(hand, [golden], tmp_path / "out", DAY)
    return tmp_path / "out"


@pytest.fixture
def numbers(out: Path) -> dict[str, Any]:
    return json.loads((out / "summary.json").read_text(encoding="utf-8"))["tiny"]


class TestWilson:
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    @pytest.mark.parametrize(
        ("hits", "of", "low", "high"),
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
    )
    def test_gives_published_intervals(self, hits: int, of: int, low: float, high: float) -> None:
        assert wilson(hits, of) == pytest.approx((low, high), abs=5e-5)

    def test_is_a_mirror(self) -> None:
        low, high = wilson(29, 29)
        assert (1 - high, 1 - low) == pytest.approx(wilson(0, 29))

    @pytest.mark.parametrize("of", range(1, 60))
    def test_holds_its_own_share(self, of: int) -> None:
        assert all(low <= hits / of <= high for hits in range(of + 1) for low, high in [wilson(hits, of)])

    def test_of_nothing_says_nothing(self) -> None:
        assert wilson(0, 0) == (0.0, 1.0)
        assert Rate(0, 0).share == 0.0


@pytest.mark.parametrize(
    ("measure", "hits", "of"),
    [
        ("good", 6, 14),
        ("status", 10, 14),
        ("matter", 5, 7),
        ("door", 1, 2),
        ("figures", 1, 2),
        ("never", 0, 1),
        ("answered", 6, 9),
        ("clarify", 1, 9),
        ("silence", 0, 9),
        ("false_answers", 1, 3),
        ("crisis", 1, 2),
        ("near_miss_flags", 1, 1),
        ("false_alarms", 1, 11),
    ],
)
def test_counts_by_hand(numbers: dict[str, Any], measure: str, hits: int, of: int) -> None:
    found = numbers["all"][measure]
    assert (found["hits"], found["of"]) == (hits, of)
    assert (found["low"], found["high"]) == pytest.approx(wilson(hits, of), abs=5e-5)


def test_splits_by_kind_and_style(numbers: dict[str, Any]) -> None:
    assert {kind: found["good"]["of"] for kind, found in numbers["by_kind"].items()} == {
        "crisis": 2,
        "declined": 1,
        "legal": 6,
        "nearmiss": 1,
        "report": 2,
        "unanswerable": 2,
    }
    assert numbers["by_style"]["dialect"]["good"]["hits"] == 0
    assert numbers["by_style"]["standard"]["good"]["of"] == 13
    assert "door" not in numbers["by_kind"]["report"]


def test_confusion_lists_what_was_wanted_and_given(numbers: dict[str, Any]) -> None:
    assert {(entry["wanted"], entry["given"], entry["count"]) for entry in numbers["confusion"]} == {
        ("guide:divorce", "guide:wages", 1),
        ("guide:divorce", "(clarify)", 1),
        ("guide:divorce", "talk:greet", 1),
        ("guide:wages", "(crisis)", 1),
    }


def outcome(probability: float, right: bool | None) -> Outcome:
    asked = Golden(q="问", style="standard", kind="legal", status=(Status.ANSWERED,))
    top = (Candidate("guide:wages/a", "guide:wages", probability, "问"),)
    return Outcome(asked, said("answered"), None, None, top, True, None, None, None, None, None, right)


class TestCalibration:
    def test_sets_promise_against_truth(self) -> None:
        bins = calibration([outcome(0.82, True), outcome(0.88, False), outcome(1.0, True), outcome(0.5, None)])
        assert [(item.start, item.came_true) for item in bins] == [(0.8, Rate(1, 2)), (0.9, Rate(1, 1))]
        assert bins[0].promised == pytest.approx(0.85)
        assert calibration_error(bins) == pytest.approx((2 * 0.35 + 1 * 0.0) / 3)

    def test_of_nothing_is_empty(self) -> None:
        assert calibration([]) == []
        assert calibration_error([]) == 0.0

    def test_leaves_danger_out_and_takes_scope_notes_as_right_for_what_we_decline(
        self, numbers: dict[str, Any]
    ) -> None:
        found = {
            entry["start"]: (entry["came_true"]["hits"], entry["came_true"]["of"]) for entry in numbers["calibration"]
        }
        assert found == {0.1: (0, 1), 0.3: (1, 1), 0.4: (1, 1), 0.5: (0, 2), 0.6: (1, 1), 0.8: (2, 2), 0.9: (3, 4)}


class TestFiles:
    def test_config_tells_what_was_measured(self, out: Path) -> None:
        assert json.loads((out / "config.json").read_text(encoding="utf-8")) == {
            "release": "r1",
            "model": "none",
            "model_digest": "0",
            "gate": {"answer": 0.5, "clarify": 0.25},
            "date": "2026-01-02",
            "questions": {"tiny": 14},
        }

    def test_rows_tell_what_was_given_and_why(self, out: Path) -> None:
        rows = [json.loads(line) for line in (out / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
        assert [entry["q"] for entry in rows] == [asked["q"] for asked, _ in CASES]
        assert rows[5]["given"]["matter"] == "guide:report-b"
        assert rows[5]["right"] == {
            "good": False,
            "status": True,
            "matter": True,
            "section": None,
            "door": None,
            "figures": False,
            "never": None,
        }
        assert rows[0]["top"] == [{"key": "guide:wages/a", "probability": 0.95, "question": "问"}]

    def test_page_lists_every_wrong_answer_and_no_right_one(self, out: Path) -> None:
        html = (out / "report.html").read_text(encoding="utf-8")
        assert [text for text in WRONG if f"<td>{text}</td>" not in html] == []
        assert [text for text in RIGHT if f"<td>{text}</td>" in html] == []

    def test_page_needs_no_other_file(self, out: Path) -> None:
        html = (out / "report.html").read_text(encoding="utf-8")
        assert html.count("<img") == html.count('src="data:image/png;base64,') == 2
        assert "http" not in html
        assert "<script" not in html

    def test_the_same_run_gives_the_same_files(self, hand: Any, golden: Path, out: Path, tmp_path: Path) -> None:
        run(hand, [golden], tmp_path / "again", DAY)
        names = sorted(path.name for path in out.iterdir())
        assert names == ["calibration.png", "config.json", "confusion.png", "report.html", "rows.jsonl", "summary.json"]
        assert [name for name in names if (out / name).read_bytes() != (tmp_path / "again" / name).read_bytes()] == []

    def test_without_matplotlib_pictures_are_skipped_and_old_ones_go(
        self, hand: Any, golden: Path, out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pictures, "find_spec", lambda name: None)
        table = run(hand, [golden], out, DAY)
        assert table.endswith(pictures.MISSING)
        assert list(out.glob("*.png")) == []
        assert "<img" not in (out / "report.html").read_text(encoding="utf-8")

    def test_table_for_the_terminal_has_the_numbers(self, hand: Any, golden: Path, tmp_path: Path) -> None:
        lines = run(hand, [golden], tmp_path / "out", DAY).splitlines()
        assert lines[0].split() == ["tiny"]
        assert lines[1].split() == ["good", "6/14", "42.9", "[21.4,", "67.4]"]
        assert any(line.split()[:2] == ["false_answers", "(low)"] for line in lines)

    def test_pictures_are_drawn_when_nothing_is_wrong(self, hand: Any, tmp_path: Path) -> None:
        folder = tmp_path / "fine"
        folder.mkdir()
        (folder / "fine.yml").write_text(yaml.safe_dump([CASES[0][0]], allow_unicode=True), encoding="utf-8")
        run(hand, [folder], tmp_path / "out", DAY)
        assert (tmp_path / "out" / "confusion.png").read_bytes().startswith(b"\x89PNG")


class TestGolden:
    def test_a_fault_names_file_and_line(self, tmp_path: Path) -> None:
        (tmp_path / "bad.yml").write_text('- q: "甲"\n  style: sung\n  kind: legal\n  status: [answered]\n', "utf-8")
        with pytest.raises(ContentError, match=r"bad\.yml:2: .*style"):
            read_golden(tmp_path)

    def test_an_empty_folder_is_a_fault(self, tmp_path: Path) -> None:
        with pytest.raises(ContentError, match="no golden questions"):
            read_golden(tmp_path)


class TestFloor:
    def test_lies_half_an_interval_below(self, numbers: dict[str, Any]) -> None:
        floors = floor.floors_from({"tiny": numbers})["tiny"]
        low, high = wilson(6, 14)
        assert floors["good"] == {"at_least": pytest.approx(6 / 14 - (high - low) / 2, abs=1e-4)}
        low, high = wilson(1, 3)
        assert floors["false_answers"] == {"at_most": pytest.approx(1 / 3 + (high - low) / 2, abs=1e-4)}

    def test_word_lists_have_no_noise(self, numbers: dict[str, Any]) -> None:
        floors = floor.floors_from({"tiny": numbers})["tiny"]
        assert floors["crisis"] == {"at_least": 0.5}
        assert floors["near_miss_flags"] == {"at_most": 1.0}

    def test_holds_for_the_numbers_it_came_from(self, numbers: dict[str, Any]) -> None:
        assert floor.faults(numbers["all"], floor.floors_from({"tiny": numbers})["tiny"]) == []

    @pytest.mark.parametrize(
        ("name", "bound", "share", "word"),
        [("crisis", "at_least", 0.99, "at_least 1.0000"), ("silence", "at_most", 0.2, "at_most 0.1000")],
    )
    def test_tells_what_got_worse(self, name: str, bound: str, share: float, word: str) -> None:
        limit = {"at_least": 1.0, "at_most": 0.1}[bound]
        (fault,) = floor.faults({name: {"share": share}}, {name: {bound: limit}})
        assert fault == f"{name}: {share:.4f}, but {word} is wanted"

    def test_a_measure_that_is_gone_is_a_fault(self) -> None:
        assert floor.faults({}, {"good": {"at_least": 0.5}}) == ["good: no longer measured"]

    def test_command_writes_the_file(self, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        target = tmp_path / "floor.json"
        monkeypatch.setattr("sys.argv", ["floor", str(out), str(target)])
        assert floor.main() == 0
        assert json.loads(target.read_text(encoding="utf-8"))["tiny"]["crisis"] == {"at_least": 0.5}

    def test_command_says_what_is_missing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("sys.argv", ["floor", str(tmp_path), str(tmp_path / "floor.json")])
        assert floor.main() == 1
        assert "run `python -m knowledge evaluate` first" in capsys.readouterr().err
