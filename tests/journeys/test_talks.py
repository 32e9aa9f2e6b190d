"""Whole talks with the product as it is started: follow-ups, forms, people, and what goes wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.journeys.resident import Resident

pytestmark = pytest.mark.rasa

MOBILE = "13812345678"
AID_QUESTION = "您遇到的是哪一类事"


def numbers(answer: dict[str, Any]) -> list[str]:
    return [door["number"] for door in answer["routes"] if door["number"]]


def says(answer: dict[str, Any], *words: str) -> None:
    missing = [word for word in words if word not in answer["text"]]
    assert not missing, (missing, answer["text"])


# --- going on from what was said -------------------------------------------------------------------------------------


def test_wages_then_what_to_bring_what_it_costs_and_how_long(resident: Resident) -> None:
    resident.ask("老板拖欠我三个月工资怎么办")
    says(resident.ask("那要带什么材料"), "考勤")
    says(resident.ask("要花钱吗"), "不收费")
    says(resident.ask("多长时间内要去"), "一年")


def test_an_injury_told_in_dialect(resident: Resident) -> None:
    resident.ask("俺在工地上砸住脚了,算不算工伤")
    assert resident.ask("那去哪申请嘞")["matter"] == "工伤"
    says(resident.ask("老板没给交保险呢"), "保险")


def test_voice_text_without_punctuation(resident: Resident) -> None:
    assert resident.ask("老婆要跟我离婚房子是婚前买的咋分")["matter"] == "离婚"
    assert resident.ask("那孩子归谁呢")["matter"] in ("离婚", "抚养费/探望")


def test_the_hours_of_the_hotline_named_before_are_not_invented(resident: Resident) -> None:
    assert resident.ask("怎么申请法律援助")["matter"] == "法律援助"
    answer = resident.ask("上面那个热线几点上班")
    assert answer["reason"] == "hours-unknown"
    says(answer, "0372-5139017", "没有核对过")


def test_the_number_to_call_about_what_was_said(resident: Resident) -> None:
    doors = numbers(resident.ask("老板拖欠工资怎么办"))
    answer = resident.ask("那打哪个电话")
    assert answer["reason"] == "doors"
    assert set(numbers(answer)) <= set(doors)
    says(answer, "12333")


def test_i_mean_child_support_not_divorce(resident: Resident) -> None:
    assert resident.ask("离婚要多少钱")["matter"] == "离婚"
    assert resident.ask("我是说抚养费,不是离婚")["matter"] == "抚养费/探望"
    assert resident.ask("那过了几年还能要吗")["matter"] == "抚养费/探望"


def test_back_to_the_injury_after_the_neighbour(resident: Resident) -> None:
    resident.ask("上班路上摔伤了算工伤吗")
    assert resident.ask("邻居家挡了我家的光")["matter"] == "邻里纠纷"
    answer = resident.ask("回到刚才工伤那个事,认定要多长时间")
    assert answer["matter"] == "工伤"
    says(answer, "六十天")


def test_a_new_whole_question_is_not_bent_by_the_old_one(resident: Resident) -> None:
    alone = Resident(resident.url).ask("行政复议要不要钱")
    resident.ask("离婚冷静期多长时间")
    assert resident.ask("行政复议要不要钱") == alone


def test_the_second_offer_by_its_number(resident: Resident) -> None:
    offers = resident.ask("怎么申请公证")["follow_ups"]
    assert resident.ask("第二个")["text"] == Resident(resident.url).ask(offers[1])["text"]


def test_what_the_guide_does_not_say_is_not_made_up(resident: Resident) -> None:
    assert resident.ask("怎么申请政府信息公开")["matter"] == "政府信息公开"
    answer = resident.ask("要钱不")
    assert (answer["status"], answer["reason"]) == ("unanswerable", "not-in-guide")
    assert answer["routes"]


def test_two_questions_at_once_are_answered_one_after_the_other(resident: Resident) -> None:
    answer = resident.ask("离婚要交多少钱?另外工伤认定要几天?")
    assert answer["reason"] == "several"
    says(answer, "【离婚要交多少钱】", "【工伤认定要几天】", "六十天")
    assert answer["text"].index("【离婚") < answer["text"].index("【工伤")


def test_one_long_story_is_not_cut_up(resident: Resident) -> None:
    story = "我给包工头干了三个月,干完他说没钱,我去找他要了好几回他都躲着,现在手机也不接了。请问工钱咋要?"
    answer = resident.ask(story)
    assert answer["reason"] != "several"
    assert answer["matter"] == "拖欠工资"


def test_the_same_question_again_points_to_a_person(resident: Resident) -> None:
    first = resident.ask("拖欠工资怎么办")
    again = resident.ask("拖欠工资怎么办")
    assert again["reason"] == "repeated"
    says(again, first["text"], "转人工")


def test_thanks_with_a_question_behind_goes_on(resident: Resident) -> None:
    resident.ask("办公证要带什么材料")
    assert resident.ask("好的谢谢,那要多久")["matter"] == "公证"


# --- not understood, displeased, rude --------------------------------------------------------------------------------


def test_two_misses_in_a_row_lead_to_people(resident: Resident) -> None:
    first = resident.ask("房东要提前收房可以吗")
    assert first["reason"] in ("nothing-found", "clarify")
    answer = resident.ask("开发商逾期不交房")
    assert answer["reason"] == "second-miss"
    assert "转人工" in answer["follow_ups"]
    assert numbers(answer)[0] == "12348"


def test_a_complaint_is_answered_once_in_full(resident: Resident) -> None:
    assert resident.ask("你回答的没用")["reason"] == "complaint"
    assert resident.ask("你这机器人真没用")["reason"] == "complaint-again"


def test_abuse_is_met_calmly_and_then_shortly(resident: Resident) -> None:
    assert resident.ask("你个傻逼")["reason"] == "abuse"
    assert resident.ask("滚蛋")["reason"] == "abuse-again"
    assert resident.ask("老板拖欠工资怎么办")["matter"] == "拖欠工资"


def test_swearing_with_a_matter_is_a_question(resident: Resident) -> None:
    assert resident.ask("他妈的老板欠我工资不给咋弄")["matter"] == "拖欠工资"


def test_english_is_told_where_to_call(resident: Resident) -> None:
    answer = resident.ask("My boss does not pay my wages, what can I do?")
    assert answer["reason"] == "type-chinese"
    assert "12348" in numbers(answer)


# --- the advisor of the village --------------------------------------------------------------------------------------


def test_without_a_directory_the_way_to_the_advisor_is_told(resident: Resident) -> None:
    answer = resident.ask("我住水冶镇北街社区,找法律顾问")
    assert answer["reason"] == "advisor-not-loaded"
    says(answer, "水冶镇北街社区", "公示牌", "司法所", "12348")


def test_what_an_advisor_does_is_a_question_and_offers_to_find_him(resident: Resident) -> None:
    answer = resident.ask("村里的法律顾问收费吗")
    assert answer["matter"] == "村（居）法律顾问"
    assert "我村的法律顾问是谁" in answer["follow_ups"]
    assert resident.ask("我村的法律顾问是谁")["reason"] == "advisor-not-loaded"


# --- the legal-aid pre-check -----------------------------------------------------------------------------------------


def test_the_pre_check_from_the_first_question_to_the_result(resident: Resident) -> None:
    answer = resident.ask("我能不能申请法律援助")
    says(answer, AID_QUESTION, "第 1 题")
    asked = 0
    while answer["reason"] == "legal-aid-asking":
        asked += 1
        assert asked <= 7
        answer = resident.ask(answer["follow_ups"][0] if asked != 1 else "要工钱、要赔偿、家里的事")
    assert answer["reason"] in ("legal-aid-likely", "legal-aid-possibly")
    assert answer["citations"]
    assert "0372-5139017" in numbers(answer)


def test_a_question_about_legal_aid_is_answered_and_offers_the_pre_check(resident: Resident) -> None:
    answer = resident.ask("申请法律援助要什么条件")
    assert answer["reason"] == "answered"
    offer = next(text for text in answer["follow_ups"] if "帮我看看" in text)
    says(resident.ask(offer), AID_QUESTION)


def test_a_question_in_the_middle_is_answered_and_the_form_asks_again(resident: Resident) -> None:
    resident.ask("帮我看看够不够条件,我想申请法律援助")
    resident.ask("要工钱、要赔偿、家里的事")
    pending = resident.ask("要工钱、确认劳动关系")
    answer = resident.ask("劳动仲裁收费吗")
    says(answer, "不收费", pending["text"].split("\n")[0][:6])
    assert answer["follow_ups"] == pending["follow_ups"]
    assert resident.ask("1")["reason"] == "legal-aid-asking"


def test_an_answer_can_be_corrected(resident: Resident) -> None:
    resident.ask("我能不能申请法律援助")
    resident.ask("刑事的")
    assert resident.ask("刚才说错了,是民事的")["reason"] == "legal-aid-corrected"


def test_left_in_the_middle_and_taken_up_again(resident: Resident) -> None:
    resident.ask("我能不能申请法律援助")
    pending = resident.ask("要工钱、要赔偿、家里的事")
    assert resident.ask("算了")["reason"] == "legal-aid-left"
    assert resident.ask("老板拖欠工资怎么办")["matter"] == "拖欠工资"
    resumed = resident.ask("接着预检")
    assert resumed["reason"] == "legal-aid-resumed"
    assert resumed["follow_ups"] == pending["follow_ups"]


def test_danger_inside_the_form_comes_first_and_the_form_goes_on(resident: Resident) -> None:
    resident.ask("我能不能申请法律援助")
    pending = resident.ask("要工钱、要赔偿、家里的事")
    answer = resident.ask("他拿刀在门口不让我走")
    assert (answer["status"], answer["routes"][0]["number"]) == ("crisis", "110")
    assert resident.ask("第一个")["reason"] == "legal-aid-asking"
    assert pending["follow_ups"]


# --- people ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wish", ["转人工", "俺不跟机器说,叫个人来", "少啰嗦,给我找个真人", "转人公"])
def test_a_person_at_once(resident: Resident, wish: str) -> None:
    answer = resident.ask(wish)
    assert answer["status"] == "handover"
    assert numbers(answer)[0] == "12348"


def test_a_person_inside_the_form(resident: Resident) -> None:
    resident.ask("我能不能申请法律援助")
    assert resident.ask("转人工")["status"] == "handover"
    answer = resident.ask("劳动仲裁收费吗")
    assert answer["reason"] == "answered"
    assert "第 " not in answer["text"]


def test_a_number_is_left_for_a_call_back_and_stands_nowhere(resident: Resident) -> None:
    assert "请工作人员给我回电话" in resident.ask("转人工")["follow_ups"]
    assert resident.ask("请工作人员给我回电话")["reason"] == "callback-consent"
    assert resident.ask("同意")["reason"] == "callback-number"
    kept = resident.ask(f"我的号码是{MOBILE}")
    assert kept["reason"] == "callback-kept"
    says(kept, "138****5678", "不能保证")
    assert MOBILE not in json.dumps(resident.history(), ensure_ascii=False)


def test_no_number_without_consent(resident: Resident) -> None:
    resident.ask("请工作人员给我回电话")
    answer = resident.ask(MOBILE)
    assert answer["reason"] != "callback-kept"
    assert resident.ask("不用了")["reason"] == "callback-left"
