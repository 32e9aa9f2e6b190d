"""The channel's tables: what is forgotten when, and what goes with a conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import text

from bot.channels.wechat import store as store_module
from bot.channels.wechat.identity import Identity
from bot.channels.wechat.messages import Message
from bot.channels.wechat.pages import PageRow, find_page
from bot.channels.wechat.store import NonceReused, Shown, WeChatStore
from bot.conversations.feedback import Verdict, feedback_on, give_feedback
from bot.conversations.store import ConversationStore
from tests.bot.fakes import erase_older_than


@pytest_asyncio.fixture
async def conversations(database_url: str) -> AsyncIterator[ConversationStore]:
    opened = ConversationStore(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def store(conversations: ConversationStore) -> WeChatStore:
    return WeChatStore(conversations)


async def counts(conversations: ConversationStore) -> dict[str, int]:
    names = ("wechat_users", "wechat_messages", "wechat_nonces", "answer_pages", "feedback")
    found = {}
    for name in names:
        query = text(f"SELECT count(*) FROM {name}")
        found[name] = await conversations.run(lambda connection, query=query: connection.execute(query).scalar())
    return found


async def test_a_message_is_claimed_once_and_its_first_reply_stands(
    conversations: ConversationStore, store: WeChatStore
) -> None:
    first = await store.claim("k", "n1", "p")
    second = await WeChatStore(conversations).claim("k", "n2", "p")
    assert (first.mine, second.mine, second.tries) == (True, False, 2)
    assert first.conversation_id == second.conversation_id
    assert await store.look("k") == (None, False)
    assert await store.settle("k", "甲") == "甲"
    assert await store.settle("k", "乙") == "甲"
    assert (await store.claim("k", "n1", "p")).reply == "甲"


async def test_no_reply_is_a_reply_too(store: WeChatStore) -> None:
    await store.claim("k", "n", "p")
    assert await store.settle("k", "") == ""
    assert (await store.claim("k", "n", "p")).reply == ""


async def test_a_nonce_of_another_message_counts_for_nothing(
    conversations: ConversationStore, store: WeChatStore
) -> None:
    await store.claim("k1", "n", "p")
    with pytest.raises(NonceReused):
        await store.claim("k2", "n", "p2")
    assert (await counts(conversations))["wechat_messages"] == 1
    assert (await counts(conversations))["wechat_users"] == 1


async def test_a_claim_lasts_while_it_is_renewed(
    conversations: ConversationStore, store: WeChatStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = WeChatStore(conversations)
    monkeypatch.setattr(store_module, "LEASE", timedelta(seconds=-1))
    await store.claim("k", "n", "p")
    monkeypatch.undo()
    await store.renew(["k"])
    assert await other.look("k") == (None, False)
    monkeypatch.setattr(store_module, "LEASE", timedelta(seconds=-1))
    await store.renew(["k"])
    monkeypatch.undo()
    assert await other.look("k") == (None, True)
    await store.renew(["k"])  # no longer its own
    assert await store.look("k") == (None, False)


async def test_all_claims_of_a_process_are_renewed_at_once_and_no_others(
    conversations: ConversationStore, store: WeChatStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = WeChatStore(conversations)
    monkeypatch.setattr(store_module, "LEASE", timedelta(seconds=-1))
    for name in ("a", "b", "left"):
        await store.claim(name, name, "p")
    await other.claim("theirs", "t", "p2")
    monkeypatch.undo()
    await store.renew(["a", "b", "theirs"])
    late = WeChatStore(conversations)
    assert [(await late.look(name))[1] for name in ("a", "b", "left", "theirs")] == [False, False, True, True]


async def test_what_is_old_is_forgotten(
    conversations: ConversationStore, store: WeChatStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = await store.claim("k", "n", "p")
    soon = PageRow("id-1", claim.conversation_id, "wx-1", datetime.now(UTC) + timedelta(days=1))
    over = PageRow("id-2", claim.conversation_id, "wx-2", datetime.now(UTC) - timedelta(seconds=1))
    await store.settle("k", "甲", "p", Shown(("一",), "t"), soon)
    await store.settle("k", "甲", page=over)
    await store.purge()
    assert await counts(conversations) == {
        "wechat_users": 1,
        "wechat_messages": 1,
        "wechat_nonces": 1,
        "answer_pages": 1,
        "feedback": 0,
    }
    assert await find_page(conversations, "id-1") is not None
    assert await find_page(conversations, "id-2") is None
    monkeypatch.setattr(store_module, "KEEP_NONCES", timedelta(0))
    monkeypatch.setattr(store_module, "KEEP_MESSAGES", timedelta(0))
    await store.purge()
    left = await counts(conversations)
    assert (left["wechat_messages"], left["wechat_nonces"], left["wechat_users"]) == (0, 0, 1)
    assert await store.shown("p") == Shown(("一",), "t")


async def test_an_erased_conversation_takes_everything_along(
    conversations: ConversationStore, store: WeChatStore
) -> None:
    claim = await store.claim("k", "n", "p")
    turn = await conversations.begin_turn(claim.conversation_id, "wx-1", "问", ())
    await store.settle("k", "甲", page=PageRow("id", claim.conversation_id, "wx-1", datetime.now(UTC)))
    assert await give_feedback(conversations, claim.conversation_id, turn.id, Verdict.SATISFIED)
    await erase_older_than(conversations, -1)
    left = await counts(conversations)
    assert (left["wechat_users"], left["answer_pages"], left["feedback"]) == (0, 0, 0)
    assert (await store.claim("k2", "n2", "p")).conversation_id != claim.conversation_id


async def test_feedback_is_for_ones_own_turns_masked_and_short(conversations: ConversationStore) -> None:
    mine, _ = await conversations.open_conversation("web")
    other, _ = await conversations.open_conversation("web")
    turn = await conversations.begin_turn(mine, "t1", "问", ())
    assert not await give_feedback(conversations, other, turn.id, Verdict.SATISFIED)
    assert await feedback_on(conversations, turn.id) is None
    assert await give_feedback(conversations, mine, turn.id, Verdict.UNSATISFIED, "打13812345678" + "长" * 300)
    given = await feedback_on(conversations, turn.id)
    assert given is not None
    assert (given.verdict, given.reason[:11], len(given.reason)) == (Verdict.UNSATISFIED, "打〔手机号已隐藏〕长长", 200)


def test_names_depend_on_account_and_key_and_do_not_run_into_each_other() -> None:
    def message(openid: str, number: str) -> Message:
        return Message("gh", openid, "text", "1", {"MsgId": number})

    ours = Identity("t" * 16, "wx1")
    others = [Identity("u" * 16, "wx1"), Identity("t" * 16, "wx2")]
    names = {
        ours.person("a"),
        ours.message(message("a", "12")),
        ours.message(message("a1", "2")),
        ours.message(message("a", "1")),
        ours.nonce("a", "1"),
        *(other.person("a") for other in others),
    }
    assert len(names) == 7
    assert len(ours.turn(ours.message(message("a", "1")))) <= 64
    assert ours.page("k") != ours.page("l")
