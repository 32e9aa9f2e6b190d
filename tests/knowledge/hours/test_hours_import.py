"""``python -m knowledge import hours | holidays``: what is taken, what is refused and why, row by row."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from knowledge.catalogue import CONTENT, Catalogue, load_catalogue
from knowledge.hours.holiday_import import import_holidays
from knowledge.hours.hours_import import import_hours
from knowledge.importing import ImportReport
from knowledge.sources.files import ImportRefused
from tests.knowledge.small import CommandLine

TODAY = date(2026, 11, 25)
HEADER = ["去处", "星期", "开始", "结束", "节假日", "来源", "核对日期"]
GOOD = ["0372-5139017", "周一至周五", "8:30", "12:00", "休息", "门口的牌子", "2026-11-20"]
LATER = ["0372-5139017", "1-5", "14点半", "18:00", "休息", "门口的牌子", "2026/11/21"]
OTHER = ["12348", "每天", "0:00", "24:00", "照常", "电话里问的", "2026年11月1日"]


def write(path: Path, *rows: list[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def imported(tmp_path: Path, catalogue: Catalogue, *rows: list[str]) -> ImportReport:
    return import_hours(write(tmp_path / "hours.csv", HEADER, *rows), tmp_path / "in", catalogue, TODAY)


def test_rows_become_the_hours_of_doors(tmp_path: Path, catalogue: Catalogue) -> None:
    report = imported(tmp_path, catalogue, GOOD, LATER, OTHER)
    assert (report.total, report.refused, report.changes.added) == (2, (), ("0372-5139017", "12348"))
    read = load_catalogue(CONTENT, tmp_path / "in")
    hours = read.hours_of("0372-5139017")
    assert hours is not None
    assert hours.on(0) == ((510, 720), (870, 1080))
    assert hours.on(5) == ()
    # The older of two days: nobody confirmed all of it later.
    assert (hours.holidays, hours.confirmed) == ("closed", date(2026, 11, 20))
    assert read.hours_of("court") is None


def test_importing_again_replaces_and_tells_what_changed(tmp_path: Path, catalogue: Catalogue) -> None:
    imported(tmp_path, catalogue, GOOD, OTHER)
    report = imported(tmp_path, catalogue, LATER)
    assert (report.changes.changed, report.changes.removed) == (("0372-5139017",), ("12348",))


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        (0, "没有的单位", "渠道卡里没有“没有的单位”"),
        (1, "星期八", "看不懂星期"),
        (1, "", "“星期”空着"),
        (2, "早上", "不是时间"),
        (2, "8:75", "不是时间"),
        (3, "8:00", "开始时间要早于结束时间"),
        (3, "25:00", "不是时间"),
        (4, "看情况", "“节假日”要写 休息 或 照常"),
        (5, "", "“来源”空着"),
        (6, "去年", "不是日期"),
        (6, "2026-02-30", "不是日期"),
        (6, "2026-12-01", "核对日期还没到"),
    ],
)
def test_a_bad_row_is_refused_with_its_number(
    tmp_path: Path, catalogue: Catalogue, column: int, value: str, why: str
) -> None:
    report = imported(tmp_path, catalogue, OTHER, [*GOOD[:column], value, *GOOD[column + 1 :]])
    assert report.total == 1
    assert len(report.refused) == 1
    assert report.refused[0].startswith("第 3 行 / row 3: ")
    assert why in report.refused[0]


DATED = [*HEADER, "有效期起", "有效期至"]


def test_a_door_may_say_from_when_and_until_when(tmp_path: Path, catalogue: Catalogue) -> None:
    rows = [[*GOOD, "2026-06-01", "2026年9月30日"], [*LATER, "2026-06-01", "2026-9-30"], [*OTHER, "", "长期"]]
    report = import_hours(write(tmp_path / "hours.csv", DATED, *rows), tmp_path / "in", catalogue, TODAY)
    assert (report.total, report.refused) == (2, ())
    read = load_catalogue(CONTENT, tmp_path / "in")
    summer, always = read.hours_of("0372-5139017"), read.hours_of("12348")
    assert summer is not None
    assert always is not None
    assert (summer.valid_from, summer.valid_until) == (date(2026, 6, 1), date(2026, 9, 30))
    assert (always.valid_from, always.valid_until) == (None, None)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([[*GOOD, "2027-01-01", "2026-01-01"]], "反了"),
        ([[*GOOD, "夏天", ""]], "不是日期"),
        ([[*GOOD, "", "2026-12-31"], [*LATER, "", ""]], "各行的有效期写得不一样"),
    ],
)
def test_bad_dates_of_a_door_are_refused(tmp_path: Path, catalogue: Catalogue, rows: list[list[str]], why: str) -> None:
    given = write(tmp_path / "hours.csv", DATED, [*OTHER, "", ""], *rows)
    report = import_hours(given, tmp_path / "in", catalogue, TODAY)
    assert report.total == 1
    assert len(report.refused) == len(rows)
    assert all(why in line for line in report.refused)


def test_half_the_hours_of_a_door_are_not_taken(tmp_path: Path, catalogue: Catalogue) -> None:
    report = imported(tmp_path, catalogue, GOOD, [*LATER[:2], "下午", *LATER[3:]], OTHER)
    assert report.total == 1
    assert report.refused[0].startswith("第 3 行 / row 3: 不是时间")
    assert report.refused[1].startswith("第 2 行 / row 2: “0372-5139017”别的行有错")


def test_rows_that_contradict_each_other_are_refused(tmp_path: Path, catalogue: Catalogue) -> None:
    overlap = [*GOOD[:2], "11:00", "13:00", *GOOD[4:]]
    assert "重叠" in imported(tmp_path, catalogue, GOOD, overlap, OTHER).refused[0]
    differs = [*LATER[:4], "照常", *LATER[5:]]
    assert "写得不一样" in imported(tmp_path, catalogue, GOOD, differs, OTHER).refused[0]


def test_nothing_is_changed_when_nothing_can_be_taken(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(ImportRefused, match="没有一行能导入"):
        imported(tmp_path, catalogue, [*GOOD[:2], "早", *GOOD[3:]])
    with pytest.raises(ImportRefused, match="认不出表头"):
        import_hours(write(tmp_path / "odd.csv", ["甲", "乙"], ["1", "2"]), tmp_path / "in", catalogue, TODAY)
    assert not (tmp_path / "in").exists()


DAYS = ["日期", "结束日期", "安排", "节日"]


def test_holidays_are_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    path = write(
        tmp_path / "days.csv",
        DAYS,
        ["2031-10-01", "2031-10-07", "放假", "国庆节"],
        ["2031-10-11", "", "上班", "国庆节"],
    )
    report = import_holidays(path, tmp_path / "in", "某通知")
    assert report.total == 8
    assert "2031 年只按这张表算" in report.notes[0]
    (table,) = load_catalogue(CONTENT, tmp_path / "in").holiday_tables
    assert [day.off for day in table.days] == [True] * 7 + [False]
    for row, why in (
        (["2031-10-01", "2031-09-07", "放假", "国庆节"], "结束日期要在开始日期之后"),
        (["2031-10-01", "", "不知道", "国庆节"], "“安排”要写"),
        (["十月一", "", "放假", "国庆节"], "不是日期"),
    ):
        with pytest.raises(ImportRefused, match="什么都没导入") as told:
            import_holidays(write(path, DAYS, row), tmp_path / "in", "某通知")
        assert f"第 2 行 / row 2: {why}" in str(told.value)
    with pytest.raises(ImportRefused, match="安排不一样"):
        import_holidays(
            write(path, DAYS, ["2031-10-01", "", "放假", "国庆节"], ["2031-10-01", "", "上班", "国庆节"]),
            tmp_path / "in",
            "某通知",
        )
    assert len(load_catalogue(CONTENT, tmp_path / "in").holiday_tables[0].days) == 8


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    command = CommandLine(tmp_path, monkeypatch, capsys)
    code, told = command("import", "hours", write(tmp_path / "h.csv", HEADER, GOOD, [*OTHER[:2], "?", *OTHER[3:]]))
    assert code == 0
    assert "已导入 / imported: 服务时间（imported/hours.json），1 个去处 / doors" in told
    assert "没收 / refused: 第 3 行 / row 3: 不是时间" in told
    days = write(tmp_path / "d.csv", DAYS, ["2031-01-01", "", "放假", "元旦"])
    assert command("import", "holidays", days, "--source", "某通知")[0] == 0
    assert command("import", "list")[1].count("imported/") == 2
    code, told = command("import", "holidays", days, "--source", " ")
    assert code == 1
    assert "--source 不能空着" in told
