"""Office hours and fixed texts outside their dates: no hours are told, and the shipped text is said again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from knowledge.catalogue import CONTENT, Catalogue, load_catalogue
from knowledge.cross_checks import cross_faults
from knowledge.entries import Entry, overlaid, record
from knowledge.hours.answer import SHANGHAI
from knowledge.hours.records import DoorHours, HoursTable, OpenTime
from knowledge.release import Release
from knowledge.schema import ContentError
from knowledge.validity import reminders, things
from tests.knowledge.test_validity import DAY, DOOR, LAST, NEXT, Clock, told

NOW = datetime(2026, 6, 15, 9, 0, tzinfo=SHANGHAI)
GREETING = "您好，这几天大厅搬家，请先打电话。"


def table(of_row: dict[str, Any] | None = None, **dates: Any) -> HoursTable:
    times = (OpenTime(weekdays=(0, 1, 2, 3, 4), start=510, end=720),)
    row = {"door": DOOR, "times": times, "holidays": "closed", "source": "门口的牌子", "confirmed": date(2026, 6, 1)}
    return HoursTable(doors=(DoorHours.model_validate(row | (of_row or {})),), **dates)


def with_hours(release: Release, hours: HoursTable) -> Release:
    return replace(release, catalogue=release.catalogue.model_copy(update={"hours_tables": (hours,)}))


def greeting(catalogue: Catalogue, **dates: date) -> Entry:
    body = (record(catalogue, "status", "greet") or {}) | {"text": GREETING}
    return Entry("status", "greet", body | {name: day.isoformat() for name, day in dates.items()})


def why(catalogue: Catalogue) -> list[tuple[str, str, str]]:
    kinds = ("status", "import")
    return [(row.why, row.thing.key, row.thing.name) for row in reminders(catalogue, DAY) if row.thing.kind in kinds]


@pytest.mark.parametrize("dates", [{"valid_until": LAST}, {"valid_from": NEXT}])
@pytest.mark.parametrize("place", [lambda dates: table(**dates), lambda dates: table(dates)], ids=["table", "row"])
def test_hours_outside_their_dates_are_not_told(
    small_release: Release, place: Callable[[dict[str, Any]], HoursTable], dates: dict[str, Any]
) -> None:
    now, later = told(with_hours(small_release, table())), told(with_hours(small_release, place(dates)))
    assert (now.knows_hours(DOOR), later.knows_hours(DOOR)) == (True, False)
    assert now.hours(DOOR, "几点上班", NOW).reason == "hours-registered"
    gone = later.hours(DOOR, "几点上班", NOW)
    assert gone.reason == "hours-unregistered"
    assert "8 点半" not in gone.text
    assert "门口的牌子" not in gone.text
    question = "0372-5139017几点上班"
    assert now.answer(question).reason == "hours-registered"
    assert later.answer(question).reason != "hours-registered"


def test_hours_and_texts_change_at_midnight_without_a_new_release(small_release: Release) -> None:
    clock = Clock()
    catalogue = overlaid(small_release.catalogue, [greeting(small_release.catalogue, valid_until=DAY)])
    release = with_hours(replace(small_release, catalogue=catalogue), table({"valid_until": DAY}))
    knowledge, shipped = told(release, clock), small_release.catalogue.status["greet"].text
    seen = []
    for day in (DAY, NEXT, DAY):
        clock.day = day
        seen.append((knowledge.knows_hours(DOOR), knowledge.status("greet").text))
    assert seen == [(True, GREETING), (False, shipped), (True, GREETING)]


def test_the_shipped_text_stands_in_however_often_a_text_was_changed(small_release: Release) -> None:
    shipped = small_release.catalogue.status["greet"]
    once = overlaid(small_release.catalogue, [greeting(small_release.catalogue)])
    twice = overlaid(once, [greeting(once, valid_from=NEXT)])
    assert twice.stand_ins == (shipped,)
    assert Catalogue.model_validate_json(twice.model_dump_json()).stand_ins == (shipped,)
    knowledge = told(replace(small_release, catalogue=twice))
    assert knowledge.status("greet").text == shipped.text
    assert dict(knowledge.every_answer())["status:greet"].text == shipped.text
    assert told(replace(small_release, catalogue=once)).status("greet").text == GREETING


def test_a_shipped_text_cannot_run_out() -> None:
    shipped = load_catalogue()
    rows = tuple(
        row.model_copy(update={"valid_until": DAY}) if row.reason == "greet" else row for row in shipped.statuses
    )
    faults = cross_faults(shipped.model_copy(update={"statuses": rows}), CONTENT)
    assert len(faults) == 1
    assert "'greet' is shipped and cannot run out" in faults[0]
    with pytest.raises(ContentError, match="valid_from is after valid_until"):
        overlaid(shipped, [greeting(shipped, valid_from=NEXT, valid_until=LAST)])


def test_a_law_that_is_gone_no_longer_states_the_hours_of_12345(small_release: Release) -> None:
    law = next(row.basis.law for row in small_release.catalogue.hours_words.always if row.door == "12345")
    laws = tuple(
        row.model_copy(update={"valid_until": LAST}) if row.name == law else row for row in small_release.catalogue.laws
    )
    gone = told(replace(small_release, catalogue=small_release.catalogue.model_copy(update={"laws": laws})))
    assert told(small_release).hours("12345", "晚上有人吗", NOW).reason == "hours-always"
    assert gone.hours("12345", "晚上有人吗", NOW).reason == "hours-unregistered"


def test_reminders_name_the_door_whose_hours_run_out(small_release: Release) -> None:
    catalogue = small_release.catalogue
    assert why(catalogue) == []
    assert {thing.key for thing in things(catalogue) if thing.kind == "status"} == set(catalogue.status)
    name = f"服务时间：{catalogue.channel[DOOR].name}"
    assert why(with_hours(small_release, table()).catalogue) == []
    soon = with_hours(small_release, table({"valid_until": DAY + timedelta(days=3)})).catalogue
    assert why(soon) == [("soon", "hours.json", name)]
    assert why(with_hours(small_release, table(valid_until=LAST)).catalogue) == [("over", "hours.json", "服务时间")]
    old = with_hours(small_release, table({"confirmed": DAY - timedelta(days=366)})).catalogue
    assert why(old) == [("old", "hours.json", "服务时间")]
    dated = overlaid(catalogue, [greeting(catalogue, confirmed=DAY - timedelta(days=366))])
    assert why(dated) == [("old", "greet", catalogue.status["greet"].label)]
