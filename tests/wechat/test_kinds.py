"""What each kind of message and event gets: never silence where a person said something."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.channels.wechat import choices
from bot.channels.wechat.menu import key
from bot.channels.wechat.texts import say
from bot.conversations.feedback import Verdict
from knowledge.normalise import for_display
from tests.bot.fakes import until
from tests.wechat.fakes import EchoEngine, FakeApi, Person, Platform


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("image", {"PicUrl": "http://p/1", "MediaId": "m"}, "image"),
        ("video", {"MediaId": "m", "ThumbMediaId": "t"}, "video"),
        ("shortvideo", {"MediaId": "m", "ThumbMediaId": "t"}, "video"),
        ("link", {"Title": "中奖", "Description": "点我", "Url": "http://x"}, "link"),
        ("file", {"Title": "a.docx"}, "file"),
        ("voice", {"MediaId": "m", "Format": "amr"}, "voice-unheard"),
        ("voice", {"MediaId": "m", "Format": "amr", "Recognition": ""}, "voice-unheard"),
        ("miniprogrampage", {"Title": "x"}, "unsupported"),
        ("text", {"Content": "【收到不支持的消息类型，暂无法显示】"}, "unsupported"),
    ],
)
async def test_what_we_cannot_read_gets_a_helpful_reply(
    platform: Platform, person: Person, kind: str, more: dict[str, str], said: str
) -> None:
    assert (await platform.send(person.message(kind, **more))).shown == say(said)


async def test_a_voice_message_with_its_words_is_answered(platform: Platform, person: Person) -> None:
    came = await platform.send(person.message("voice", MediaId="m", Recognition="工钱要不回来。"))
    assert str(came.shown).startswith("我听到的是：“工钱要不回来。”\n答〔工钱要不回来〕完。")


@pytest.mark.parametrize(
    ("label", "asked"),
    [
        ("", "村里的法律顾问怎么找"),
        ("河南省安阳市殷都区文明大道100号", "村里的法律顾问怎么找"),
        ("河南省安阳市殷都区水冶镇北街村12号院3单元", "我在水冶镇北街村,村里的法律顾问怎么找"),
        ("河南省安阳市殷都区梅园庄街道文源社区", "我在梅园庄街道文源社区,村里的法律顾问怎么找"),
        ("安阳市安丰乡渔洋村村委会", "我在安丰乡渔洋村,村里的法律顾问怎么找"),
    ],
)
async def test_a_location_asks_about_the_village(
    platform: Platform, person: Person, engine: EchoEngine, label: str, asked: str
) -> None:
    fields = person.message("location", Location_X="36.12", Location_Y="114.31", Scale="15", Label=label)
    came = await platform.send(fields)
    assert engine.asked == [asked]
    assert str(came.shown).startswith("收到您的位置了。\n答〔")


@pytest.mark.parametrize(
    "event", [("subscribe", ""), ("subscribe", "qrscene_12"), ("SCAN", "12"), ("CLICK", "unknown")]
)
async def test_who_comes_is_greeted_and_may_pick(
    platform: Platform, person: Person, engine: EchoEngine, event: tuple[str, str]
) -> None:
    came = await platform.send(person.event(*event))
    assert str(came.shown).startswith("您好，我是殷法问，一个自动回答法律服务问题的程序，不是真人，也不是政府机关。")
    assert f"{say('first-choices')}\n1. 还能问什么" in str(came.shown)
    await platform.send(person.text("1"))
    assert engine.asked == ["还能问什么"]


@pytest.mark.parametrize(
    "event", ["unsubscribe", "VIEW", "LOCATION", "TEMPLATESENDJOBFINISH", "kf_create_session", "view_miniprogram", ""]
)
async def test_events_that_are_no_question_get_no_reply(
    platform: Platform, person: Person, engine: EchoEngine, event: str
) -> None:
    status, body = await platform.post(person.event(event))
    assert (status, body, engine.asked) == (200, "success", [])


async def test_a_button_of_the_menu_asks_its_question(platform: Platform, person: Person) -> None:
    came = await platform.send(person.event("CLICK", key("拖欠工资怎么办")))
    assert str(came.shown).startswith("答〔拖欠工资怎么办〕完。")


@pytest.mark.parametrize("kind", ["text", "event"])
async def test_nobody_is_handed_to_wechats_own_desk(platform: Platform, person: Person, kind: str) -> None:
    """transfer_customer_service would take the conversation away from us until the agent closes it."""
    fields = person.text("转人工") if kind == "text" else person.event("CLICK", key("转人工"))
    _, body = await platform.post(fields)
    assert "transfer_customer_service" not in platform.opened(body)


# --- choices ---


@pytest.mark.parametrize(
    "text", ["2", "２", "②", "二", "2.", "2、", "第2个", "第二个", "选2", "我选二", "回复2", " 2 "]
)
async def test_a_number_picks_what_was_offered(
    platform: Platform, person: Person, engine: EchoEngine, text: str
) -> None:
    shown = (await platform.send(person.text("工资"))).shown
    assert "接着问，回复数字就行：\n1. 讨工资需要什么证据\n2. 老板跑了找谁\n3. 仲裁要多久" in str(shown)
    assert str((await platform.send(person.text(text))).shown).startswith("答〔老板跑了找谁〕完。")
    assert engine.asked == ["工资", "老板跑了找谁"]


async def test_a_number_picks_from_the_last_answer_of_this_person_only(
    platform: Platform, person: Person, engine: EchoEngine
) -> None:
    await platform.send(person.text("工资"))
    await platform.send(Person().text("2"))
    await platform.send(person.text("9"))
    engine.follow_ups = ()
    await platform.send(person.text("别的"))
    await platform.send(person.text("1"))
    assert engine.asked == ["工资", "2", "9", "别的", "1"]


@pytest.mark.parametrize("text", ["12", "110", "2个月没发工资", "一直拖欠", "0", "二大爷", "第二次", "-1", "1.5"])
def test_what_is_no_choice(text: str) -> None:
    assert choices.number(text) == 0


async def test_small_talk_leaves_choices_and_verdict_where_they_were(
    platform: Platform, person: Person, engine: EchoEngine, rows: Any
) -> None:
    await platform.send(person.text("工资"))
    engine.small_talk = True
    assert (await platform.send(person.text("谢谢"))).shown == "答〔谢谢〕完。"
    assert (await platform.send(person.text("满意"))).shown == say("satisfied")
    query = "SELECT text, verdict FROM feedback JOIN turns ON turns.id = turn_id"
    assert rows(query) == [("工资", "good")]
    engine.small_talk = False
    assert str((await platform.send(person.text("2"))).shown).startswith("答〔老板跑了找谁〕完。")


@pytest.mark.parametrize(
    ("text", "asked"),
    [("[微笑]工钱不给[发怒]", "工钱不给"), ("工钱不给/::)", "工钱不给"), ("/:rose工钱[Smile]", "工钱")],
)
async def test_little_faces_are_left_out(
    platform: Platform, person: Person, engine: EchoEngine, text: str, asked: str
) -> None:
    await platform.send(person.text(text))
    assert engine.asked == [asked]


@pytest.mark.parametrize("text", ["[微笑]", "/::)", "\u200b"])
async def test_what_holds_no_words_is_no_question_and_gets_no_verdict(
    platform: Platform, person: Person, engine: EchoEngine, text: str
) -> None:
    shown = str((await platform.send(person.text(text))).shown)
    assert (engine.asked, say("rate") in shown, "12348" in shown) == ([], False, True)


async def test_a_pick_counts_once_though_it_is_delivered_twice(
    platform: Platform, person: Person, engine: EchoEngine
) -> None:
    await platform.send(person.text("工资"))
    engine.seconds = lambda _: 1.3
    came = await platform.send(person.text("3"))
    assert (came.tries, engine.asked) == (2, ["工资", "仲裁要多久"])


# --- message menus ---


async def test_an_account_with_message_menus_gets_the_choices_to_tap(
    start: Any, person: Person, wechat_api: FakeApi, engine: EchoEngine, rows: Any
) -> None:
    platform = await start(wechat_certified=True, wechat_msgmenu=True)
    shown = str((await platform.send(person.text("工资"))).shown)
    assert "1. " not in shown
    assert "满意" not in shown
    await until(lambda: wechat_api.sent)
    (sent,) = wechat_api.sent
    assert (sent["touser"], sent["msgtype"]) == (person.openid, "msgmenu")
    items = sent["msgmenu"]["list"]
    assert [item["content"] for item in items] == [*engine.follow_ups, "满意", "不满意"]
    click = person.text(items[1]["content"], bizmsgmenuid=items[1]["id"])
    assert str((await platform.send(click)).shown).startswith("答〔老板跑了找谁〕完。")
    bad = person.text("不满意", bizmsgmenuid=items[4]["id"])
    assert (await platform.send(bad)).shown == say("unsatisfied")
    assert rows("SELECT verdict, reason FROM feedback") == [("bad", "")]


async def test_one_message_gets_two_messages_at_most(
    start: Any, person: Person, wechat_api: FakeApi, engine: EchoEngine
) -> None:
    """WeChat allows five after a message and three after a click: a late answer and its choices are two."""
    platform = await start(wechat_certified=True, wechat_msgmenu=True)
    engine.seconds = lambda _: 1.0
    for fields in (person.text("慢问题"), person.event("CLICK", key("拖欠工资怎么办"))):
        wechat_api.sent.clear()
        assert "马上发给您" in str((await platform.send(fields)).shown)
        await until(lambda: len(wechat_api.sent) == 2)
        await asyncio.sleep(0.3)
        assert [sent["msgtype"] for sent in wechat_api.sent] == ["text", "msgmenu"]


async def test_an_account_without_the_right_to_menus_stops_trying(
    start: Any, person: Person, wechat_api: FakeApi
) -> None:
    platform = await start(wechat_certified=True, wechat_msgmenu=True)
    wechat_api.errors = [40200]
    await platform.send(person.text("工资"))
    await until(lambda: not wechat_api.errors)
    await platform.send(person.text("工资二"))
    await asyncio.sleep(0.8)
    assert wechat_api.sent == []


async def test_a_click_about_someone_elses_turn_is_only_words(
    platform: Platform, person: Person, engine: EchoEngine, rows: Any
) -> None:
    await platform.send(person.text("工资"))
    ((turn,),) = rows("SELECT id FROM turns")
    stranger = Person()
    await platform.send(stranger.text("满意", bizmsgmenuid=f"good/{turn}"))
    await platform.send(stranger.text("问", bizmsgmenuid=f"ask/{turn}/1"))
    assert rows("SELECT count(*) FROM feedback") == [(0,)]
    assert engine.asked == ["工资", "满意", "问"]


# --- feedback ---


@pytest.mark.parametrize(
    ("text", "kept", "said"),
    [
        ("满意", ("good", ""), "satisfied"),
        ("很满意！", ("good", ""), "satisfied"),
        ("不满意", ("bad", ""), "unsatisfied"),
        ("不满意：没说清找谁", ("bad", "没说清找谁"), "reason-kept"),
        ("不满意，打13812345678", ("bad", "打〔手机号已隐藏〕"), "reason-kept"),
    ],
)
async def test_a_verdict_is_kept_with_its_turn(
    platform: Platform, person: Person, rows: Any, text: str, kept: tuple[str, str], said: str
) -> None:
    shown = (await platform.send(person.text("工资"))).shown
    assert str(shown).endswith(say("rate"))
    assert (await platform.send(person.text(text))).shown == say(said)
    query = "SELECT verdict, feedback.reason FROM feedback JOIN turns ON turns.id = turn_id WHERE text = '工资'"
    assert rows(query) == [kept]
    assert rows("SELECT count(*) FROM turns") == [(1,)]


async def test_the_last_verdict_counts(platform: Platform, person: Person, rows: Any) -> None:
    await platform.send(person.text("工资"))
    for text in ("满意", "不满意", "不满意：太长"):
        await platform.send(person.text(text))
    assert rows("SELECT verdict, reason FROM feedback") == [("bad", "太长")]


async def test_a_verdict_about_nothing(platform: Platform, person: Person, engine: EchoEngine) -> None:
    """Praise is thanked for; who is dissatisfied with something else is asking."""
    assert (await platform.send(person.text("满意"))).shown == say("satisfied-by-nothing")
    await platform.send(person.text("不满意"))
    assert engine.asked == ["不满意"]


async def test_a_cry_for_help_in_a_verdict_is_heard(platform: Platform, person: Person, rows: Any) -> None:
    await platform.send(person.text("工资"))
    assert "先打 110" in str((await platform.send(person.text("不满意：救命"))).shown)
    assert rows("SELECT count(*) FROM feedback") == [(0,)]


@pytest.mark.parametrize("text", ["不满意判决怎么办", "对调解不满意", "满意度怎么查", "满意的律师"])
def test_what_is_no_verdict(text: str) -> None:
    assert choices.verdict(text) is None


def test_a_verdict_with_its_reason() -> None:
    assert choices.verdict("不满意: 慢") == (Verdict.UNSATISFIED, "慢")
    assert choices.verdict("非常满意") == (Verdict.SATISFIED, "")


# --- limits ---


async def test_too_long_too_many_and_nothing_are_explained(start: Any, person: Person) -> None:
    platform = await start(max_text=50, turns_per_minute=2)
    assert (await platform.send(person.text("长" * 51))).shown == say("too-long", limit=50)
    assert "请打 12348。" in str((await platform.send(person.text("\u200b"))).shown)
    assert (await platform.send(person.text("再来"))).shown == say("too-many")
    assert for_display("\u200b") == ""


async def test_one_person_has_one_conversation(platform: Platform, person: Person, rows: Any) -> None:
    for text in ("一问", "二问", "三问"):
        await platform.send(person.text(text))
    await platform.send(Person().text("别人"))
    assert rows("SELECT channel, count(*) FROM conversations GROUP BY channel") == [("wechat", 2)]
    assert rows("SELECT count(DISTINCT conversation_id) FROM turns WHERE text LIKE '_问'") == [(1,)]
