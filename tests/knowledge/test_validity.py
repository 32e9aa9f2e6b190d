"""A thing outside its dates is not used in answers, from midnight in Anyang on, without a new release."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from knowledge import validity
from knowledge.answer import Knowledge
from knowledge.catalogue import Channel, load_catalogue
from knowledge.imported import AdvisorEntry, AdvisorList, ProofItem, ProofList, read_imported
from knowledge.places.advisor_import import import_advisors
from knowledge.places.find import shipped_places
from knowledge.release import Release
from knowledge.sources.proof_list import parse_proof_list
from knowledge.validity import reminders, things, within
from tests.knowledge.proof_lists import write_xlsx
from tests.knowledge.small import LetterEmbedder

DAY = date(2026, 6, 15)
LAST, NEXT = date(2026, 6, 14), date(2026, 6, 16)
DOOR = "0372-5139017"


class Clock:
    def __init__(self) -> None:
        self.day = DAY

    def __call__(self) -> date:
        return self.day


def changed(release: Release, field: str, key: str, name: str = "id", **dates: Any) -> Release:
    """The release with ``dates`` put on one record; the record must be there."""
    rows = getattr(release.catalogue, field)
    assert any(getattr(row, name) == key for row in rows)
    new = tuple(row.model_copy(update=dates) if getattr(row, name) == key else row for row in rows)
    return replace(release, catalogue=release.catalogue.model_copy(update={field: new}))


def told(release: Release, clock: Clock | None = None) -> Knowledge:
    return Knowledge(release, LetterEmbedder(), today=clock or Clock())  # type: ignore[arg-type]


def numbers(knowledge: Knowledge, key: str) -> set[str | None]:
    return {door.number for door in knowledge.answer_with(key, "问一下").routes}


@pytest.mark.parametrize(
    ("begins", "ends", "valid"),
    [
        (None, None, True),
        (DAY, DAY, True),
        (NEXT, None, False),
        (None, LAST, False),
        (LAST, NEXT, True),
    ],
)
def test_both_days_of_a_span_are_in_it(begins: date | None, ends: date | None, valid: bool) -> None:
    thing = validity.Thing("guide", "a", "甲", None, begins, ends)
    assert within(thing, DAY) is thing.valid(DAY) is valid


@pytest.mark.parametrize("dates", [{"valid_until": LAST}, {"valid_from": NEXT}])
def test_a_guide_outside_its_dates_says_so(small_release: Release, dates: dict[str, date]) -> None:
    assert told(small_release).answer_with("guide:legal-aid/steps", "问").reason == "answered"
    old = told(changed(small_release, "guides", "legal-aid", **dates))
    answer = old.answer_with("guide:legal-aid/steps", "问")
    assert answer.reason == "outdated"
    assert not answer.citations


def test_nobody_is_led_to_what_is_outside_its_dates(small_release: Release) -> None:
    assert told(small_release).suggest("法律援助")
    gone = changed(small_release, "guides", "legal-aid", valid_until=LAST)
    asked = {
        question
        for guide, section in gone.catalogue.sections()
        if guide.id == "legal-aid"
        for question in section.questions
    }
    assert asked & set(told(small_release).suggest("法律援助"))
    assert not asked & set(told(gone).suggest("法律援助"))


def test_it_happens_at_midnight_without_a_new_release(small_release: Release) -> None:
    clock = Clock()
    knowledge = told(changed(small_release, "guides", "legal-aid", valid_until=DAY), clock)
    assert knowledge.answer_with("guide:legal-aid/steps", "问").reason == "answered"
    clock.day = NEXT
    assert knowledge.answer_with("guide:legal-aid/steps", "问").reason == "outdated"
    clock.day = DAY
    assert knowledge.answer_with("guide:legal-aid/steps", "问").reason == "answered"


def test_the_day_is_that_of_anyang(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2026, 6, 15, 16, 0, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr(validity, "datetime", Late)
    assert validity.today() == date(2026, 6, 16)


def test_a_card_outside_its_dates_is_no_door_anywhere(small_release: Release) -> None:
    before = told(small_release)
    assert DOOR in numbers(before, "guide:legal-aid/steps")
    assert before.answer(DOOR).reason == "answered"
    after = told(changed(small_release, "channels", DOOR, valid_until=LAST))
    assert after.answer(DOOR).reason == "outdated"
    given = dict(after.every_answer())
    assert len(given) > 50
    assert not [key for key, answer in given.items() if DOOR in {door.number for door in after.current(answer).routes}]
    said = [key for key, answer in given.items() if key.startswith("guide:") and DOOR in answer.text]
    assert said == []
    assert [key for key, answer in before.every_answer() if key.startswith("guide:") and DOOR in answer.text] != []


def test_an_emergency_number_never_runs_out(small_release: Release) -> None:
    card = small_release.catalogue.channel["110"].model_dump()
    with pytest.raises(ValueError, match="never runs out"):
        Channel(**card | {"valid_until": DAY})
    with pytest.raises(ValueError, match="after"):
        Channel(**small_release.catalogue.channel[DOOR].model_dump() | {"valid_from": NEXT, "valid_until": LAST})


def test_what_rests_only_on_a_law_that_is_gone_is_not_told(small_release: Release) -> None:
    plain = told(small_release)
    laws = {
        basis.law
        for _, section in small_release.catalogue.sections()
        for row in section.statements
        for basis in row.basis
        if basis.law
    }
    assert laws
    gone = small_release
    for name in laws:
        gone = changed(gone, "laws", name, "name", valid_until=LAST)
    knowledge = told(gone)
    titles = {small_release.catalogue.law[name].title for name in laws}
    for key, answer in knowledge.every_answer():
        if key.startswith("guide:"):
            assert not titles & {row.document for row in answer.citations}, key
            assert answer.citations or answer.reason == "outdated", key
    assert [key for key, answer in plain.every_answer() if titles & {row.document for row in answer.citations}]


def test_a_report_outside_its_dates_is_not_quoted(small_release: Release) -> None:
    report = small_release.catalogue.documents[0]
    knowledge = told(changed(small_release, "documents", report.id, valid_until=LAST))
    given = [answer for key, answer in knowledge.every_answer() if key.startswith("guide:")]
    assert not [answer for answer in given if report.title in {row.document for row in answer.citations}]


def proofs(**dates: Any) -> ProofList:
    empty = dict.fromkeys(("number", "legal_basis", "basis_level", "level", "asking_unit", "issuing_unit", "item_type"))
    item = ProofItem(
        id="a",
        matter="申请法律援助",
        proof="经济困难证明",
        replaceable=True,
        reason=None,
        note=None,
        sheet=None,
        row=2,
        quote="经济困难证明",
        **empty,  # type: ignore[arg-type]
        **dates.pop("of_row", {}),
    )
    return ProofList(
        id="0" * 12, title="某清单", issuer="某局", published=date(2025, 1, 1), source=None, items=(item,), **dates
    )


def advisors(**dates: Any) -> AdvisorList:
    entry = AdvisorEntry(
        id="a",
        name="张三",
        role=None,
        office=None,
        phones=("13900000001",),
        villages=("410505001001",),
        confirmed=date(2026, 1, 1),
        sheet=None,
        row=2,
        quote="张三",
        **dates.pop("of_row", {}),
    )
    return AdvisorList(
        id="0" * 12, title="某名册", issuer="某局", published=date(2025, 1, 1), source=None, entries=(entry,), **dates
    )


@pytest.mark.parametrize("dates", [{"valid_until": LAST}, {"of_row": {"valid_until": LAST}}])
def test_lists_and_their_rows_withdraw_themselves(small_release: Release, dates: dict[str, Any]) -> None:
    def given(**of: Any) -> Knowledge:
        lists = {"proof_lists": (proofs(**dict(of)),), "advisor_lists": (advisors(**dict(of)),)}
        return told(replace(small_release, catalogue=small_release.catalogue.model_copy(update=lists)))

    now, later = given(), given(**dates)
    question = "申请法律援助要开经济困难证明吗，能不能用承诺代替"
    assert now.answer(question).reason == "proof-replaceable"
    assert not later.answer(question).reason.startswith("proof")
    assert now.advisors.villages == ("410505001001",)
    assert later.advisors.villages == ()


def test_what_to_look_at_again_comes_the_most_pressing_first(small_release: Release) -> None:
    fresh = {field: tuple(row.model_copy(update={"confirmed": DAY}) for row in getattr(small_release.catalogue, field))
             for field in ("guides", "channels", "laws", "documents")}  # fmt: skip
    release = replace(small_release, catalogue=small_release.catalogue.model_copy(update=fresh))
    assert reminders(release.catalogue, DAY) == []
    assert len(list(things(release.catalogue))) > 60
    release = changed(release, "guides", "legal-aid", confirmed=DAY - timedelta(days=366))
    release = changed(release, "guides", "commitment", valid_until=DAY + timedelta(days=30))
    release = changed(release, "channels", DOOR, valid_until=LAST)
    release = changed(release, "channels", "12345", valid_from=NEXT)
    found = [(row.why, row.thing.key, row.day) for row in reminders(release.catalogue, DAY)]
    assert found == [
        ("over", DOOR, LAST),
        ("early", "12345", NEXT),
        ("soon", "commitment", DAY + timedelta(days=30)),
        ("old", "legal-aid", DAY - timedelta(days=366)),
    ]


def test_the_shipped_content_bears_no_day_that_has_passed() -> None:
    late = [thing for thing in things(load_catalogue()) if not thing.valid(validity.today())]
    assert late == []


LABELS = ("有效期起", "有效期至")


def test_a_sheet_of_proof_items_may_say_until_when_each_row_holds(tmp_path: Path) -> None:
    head = ["序号", "证明名称", "证明用途", "设定依据", "索要单位", "开具单位", *LABELS]
    rows = [
        head,
        [1, "甲证明", "办甲", "某条例", "某局", "某所", "2026-01-01", datetime(2026, 6, 14)],
        [2, "乙证明", "办乙", "某条例", "某局", "某所", "", "无"],
        [3, "丙证明", "办丙", "某条例", "某局", "某所", "", "明年"],
        [4, "丁证明", "办丁", "某条例", "某局", "某所", "2027-01-01", "2026-01-01"],
    ]
    parsed = parse_proof_list(write_xlsx(tmp_path / "a.xlsx", rows), "list", None)
    assert [(item.proof, item.valid_from, item.valid_until) for item in parsed.items] == [
        ("甲证明", date(2026, 1, 1), LAST),
        ("乙证明", None, None),
    ]
    assert len(parsed.refused) == 2
    assert "日期看不懂" in parsed.refused[0]
    assert "反了" in parsed.refused[1]


def test_a_directory_may_say_until_when_each_advisor_serves(tmp_path: Path) -> None:
    rows = [
        ["村（社区）", "姓名", "电话", "聘期起", "聘期至"],
        ["大司空村", "张三", "13900000001", "2026.1.1", "2031年12月31日"],
        ["大司空村", "李四", "13900000002", "", "随便"],
        ["大司空村", "王五", "13900000003", "2031-01-01", "2026-01-01"],
    ]
    report = import_advisors(
        write_xlsx(tmp_path / "a.xlsx", rows), tmp_path, shipped_places(), "某名册", "某局", DAY, None, None, DAY
    )
    (kept,) = read_imported(tmp_path).advisor_lists
    assert [(row.name, row.valid_from, row.valid_until) for row in kept.entries] == [
        ("张三", date(2026, 1, 1), date(2031, 12, 31))
    ]
    assert [why in line for line, why in zip(report.refused, ("日期看不懂", "反了"), strict=True)] == [True, True]
