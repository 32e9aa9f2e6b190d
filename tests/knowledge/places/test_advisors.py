"""The directory of advisors: what the command imports, what it refuses and why, and what residents are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from knowledge.answer import Knowledge, unsupported_numbers
from knowledge.catalogue import CONTENT, Catalogue, load_catalogue
from knowledge.passages import Citer, document_passages, routes
from knowledge.places.advisor_answers import AdvisorAnswers
from knowledge.places.advisor_columns import field_of
from knowledge.places.advisor_import import import_advisors
from knowledge.places.advisors import Advisors
from knowledge.places.divisions import Place
from knowledge.places.find import Places, shipped_places
from knowledge.records import Answer, Status
from knowledge.release import Release
from tests.knowledge.places.directories import FAULTY, HEADER, SIMPLE
from tests.knowledge.proof_lists import Cells, write_csv, write_xlsx
from tests.knowledge.small import CommandLine, LetterEmbedder

TITLE, ISSUER = "某区村（居）法律顾问名册", "某区司法局"
TODAY = date(2026, 11, 25)


@pytest.fixture(scope="module")
def places() -> Places:
    return shipped_places()


def village(label: str) -> Place:
    return next(place for place in shipped_places().divisions.villages if place.label == label)


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


class TestImporting:
    """``python -m knowledge import advisors``."""

    def run(self, command: CommandLine, path: Path, *more: str) -> tuple[int, str]:
        return command(
            "import", "advisors", path, "--title", TITLE, "--issuer", ISSUER, "--published", "2024-01-02", *more
        )

    def test_tells_what_it_did(self, command: CommandLine, tmp_path: Path) -> None:
        code, told = self.run(command, write_xlsx(tmp_path / "a.xlsx", SIMPLE))
        assert code == 0
        assert "4 行 / rows" in told
        assert "新增 / added: 4（水冶镇东街社区：甲某某、曲沟镇四盘磨村：乙某某、" in told
        assert "第 7 行 / row 7: 合计行，跳过" in told
        assert "第 6 行 / row 6: 没有电话，照收" in told
        assert "5 个村（社区）有了法律顾问" in told
        assert f"{TITLE}（{ISSUER}，2024-01-02）  4 行 / rows" in command("import", "list")[1]

    @pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8-sig", ","), ("gb18030", ","), ("utf-8", "\t")])
    def test_csv(self, command: CommandLine, tmp_path: Path, encoding: str, delimiter: str) -> None:
        assert self.run(command, write_csv(tmp_path / "a.csv", SIMPLE, encoding, delimiter))[0] == 0
        (directory,) = load_catalogue(CONTENT, command.data / "imported").advisor_lists
        assert [entry.phones for entry in directory.entries] == [
            ("13900000001",),
            ("0372-0000002",),
            ("13900000003",),
            (),
        ]

    def test_again_replaces_and_tells_what_changed(self, command: CommandLine, tmp_path: Path) -> None:
        self.run(command, write_xlsx(tmp_path / "a.xlsx", SIMPLE))
        rows = [list(row) for row in SIMPLE]
        rows[2][6] = "13900000009"
        del rows[5]
        code, told = self.run(command, write_xlsx(tmp_path / "a.xlsx", rows))
        assert code == 0
        assert "改动 / changed: 1（水冶镇东街社区：甲某某）" in told
        assert "删去 / removed: 1（西郊乡小屯村：丁某某）" in told

    @pytest.mark.parametrize(("row", "why"), FAULTY, ids=[why for _, why in FAULTY])
    def test_a_faulty_row_is_told_and_the_others_are_taken(
        self, row: list[object], why: str, command: CommandLine, tmp_path: Path
    ) -> None:
        code, told = self.run(command, write_xlsx(tmp_path / "a.xlsx", [*SIMPLE[:4], row]))
        assert code == 0
        assert "2 行 / rows" in told
        (refused,) = [line for line in told.splitlines() if "没收 / refused" in line]
        assert "第 5 行 / row 5: " in refused
        assert why in refused

    def test_duplicates_are_told_with_the_first_row(self, command: CommandLine, tmp_path: Path) -> None:
        told = self.run(command, write_xlsx(tmp_path / "a.xlsx", [*SIMPLE[:4], SIMPLE[2]]))[1]
        assert "第 5 行 / row 5: 重复：甲某某在水冶镇东街社区已经有了（第 3 行 / row 3）" in told

    def test_only_faulty_rows_change_nothing(self, command: CommandLine, tmp_path: Path) -> None:
        self.run(command, write_xlsx(tmp_path / "a.xlsx", SIMPLE))
        before = [path.read_bytes() for path in (command.data / "imported").iterdir()]
        code, told = self.run(command, write_xlsx(tmp_path / "a.xlsx", [HEADER, *(row for row, _ in FAULTY)]))
        assert code == 1
        assert "没有一行能导入" in told
        assert all(why in told for _, why in FAULTY)
        assert [path.read_bytes() for path in (command.data / "imported").iterdir()] == before

    def test_unknown_header(self, command: CommandLine, tmp_path: Path) -> None:
        code, told = self.run(command, write_xlsx(tmp_path / "a.xlsx", [["甲", "乙"], ["丙", "丁"]]))
        assert (code, "认不出表头" in told, "甲 | 乙" in told) == (1, True, True)

    @pytest.mark.parametrize(
        ("name", "value", "why"),
        [("--published", "2024/1/2", "--published 要写成"), ("--confirmed", "去年", "--confirmed 要写成")],
    )
    def test_bad_words(self, command: CommandLine, tmp_path: Path, name: str, value: str, why: str) -> None:
        code, told = self.run(command, write_xlsx(tmp_path / "a.xlsx", SIMPLE), name, value)
        assert (code, why in told) == (1, True)


class TestRows:
    """What a row says."""

    def entries(self, folder: Path, cells: Cells, merged: tuple[str, ...] = (), csv: bool = False) -> list[object]:
        path = write_csv(folder / "a.csv", cells) if csv else write_xlsx(folder / "a.xlsx", cells, merged)
        import_advisors(path, folder / "in", shipped_places(), TITLE, ISSUER, date(2024, 1, 2), today=TODAY)
        (directory,) = load_catalogue(CONTENT, folder / "in").advisor_lists
        labels = shipped_places().code
        return [
            (entry.name, [labels[code].label for code in entry.villages], str(entry.confirmed))
            for entry in directory.entries
        ]

    def test_villages_days_and_phones(self, tmp_path: Path) -> None:
        assert self.entries(tmp_path, SIMPLE) == [
            ("甲某某", ["水冶镇东街社区"], "2026-10-01"),
            ("乙某某", ["曲沟镇四盘磨村"], "2026-10-01"),
            ("丙某某", ["纱厂路街道大司空村", "纱厂路街道新村社区"], "2024-03-05"),
            ("丁某某", ["西郊乡小屯村"], "2024-01-02"),
        ]

    def test_codes(self, tmp_path: Path) -> None:
        cells: Cells = [
            ["统计代码", "顾问", "电话"],
            ["410505101006", "甲某某", "13900000001"],
            [410505100202, "乙某某", "13900000002"],
        ]
        assert [row[1] for row in self.entries(tmp_path, cells)] == [["水冶镇东街社区"], ["曲沟镇四盘磨村"]]  # type: ignore[index]

    def test_code_and_name_must_agree(self, tmp_path: Path) -> None:
        cells: Cells = [
            ["代码", "村名", "姓名"],
            ["410505101006", "东街社区", "甲某某"],
            ["410505101006", "北街", "乙某某"],
        ]
        path = write_xlsx(tmp_path / "a.xlsx", cells)
        report = import_advisors(path, tmp_path / "in", shipped_places(), TITLE, ISSUER, date(2024, 1, 2))
        assert report.total == 1
        assert report.refused == (
            "第 3 行 / row 3: 代码和村名对不上：代码是水冶镇东街社区，写的是北街 / code and name differ",
        )

    def test_merged_towns(self, tmp_path: Path) -> None:
        cells: Cells = [
            ["乡镇", "村", "律师"],
            ["水冶镇", "东街社区", "甲某某"],
            [None, "北街", "乙某某"],
        ]
        want = [["水冶镇东街社区"], ["水冶镇北街社区"]]
        assert [row[1] for row in self.entries(tmp_path, cells, ("A2:A3",))] == want  # type: ignore[index]
        assert [row[1] for row in self.entries(tmp_path, cells, csv=True)] == want  # type: ignore[index]

    def test_columns_that_are_not_understood_are_not_kept(self, tmp_path: Path) -> None:
        cells: Cells = [
            ["村", "姓名", "身份证号"],
            ["水冶镇大司空", "甲某某", "0"],
            ["孝民屯", "甲某某", "110101199001011234"],
        ]
        path = write_xlsx(tmp_path / "a.xlsx", cells)
        report = import_advisors(path, tmp_path / "in", shipped_places(), TITLE, ISSUER, date(2024, 1, 2))
        assert any("身份证号" in note for note in report.notes)
        assert "110101199001011234" not in next((tmp_path / "in").iterdir()).read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("label", "field"),
        [
            ("村（社区）名称", "villages"),
            ("服务村（居）", "villages"),
            ("行政村", "villages"),
            ("所属乡镇（街道）", "town"),
            ("镇街", "town"),
            ("村（居）法律顾问", "name"),
            ("律师姓名", "name"),
            ("姓 名", "name"),
            ("执业机构", "office"),
            ("所在律师事务所", "office"),
            ("手机号码", "phones"),
            ("联系方式", "phones"),
            ("更新时间", "confirmed"),
            ("区划代码", "code"),
            ("备注", None),
            ("身份证号", None),
        ],
    )
    def test_names_of_columns(self, label: str, field: str | None) -> None:
        assert field_of(label) == field


# --- answering -------------------------------------------------------------------------------------------------------


class Asked:
    """Asks the imported directories alone."""

    def __init__(self, imported: Path | None, today: date = TODAY) -> None:
        self.catalogue: Catalogue = load_catalogue(CONTENT, imported)
        citer = Citer(self.catalogue, document_passages(self.catalogue, CONTENT))
        self.places = shipped_places()
        self.advisors = Advisors(self.catalogue.advisor_lists)
        self.answers = AdvisorAnswers(self.places, self.advisors, self.catalogue, citer, self._status, lambda: today)

    def _status(self, reason: str) -> Answer:
        row = self.catalogue.status[reason]
        return Answer(Status(row.status), reason, row.text, (), routes(self.catalogue, row.routes), row.follow_ups)

    def __call__(self, said: str) -> Answer:
        answer = self.answers.answer(self.places.find(said, expected=True))
        assert unsupported_numbers(answer) == [], said
        assert "{" not in answer.text, said
        assert answer.routes, said
        return answer


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("advisors")
    path = write_xlsx(folder / "a.xlsx", SIMPLE)
    import_advisors(path, folder / "in", shipped_places(), TITLE, ISSUER, date(2024, 1, 2), "某区政府网", today=TODAY)
    return folder / "in"


@pytest.fixture(scope="module")
def asked(imported: Path) -> Asked:
    return Asked(imported)


@pytest.fixture(scope="module")
def nothing() -> Asked:
    return Asked(None)


class TestAnswers:
    def test_card(self, asked: Asked) -> None:
        answer = asked("俺是水冶东街嘞")
        assert (answer.status, answer.reason) == (Status.ANSWERED, "advisor-card")
        assert "甲某某（律师，某某律师事务所），电话 13900000001。2026-10-01 核对。" in answer.text
        door = answer.routes[0]
        assert (door.kind, door.number, door.link) == ("advisor", "13900000001", "tel:13900000001")
        assert "最近核对 2026-10-01" in door.basis
        (citation,) = answer.citations
        assert (citation.document, citation.issuer, citation.section) == (TITLE, ISSUER, "第 3 行")
        assert citation.note == "2026-10-01 核对；某区政府网"

    def test_stale(self, asked: Asked) -> None:
        answer = asked("大司空村")
        assert answer.reason == "advisor-stale"
        assert "2024-03-05" in answer.text
        assert answer.routes[0].number == "13900000003"

    def test_days_until_stale(self, imported: Path) -> None:
        (advisor,) = Asked(imported).advisors.advisors_of(village("水冶镇东街社区").code)
        assert not advisor.stale(date(2027, 10, 1))
        assert advisor.stale(date(2027, 10, 2))
        assert advisor.stale(TODAY, days=10)

    def test_without_a_number(self, asked: Asked) -> None:
        answer = asked("西郊小屯")
        assert "丁某某，名册没有写电话" in answer.text
        assert (answer.routes[0].number, answer.routes[0].link) == (None, None)

    def test_not_in_the_directory(self, asked: Asked) -> None:
        answer = asked("磊口乡泉门村")
        assert (answer.status, answer.reason) == (Status.UNANSWERABLE, "advisor-not-listed")
        assert "磊口乡泉门村" in answer.text
        assert "去磊口乡的司法所问" in answer.text
        assert answer.citations

    def test_no_directory(self, nothing: Asked) -> None:
        answer = nothing("俺是水冶东街嘞")
        assert (answer.status, answer.reason) == (Status.UNANSWERABLE, "advisor-not-loaded")
        assert "去水冶镇的司法所问" in answer.text
        assert {"12348"} == {door.number for door in answer.routes if door.number}
        assert "您那里的顾问" in nothing.answers.not_loaded().text

    def test_outside(self, asked: Asked, nothing: Asked) -> None:
        for each in (asked, nothing):
            answer = each("俺是林州嘞")
            assert answer.reason == "advisor-outside"
            assert answer.text.startswith("安阳市林州市不在殷都区")
            assert answer.routes[0].number == "12348"

    def test_the_former_county_is_asked_back(self, asked: Asked) -> None:
        assert asked("俺是安阳县嘞").reason == "advisor-former-county"
        assert asked("安阳县曲沟镇四盘磨").reason == "advisor-card"

    def test_town(self, asked: Asked) -> None:
        answer = asked("磊口乡")
        assert (answer.status, answer.reason) == (Status.CLARIFY, "advisor-town")
        assert asked("清风街道").follow_ups[0] == "清风街街道 安彩社区"

    @pytest.mark.parametrize("said", ["四盘磨", "果园", "东街", "东北街", "李珍", "水冶", "西蒋", "新村", "后街"])
    def test_namesakes_are_asked_back_and_each_choice_leads_on(self, said: str, asked: Asked, nothing: Asked) -> None:
        for each in (asked, nothing):
            answer = each(said)
            assert answer.reason == "advisor-which"
            assert len(answer.follow_ups) > 1
            for choice in answer.follow_ups:
                assert each(choice).reason not in ("advisor-which", "advisor-guess", "advisor-where")

    def test_a_guess_is_asked_back(self, asked: Asked) -> None:
        answer = asked("卜局头")
        assert (answer.reason, answer.follow_ups) == ("advisor-guess", ("磊口乡 卜居头村",))

    def test_nothing_understood(self, asked: Asked) -> None:
        assert asked("不知道").reason == "advisor-where"

    def test_every_place_has_an_answer(self, asked: Asked) -> None:
        for place in asked.places.code.values():
            answer = asked.answers.of(place)
            assert unsupported_numbers(answer) == [], place
            assert "{" not in answer.text, place

    def test_every(self, asked: Asked) -> None:
        keys = [key for key, _ in asked.answers.every()]
        assert len(keys) == 5


def test_the_newest_directory_of_a_village_stands(tmp_path: Path) -> None:
    older: Cells = [HEADER, [1, "水冶镇", "东街社区", "戊某某", None, None, "13900000008", "2020-01-01"]]
    for cells, title, day in ((older, "旧名册", date(2020, 1, 2)), (SIMPLE, TITLE, date(2024, 1, 2))):
        path = write_xlsx(tmp_path / "a.xlsx", cells)
        import_advisors(path, tmp_path / "in", shipped_places(), title, ISSUER, day, today=TODAY)
    advisors = Advisors(load_catalogue(CONTENT, tmp_path / "in").advisor_lists)
    found = advisors.advisors_of(village("水冶镇东街社区").code)
    assert [item.entry.name for item in found] == ["甲某某"]


def test_a_damaged_directory_is_told(imported: Path, tmp_path: Path) -> None:
    from knowledge.imported import read_imported
    from knowledge.schema import ContentError

    path = next(imported.iterdir())
    (tmp_path / path.name).write_text(path.read_text(encoding="utf-8").replace("13900000001", "x"), encoding="utf-8")
    with pytest.raises(ContentError, match="文件损坏"):
        read_imported(tmp_path)


def test_knowledge_holds_places_and_directories(small_release: Release, imported: Path) -> None:
    lists = load_catalogue(CONTENT, imported).advisor_lists
    catalogue = small_release.catalogue.model_copy(update={"advisor_lists": lists})
    known = Knowledge(replace(small_release, catalogue=catalogue), LetterEmbedder(), lambda: TODAY, 10)
    answer = known.advisor_answers.answer(known.places.find("水冶东街", expected=True))
    assert (answer.reason, answer.release) == ("advisor-stale", small_release.id)
    assert {key.partition(":")[0] for key, _ in known.every_answer()} >= {"advisor"}
    assert known.advisors.advisors_of(village("水冶镇东街社区").code)
