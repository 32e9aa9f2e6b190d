"""Each form through all its turns: one answer a turn, interrupted, corrected, left, taken up again."""

from __future__ import annotations

import pytest

from actions.advisor import ValidateAdvisorForm
from actions.call_back import ValidateCallbackForm
from actions.legal_aid import ValidateLegalAidForm
from bot.conversations import callbacks
from knowledge.answer import Knowledge
from tests.actions.conftest import NORTH_STREET, Talk

pytestmark = pytest.mark.model


# --- the advisor of the village --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("with_directory")
class TestAdvisor:
    async def test_where_do_you_live_then_the_card(self) -> None:
        talk = Talk(ValidateAdvisorForm())
        assert (await talk.say("俺村律师是谁", "find_advisor"))["reason"] == "advisor-where"
        card = await talk.say(NORTH_STREET)
        assert card["reason"] == "advisor-card"
        assert "测试员" in card["text"]
        assert not talk.active
        assert talk.slots["place"]

    async def test_named_at_once_nothing_is_asked(self) -> None:
        talk = Talk(ValidateAdvisorForm())
        assert (await talk.say("我住水冶镇北街社区,找法律顾问", "find_advisor"))["reason"] == "advisor-card"
        assert not talk.active

    async def test_known_from_before_nothing_is_asked(self) -> None:
        talk = Talk(ValidateAdvisorForm())
        await talk.say("我住水冶镇北街社区,找法律顾问", "find_advisor")
        assert (await talk.say("俺村律师是谁", "find_advisor"))["reason"] == "advisor-card"

    async def test_a_name_that_two_places_have_is_asked_back_and_chosen_by_number(self) -> None:
        talk = Talk(ValidateAdvisorForm())
        await talk.say("俺村律师是谁", "find_advisor")
        which = await talk.say("东街")
        assert which["reason"] == "advisor-which"
        assert len(which["follow_ups"]) > 1
        assert (await talk.say("1"))["reason"] in ("advisor-card", "advisor-not-listed")
        assert not talk.active

    async def test_a_question_in_between_is_answered_and_the_form_asks_again(self) -> None:
        talk = Talk(ValidateAdvisorForm())
        await talk.say("俺村律师是谁", "find_advisor")
        answer = await talk.say("劳动仲裁要不要交钱")
        assert answer["status"] == "answered"
        assert "您住在哪个村" in answer["text"]
        assert (await talk.say(NORTH_STREET))["reason"] == "advisor-card"

    async def test_left_when_the_resident_has_enough(self) -> None:
        talk = Talk(ValidateAdvisorForm())
        await talk.say("俺村律师是谁", "find_advisor")
        assert (await talk.say("算了", "goodbye"))["reason"] == "advisor-left"
        assert not talk.active

    async def test_it_does_not_ask_for_ever(self) -> None:
        talk = Talk(ValidateAdvisorForm())
        await talk.say("俺村律师是谁", "find_advisor")
        for _ in range(3):
            assert talk.active
            await talk.say("嘟嘟噜嗒嗒")
        assert not talk.active

    async def test_a_question_about_advisors_begins_no_form(self) -> None:
        talk = Talk(ValidateAdvisorForm())
        answer = await talk.say("村里的法律顾问收费吗", "find_advisor")
        assert answer["reason"] == "answered"
        assert not talk.active


@pytest.mark.usefixtures("without_directory")
async def test_without_a_directory_the_way_is_told_at_once() -> None:
    talk = Talk(ValidateAdvisorForm())
    assert (await talk.say("俺村律师是谁", "find_advisor"))["reason"] == "advisor-not-loaded"
    assert not talk.active


