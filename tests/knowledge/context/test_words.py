"""What the words make of a message: pure text, no model."""

from __future__ import annotations

import pytest

from knowledge.catalogue import load_catalogue
from knowledge.context.focus import Focus, focus_from_dict, group
from knowledge.context.words import ContextWords
from knowledge.records import Answer, Status


@pytest.fixture(scope="module")
def words() -> ContextWords:
    return load_catalogue().context


@pytest.mark.parametrize(
    "text",
    ["那要带什么材料", "几天能办下来", "要钱不", "在哪", "去哪申请", "得带些啥", "这事归谁管", "那个热线几点上班"],
)
def test_some_messages_name_no_matter(words: ContextWords, text: str) -> None:
    assert words.read(text).bare


@pytest.mark.parametrize("text", ["离婚要带什么材料", "工伤几天能办下来", "老板欠我钱不还", "公证要钱不", "房子呢"])
def test_others_name_one(words: ContextWords, text: str) -> None:
    assert not words.read(text).bare


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("我是说抚养费,不是离婚", ("抚养费", "离婚")),
        ("不是离婚,我问的是抚养费", ("抚养费", "离婚")),
        ("不是劳动仲裁俺说的是土地仲裁", ("土地仲裁", "劳动仲裁")),
        ("不对,我问的是公证", ("公证", "")),
        ("我不是他亲生的能继承吗", None),
        ("老板说的是明年给钱", None),
    ],
)
def test_corrections(words: ContextWords, text: str, meant: tuple[str, str] | None) -> None:
    assert words.correction(text) == meant


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("回到刚才工伤那个事", "工伤那个事"),
        ("还是说调解的事,对方不来咋办", "调解的事,对方不来咋办"),
        ("刚才说的遗嘱,能改吗", "遗嘱,能改吗"),
        ("工伤怎么认定", None),
    ],
)
def test_going_back(words: ContextWords, text: str, named: str | None) -> None:
    assert words.named_again(text) == named


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("2", 1),
        ("第二个", 1),
        ("选3", 2),
        ("最后一个", 2),
        ("第一个吧", 0),
        ("4", None),
        ("2个月", None),
        ("二十", None),
    ],
)
def test_choosing(words: ContextWords, text: str, index: int | None) -> None:
    assert words.chosen(text, 3) == index
    assert words.chosen(text, 0) is None


def test_a_message_is_taken_apart_only_into_questions(words: ContextWords) -> None:
    assert words.questions("离婚要交多少钱?另外工伤认定要几天?") == ["离婚要交多少钱", "工伤认定要几天"]
    assert words.questions("我干了三个月。老板没给钱。工钱咋要?") == []
    assert words.questions("离婚要交多少钱") == []
    assert words.questions("离婚要交多少钱?要几天?") == []


def test_every_guide_and_card_that_the_words_name_is_there() -> None:
    catalogue = load_catalogue()
    guides = {guide.id for guide in catalogue.guides}
    assert set(catalogue.context.about.values()) | set(catalogue.context.offers) <= guides
    assert set(catalogue.context.about) <= set(catalogue.channel)


# --- what is kept of a talk ------------------------------------------------------------------------------------------


def an_answer(target: str | None, status: Status = Status.ANSWERED, reason: str = "answered") -> Answer:
    return Answer(status, reason, "答", target=target)


def test_the_last_few_matters_are_kept() -> None:
    focus = Focus()
    for name in ("a", "b", "b", "c", "d", "e", "f"):
        focus = focus.after(an_answer(f"guide:{name}/steps"), name, name, ())
    assert focus.matter == "guide:f/steps"
    assert focus.earlier == ("guide:e/steps", "guide:d/steps", "guide:c/steps", "guide:b/steps")


def test_misses_are_counted_until_something_helps() -> None:
    focus = Focus(matter="guide:a/steps")
    for count in (1, 2):
        focus = focus.after(an_answer(None, Status.UNANSWERABLE, "nothing-found"), "x", "x", ())
        assert (focus.misses, focus.matter) == (count, "guide:a/steps")
    assert focus.after(an_answer("guide:b/steps"), "x", "x", ()).misses == 0


def test_a_focus_survives_the_way_to_the_dialogue_engine_and_back() -> None:
    focus = Focus("guide:a/steps", ("guide:b/steps",), "问", "说", ("甲", "乙"), ("12348",), 1, ("complaint",))
    assert focus_from_dict(focus.to_dict()) == focus
    assert Focus().to_dict() == {}


@pytest.mark.parametrize("data", [None, 5, "x", [], {"misses": "many"}, {"choices": 5}])
def test_what_another_version_kept_counts_as_no_talk(data: object) -> None:
    assert focus_from_dict(data) == Focus()


def test_group() -> None:
    assert (group("guide:wages/steps"), group("channel:12348")) == ("guide:wages", "channel:12348")
