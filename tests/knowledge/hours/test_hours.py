"""Hours are told only as they were entered, with public holidays; without them nobody guesses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from knowledge.answer import Knowledge, unsupported_numbers
from knowledge.catalogue import CONTENT, Catalogue, load_catalogue
from knowledge.hours.answer import SHANGHAI, hours_answer
from knowledge.hours.asked import asks_hours
from knowledge.hours.calendar import Calendar
from knowledge.hours.records import CalendarDay, DoorHours, HolidayTable, HoursTable, OpenTime
from knowledge.passages import Citer, document_passages
from knowledge.records import Answer, Status
from knowledge.release import Release
from tests.knowledge.small import LetterEmbedder

DOOR = "0372-5139017"
WORKDAYS = (0, 1, 2, 3, 4)
MORNING = OpenTime(weekdays=WORKDAYS, start=8 * 60 + 30, end=12 * 60)
AFTERNOON = OpenTime(weekdays=WORKDAYS, start=14 * 60 + 30, end=18 * 60)
DAILY = OpenTime(weekdays=tuple(range(7)), start=9 * 60, end=21 * 60)


def hours(
    *times: OpenTime, door: str = DOOR, holidays: str = "closed", confirmed: date = date(2026, 9, 1)
) -> DoorHours:
    row = {"door": door, "times": times, "holidays": holidays, "source": "门口的牌子", "confirmed": confirmed}
    return DoorHours.model_validate(row)


class Desk:
    """Asks about a door, whose hours it holds, at a time in Anyang."""

    def __init__(self, catalogue: Catalogue, citer: Citer, *doors: DoorHours, days: HolidayTable | None = None) -> None:
        tables = {
            "hours_tables": (HoursTable(doors=doors),) if doors else (),
            "holiday_tables": (days,) if days else (),
        }
        self._catalogue = catalogue.model_copy(update=tables)
        self._citer = citer

    def __call__(self, text: str, *now: int, door: str = DOOR) -> Answer:
        answer = hours_answer(door, text, datetime(*now, tzinfo=SHANGHAI), self._catalogue, self._citer)  # type: ignore[arg-type,misc]
        assert unsupported_numbers(answer) == []
        assert answer.routes
        return answer


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def citer(catalogue: Catalogue) -> Citer:
    return Citer(catalogue, document_passages(catalogue, CONTENT))


@pytest.fixture(scope="module")
def desk(catalogue: Catalogue, citer: Citer) -> Desk:
    return Desk(catalogue, citer, hours(MORNING, AFTERNOON), hours(DAILY, door="12348", holidays="open"))


# --- nothing entered -------------------------------------------------------------------------------------------------


def test_without_hours_nothing_is_guessed(catalogue: Catalogue, citer: Citer) -> None:
    desk = Desk(catalogue, citer)
    for card in catalogue.channels:
        answer = desk("几点上班", 2026, 11, 25, 10, 0, door=card.id)
        assert ":" not in answer.text
        if answer.reason == "hours-unregistered":
            assert answer.status is Status.UNANSWERABLE
            assert "没有登记过" in answer.text
            assert answer.routes[0].number is not None
            assert answer.routes[0].number in answer.text
        else:
            assert card.kind == "emergency" or card.id == "12345"


def test_a_law_states_the_hours_of_12345(desk: Desk) -> None:
    answer = desk("晚上有人吗", 2026, 11, 25, 23, 0, door="12345")
    assert "24 小时" in answer.text
    assert answer.citations[0].section == "第四十五条"


def test_danger_does_not_wait_for_opening(desk: Desk) -> None:
    assert desk("几点上班", 2026, 11, 25, 3, 0, door="110").text.startswith("有危险、有急事，现在就打 110")


# --- hours entered ---------------------------------------------------------------------------------------------------


def test_the_week_the_source_and_the_day_it_was_confirmed(desk: Desk) -> None:
    answer = desk("几点上班", 2026, 11, 25, 10, 0)
    assert "周一到周五 8:30 到 12:00、14:30 到 18:00；法定节假日休息" in answer.text
    assert "来源：门口的牌子，最近核对 2026-09-01" in answer.text
    assert (answer.citations[0].document, answer.citations[0].date) == ("门口的牌子", "2026-09-01")


@pytest.mark.parametrize(
    ("text", "now", "told"),
    [
        ("现在开门吗", (2026, 11, 25, 8, 30), "现在是上班时间"),
        ("现在开门吗", (2026, 11, 25, 12, 0), "现在不是上班时间。下次上班是今天 14:30"),
        ("下班没", (2026, 11, 25, 18, 0), "现在不是上班时间。下次上班是明天（周四） 8:30"),
        ("这会儿有人不", (2026, 9, 30, 19, 0), "下次上班是10月8日（周四） 8:30"),
        ("现在有人吗", (2026, 10, 3, 10, 0), "今天（周六）是国庆节放假，休息。"),
        ("周末有人吗", (2026, 11, 25, 10, 0), "11月28日（周六）休息。11月29日（周日）休息。"),
        ("周末有人吗", (2026, 9, 17, 10, 0), "9月20日（周日）是调休的上班日，登记的时间是 8:30 到 12:00"),
        ("明儿上班不", (2026, 11, 25, 10, 0), "明天（周四）登记的时间是 8:30"),
        ("后天开门不", (2026, 11, 26, 10, 0), "11月28日（周六）休息"),
        ("礼拜六有人没", (2026, 11, 25, 10, 0), "11月28日（周六）休息"),
        ("周三开门吗", (2026, 11, 25, 10, 0), "今天（周三）登记的时间"),
        ("下周三开门吗", (2026, 11, 25, 10, 0), "12月2日（周三）登记的时间"),
        ("星期天上班不", (2026, 11, 25, 10, 0), "11月29日（周日）休息"),
        ("国庆上班不", (2026, 9, 17, 10, 0), "国庆节（10月1日到10月7日）休息"),
        ("中秋歇不歇", (2026, 9, 17, 10, 0), "中秋节（9月25日到9月27日）休息"),
        ("过年上班不", (2026, 1, 17, 10, 0), "春节（2月15日到2月23日）休息"),
        ("12月25号上班吗", (2026, 11, 25, 10, 0), "12月25日（周五）登记的时间"),
        ("晚上有人接吗", (2026, 11, 25, 10, 0), "晚上不在登记的时间里"),
        ("节假日休息吗", (2026, 11, 25, 10, 0), "法定节假日休息，调休上班的日子照常上班"),
    ],
)
def test_days(desk: Desk, text: str, now: tuple[int, ...], told: str) -> None:
    assert told in desk(text, *now).text


def test_a_door_that_keeps_its_hours_on_holidays(desk: Desk) -> None:
    assert "每天 9:00 到 21:00；节假日照常" in desk("国庆有人吗", 2026, 9, 17, 10, 0, door="12348").text
    assert "现在是上班时间" in desk("现在有人吗", 2026, 10, 1, 20, 0, door="12348").text
    assert "晚上不在" in desk("晚上有人吗", 2026, 10, 1, 10, 0, door="12348").text


def test_the_clock_is_that_of_anyang(catalogue: Catalogue, citer: Citer) -> None:
    told = catalogue.model_copy(update={"hours_tables": (HoursTable(doors=(hours(MORNING),)),)})
    early = hours_answer(DOOR, "现在有人吗", datetime(2026, 11, 25, 1, 0, tzinfo=UTC), told, citer)
    assert "现在是上班时间" in early.text
    with pytest.raises(ValueError, match="time zone"):
        hours_answer(DOOR, "现在有人吗", datetime(2026, 11, 25, 1, 0), told, citer)


def test_workdays_that_differ_make_a_makeup_day_uncertain(catalogue: Catalogue, citer: Citer) -> None:
    desk = Desk(catalogue, citer, hours(MORNING, OpenTime(weekdays=(0, 1), start=840, end=1020)))
    assert "9月20日（周日）是调休的上班日，几点上班没有登记，先打电话问" in desk("周日有人吗", 2026, 9, 17, 10, 0).text


def test_hours_confirmed_long_ago_are_called_old(catalogue: Catalogue, citer: Citer) -> None:
    desk = Desk(catalogue, citer, hours(MORNING, confirmed=date(2025, 9, 1)))
    assert "一年多没有核对过" in desk("几点上班", 2026, 11, 25, 10, 0).text


# --- years that nobody knows -----------------------------------------------------------------------------------------

NEW_YEAR = HolidayTable(
    days=(
        CalendarDay(day=date(2031, 1, 1), off=True, name="元旦"),
        CalendarDay(day=date(2031, 1, 2), off=True, name="元旦"),
        CalendarDay(day=date(2031, 1, 5), off=False, name="元旦"),
    ),
    source="国务院办公厅通知，2030-11-01",
)


def test_an_unknown_year_is_said_to_be_unknown(desk: Desk) -> None:
    assert "国庆节怎么放假，下一次的安排我这里还没有" in desk("国庆上班不", 2030, 9, 17, 10, 0).text
    now = desk("现在有人吗", 2031, 1, 1, 10, 0).text
    assert "今天（周三）登记的时间" in now
    assert "放假和调休安排，我这里还没有" in now


def test_an_imported_arrangement_makes_the_year_known(catalogue: Catalogue, citer: Citer) -> None:
    desk = Desk(catalogue, citer, hours(MORNING), days=NEW_YEAR)
    answer = desk("元旦上班不", 2030, 12, 20, 10, 0)
    assert "元旦（1月1日到1月2日）休息" in answer.text
    assert answer.citations[1].document == "节假日安排（国务院办公厅通知，2030-11-01）"
    assert "今天（周日）是调休的上班日" in desk("今天上班不", 2031, 1, 5, 10, 0).text
    assert "还没有" not in desk("今天上班不", 2031, 1, 6, 10, 0).text


def test_the_table_stands_before_the_package(catalogue: Catalogue) -> None:
    table = HolidayTable(days=(CalendarDay(day=date(2026, 10, 1), off=True, name="国庆节"),), source="试")
    calendar = Calendar([table], catalogue.hours_words.holidays)
    assert calendar.day(date(2026, 10, 1)).off
    assert not calendar.day(date(2026, 10, 2)).off
    assert Calendar([], catalogue.hours_words.holidays).day(date(2026, 10, 2)).holiday == "国庆节"


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("那个热线几点上班", True),
        ("12348周末有人接电话吗", True),
        ("国庆上班不", True),
        ("上班路上叫车撞了", False),
        ("12348是干啥的", False),
        ("老板不让上班咋办", False),
    ],
)
def test_questions_about_hours(catalogue: Catalogue, text: str, asks: bool) -> None:
    assert asks_hours(catalogue.hours_words, text) is asks


# --- in the list of answer steps -------------------------------------------------------------------------------------


def with_hours(release: Release, *doors: DoorHours) -> Knowledge:
    told = release.catalogue.model_copy(update={"hours_tables": (HoursTable(doors=doors),) if doors else ()})
    return Knowledge(replace(release, catalogue=told), LetterEmbedder())


def test_a_question_that_names_a_door_gets_its_hours(small_release: Release) -> None:
    knowledge = with_hours(small_release, hours(MORNING))
    answer = knowledge.answer("殷都区法律援助热线几点上班")
    assert answer.reason == "hours-registered"
    assert answer.release == small_release.id
    assert knowledge.answer("12348几点上班").reason != "hours-registered"
    assert knowledge.answer("法律援助热线是干啥的").reason != "hours-registered"


def test_without_hours_the_steps_answer_as_ever(small_release: Release) -> None:
    knowledge = with_hours(small_release)
    assert not knowledge.answer("殷都区法律援助热线几点上班").reason.startswith("hours-")
    assert knowledge.hours(DOOR, "几点上班").reason == "hours-unregistered"