# --- the legal-aid pre-check -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_directory")
class TestLegalAid:
    async def test_from_the_first_question_to_the_result(self) -> None:
        talk = Talk(ValidateLegalAidForm())
        answer = await talk.say("我能不能申请法律援助", "check_legal_aid")
        for _ in range(7):
            if not talk.active:
                break
            answer = await talk.say(answer["follow_ups"][0])
        assert not talk.active
        assert talk.slots["legal_aid_outcome"] in ("likely", "possibly")
        assert answer["citations"]
        assert talk.slots["legal_aid"] is None

    async def test_a_question_in_between_keeps_the_replies(self) -> None:
        talk = Talk(ValidateLegalAidForm())
        await talk.say("我能不能申请法律援助", "check_legal_aid")
        pending = await talk.say("要工钱、要赔偿、家里的事")
        before = dict(talk.slots["legal_aid"])
        answer = await talk.say("劳动仲裁要不要交钱")
        assert answer["follow_ups"] == pending["follow_ups"]
        assert "接着刚才的问题" in answer["text"]
        assert talk.slots["legal_aid"] == before

    async def test_left_and_taken_up_again(self) -> None:
        talk = Talk(ValidateLegalAidForm())
        await talk.say("我能不能申请法律援助", "check_legal_aid")
        pending = await talk.say("要工钱、要赔偿、家里的事")
        assert (await talk.say("不问了", "goodbye"))["reason"] == "legal-aid-left"
        resumed = await talk.say("接着预检", "check_legal_aid")
        assert (resumed["reason"], resumed["follow_ups"]) == ("legal-aid-resumed", pending["follow_ups"])

    async def test_a_person_at_once_and_then_on_again(self) -> None:
        talk = Talk(ValidateLegalAidForm())
        await talk.say("我能不能申请法律援助", "check_legal_aid")
        await talk.say("要工钱、要赔偿、家里的事")
        assert (await talk.say("转人工", "talk_to_person"))["status"] == "handover"
        assert not talk.active
        assert (await talk.say("接着预检", "check_legal_aid"))["reason"] == "legal-aid-resumed"

    async def test_a_reply_that_sounds_like_danger_counts_and_the_numbers_come_first(self) -> None:
        talk = Talk(ValidateLegalAidForm())
        await talk.say("我能不能申请法律援助", "check_legal_aid")
        answer = await talk.say("家暴", "crisis")
        assert answer["routes"][0]["number"] == "110"
        assert talk.slots["legal_aid"]

    async def test_what_is_not_understood_is_asked_in_other_words(self) -> None:
        talk = Talk(ValidateLegalAidForm())
        await talk.say("我能不能申请法律援助", "check_legal_aid")
        answer = await talk.say("房东要提前收房可以吗")
        assert answer["reason"] in ("legal-aid-not-understood", "legal-aid-asking", "clarify", "asked-again")
        assert talk.active

    async def test_asked_for_again_it_goes_on(self) -> None:
        talk = Talk(ValidateLegalAidForm())
        await talk.say("我能不能申请法律援助", "check_legal_aid")
        again = await talk.say("帮我看看能不能申请法律援助", "check_legal_aid")
        assert again["reason"] == "legal-aid-open"

    @pytest.mark.parametrize("text", ["申请法律援助要什么条件", "法律援助要带啥材料", "怎么申请法律援助"])
    async def test_a_question_for_information_begins_no_form(self, text: str, knowledge: Knowledge) -> None:
        talk = Talk(ValidateLegalAidForm())
        answer = await talk.say(text, "check_legal_aid")
        assert not talk.active
        assert answer["text"] == knowledge.answer(text).text
        assert answer["follow_ups"][0] == "帮我看看能不能申请法律援助"


# --- a call back -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_directory")
async def test_no_call_back_where_none_is_set_up() -> None:
    assert callbacks.current() is None
    talk = Talk(ValidateCallbackForm())
    assert (await talk.say("请给我回电话", "call_back"))["reason"] == "callback-off"
    assert not talk.active


@pytest.mark.usefixtures("without_directory")
async def test_a_number_before_the_yes_is_not_kept_and_no_question(monkeypatch: pytest.MonkeyPatch) -> None:
    class Requests:
        async def keep(self, conversation_id: str) -> str:
            return "138****5678"

    monkeypatch.setattr(callbacks, "current", Requests)
    talk = Talk(ValidateCallbackForm())
    assert (await talk.say("请给我回电话", "call_back"))["reason"] == "callback-consent"
    assert (await talk.say("我叫张伟，电话〔手机号已隐藏〕"))["reason"] == "callback-agree-first"
    assert talk.active
    assert (await talk.say("同意", "affirm"))["reason"] == "callback-number"
    assert (await talk.say("〔手机号已隐藏〕"))["reason"] == "callback-kept"
    assert not talk.active
