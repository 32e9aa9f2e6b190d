"""An answer as a text of at most 2,047 bytes: what is never cut, and what gives way first."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.wechat.render import LIMIT, Shape, cut, quoted, render, size, wants_verdict
from knowledge.records import Answer, Citation, Route, Status

LINK = "https://fa.example.org/a/" + "x" * 32
DOORS = (
    Route("office", "劳动监察（区人社局）", None, None, "欠薪先去投诉", "条例"),
    Route("hotline", "人社热线", "12333", "tel:12333", "不知道去哪就问", "条例"),
    Route("platform", "中国法网", None, "https://www.12348.gov.cn/", "网上问", "条例"),
)
SOURCES = (
    Citation("法律援助法", "第三十一条", None, "2022-01-01", "甲", True),
    Citation("《法律援助法》", "第三十二条", None, "2022-01-01", "乙", True),
    Citation("法律援助法", "第三十条", None, "2022-01-01", "丙", True),
    Citation("年度报告", "一、基本情况 / (六)依法有效化解社会矛盾纠纷", "区政府", "2022-02-23", "丁", True),
)
PICKS = ("包工头跑了工资找谁要", "老板拿货顶工资行不行")


def answer(text: str, status: Status = Status.ANSWERED, **more: Any) -> dict[str, Any]:
    given = {"citations": SOURCES, "routes": DOORS, "follow_ups": PICKS, **more}
    return Answer(status, "answered", text, release="r", **given).to_dict()


def test_a_whole_answer() -> None:
    assert render(answer("1. 先投诉。\n2. 打 12333 问。"), Shape(LINK)) == "\n".join(
        [
            "1. 先投诉。",
            "2. 打 12333 问。",
            "可以找：",
            "· 劳动监察（区人社局）（欠薪先去投诉）",
            "· 人社热线 12333（不知道去哪就问）",
            "· 中国法网 https://www.12348.gov.cn/（网上问）",
            "接着问，回复数字就行：",
            "1. 包工头跑了工资找谁要",
            "2. 老板拿货顶工资行不行",
            "依据：《法律援助法》第三十一条、第三十条（2022-01-01）；《法律援助法》第三十二条（2022-01-01）；《年度报告》（2022-02-23）",
            f"看依据、打印：{LINK}",
            "有没有帮到您？回“满意”或“不满意”。",
        ]
    )


def test_in_danger_the_numbers_stand_first_and_nothing_is_asked() -> None:
    doors = (Route("emergency", "报警电话", "110", "tel:110", "有危险", "x"),)
    text = render(answer("先打 110。", Status.CRISIS, routes=doors, citations=(), follow_ups=()), Shape(LINK))
    assert text == "· 报警电话 110（有危险）\n先打 110。"


def test_a_number_in_a_name_is_not_said_twice() -> None:
    doors = (Route("hotline", "12348 热线", "12348", "tel:12348", "", "x"),)
    assert "· 12348 热线\n" in render(answer("好。", routes=doors), Shape(LINK))


def test_what_is_too_long_ends_with_a_sentence_and_a_link_to_all_of_it() -> None:
    text = render(answer("这是一句完整的话，说明怎么办。" * 80), Shape(LINK))
    assert size(text) <= LIMIT
    body, _, rest = text.partition(f"\n……没发完，全文在这里：{LINK}\n")
    assert body.endswith("说明怎么办。")
    assert len(body) > 300
    for part in ("人社热线 12333", "中国法网 https://www.12348.gov.cn/", *PICKS):
        assert part in rest


def test_a_long_answer_in_danger_keeps_its_numbers() -> None:
    doors = (Route("emergency", "报警电话", "110", "tel:110", "有危险", "x"),)
    text = render(answer("先离开那里。" * 200, Status.CRISIS, routes=doors), Shape(LINK))
    assert text.startswith("· 报警电话 110\n先离开那里。")
    assert text.endswith(LINK)
    assert size(text) <= LIMIT


def test_verdicts_are_asked_for_answers_and_for_none_but_not_in_danger_or_small_talk() -> None:
    assert wants_verdict(answer("有"))
    assert wants_verdict(answer("没有", Status.UNANSWERABLE, citations=()))
    assert not wants_verdict(answer("您好", citations=()))
    assert not wants_verdict(answer("先打 110", Status.CRISIS))


def test_a_residents_words_make_no_link() -> None:
    assert quoted('<a href="http://evil">点我</a>\n好') == '＜a href="http://evil"＞点我＜/a＞ 好'
    assert quoted("长" * 50) == "长" * 40 + "……"


@given(st.text(max_size=3000), st.integers(0, 3000))
def test_cutting_keeps_a_beginning_within_the_budget(text: str, budget: int) -> None:
    kept = cut(text, budget)
    assert text.startswith(kept)
    assert size(kept) <= budget


@given(
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=2500),
    st.lists(st.text("问答法律𠮷a1", min_size=1, max_size=150), max_size=12),
    st.sampled_from([Status.ANSWERED, Status.CRISIS, Status.UNANSWERABLE]),
    st.integers(0, 12),
    st.booleans(),
)
def test_no_answer_is_too_long_and_every_cut_one_has_its_link(
    text: str, picks: list[str], status: Status, doors: int, linked: bool
) -> None:
    whole = answer(text, status, follow_ups=tuple(picks), routes=DOORS * doors)
    shape = Shape(LINK if linked else "", asked="问", heard="听")
    said = render(whole, shape)
    assert size(said) <= LIMIT
    assert not linked or text in said or LINK in said
