"""Checks of our Rasa components, run by tests/wiring/test_rasa.py inside the Rasa environment (it has no pytest).

Prints one line per check that held; an assertion ends the run.
"""

from __future__ import annotations

import asyncio
import base64
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bot.dialogue import patches


def message_of(kind: type[Exception], call: Callable[..., Any], *arguments: Any) -> str:
    """The message of the error that ``call`` has to raise."""
    try:
        result = call(*arguments)
    except kind as error:
        return str(error)
    raise AssertionError(f"no {kind.__name__} for {arguments}, but {result}")


def check_every_patch_fits_this_rasa() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        applied = patches.apply_all()
    assert not [str(item.message) for item in caught if "Rasa differs" in str(item.message)]
    assert len(applied) == len(patches._PATCHES) >= 11


def check_a_patch_for_another_rasa_is_left_out() -> None:
    from rasa.core.lock import TicketLock

    before = TicketLock.is_locked
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert not patches._apply("rasa.core.lock", "TicketLock.is_locked", "0" * 12, lambda _original: None)
        assert not patches._apply("rasa.core.lock", "TicketLock.gone", "0" * 12, lambda _original: None)
    assert TicketLock.is_locked is before
    assert len(caught) == 2


def check_malformed_action_replies_are_refused_without_quoting_them() -> None:
    from rasa.core.actions.action import RemoteAction
    from rasa.shared.exceptions import RasaException

    action = RemoteAction("action_answer", None)
    assert action._validate_action_result({"events": [], "responses": [{"text": "好"}]})
    good = [
        {"event": "slot", "timestamp": None, "name": "talk", "value": {}},
        {"event": "followup", "name": "action_answer"},
    ]
    assert action._validate_action_result({"events": good, "responses": []})
    for events in ([{"event": "slot", "name": "我的秘密"}], [{"event": "我的秘密"}], [{}], ["我的秘密"], "我的秘密"):
        assert "秘密" not in message_of(RasaException, action._validate_action_result, {"events": events})
    for reply in ([], "garbage", {"events": [{"event": "user", "text": ["我的秘密"]}]}, {"responses": "我的秘密"}):
        assert "秘密" not in message_of(RasaException, action._validate_action_result, reply)


def check_event_classes_resolve_as_before() -> None:
    from rasa.shared.core.events import ActionExecuted, Event, UserUttered

    for _ in range(2):
        assert Event.resolve_by_type("user") is UserUttered
        assert Event.resolve_by_type("action") is ActionExecuted
        assert Event.resolve_by_type("topic") is None
        assert Event.resolve_by_type("unheard of", UserUttered) is UserUttered
    assert "unheard of" in message_of(ValueError, Event.resolve_by_type, "unheard of")


def check_sessions_end_after_fifteen_turns_but_not_inside_a_form() -> None:
    from types import SimpleNamespace

    from rasa.core.processor import MessageProcessor
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.events import ActiveLoop, ConversationPaused, SessionStarted, UserUttered
    from rasa.shared.core.trackers import DialogueStateTracker

    processor: Any = SimpleNamespace(domain=Domain.from_dict({"session_config": {"session_expiration_time": 60}}))

    def expired(turns: int, *more: Any) -> bool:
        events = [UserUttered("早先")] * 40 + [SessionStarted()] + [UserUttered("问")] * turns + list(more)
        tracker = DialogueStateTracker.from_events("s", events)
        return MessageProcessor._has_session_expired(processor, tracker)

    assert not expired(0)
    assert not expired(14)
    assert expired(15)
    assert not expired(15, ActiveLoop("some_form"))
    assert not expired(15, ConversationPaused())


def check_an_action_gets_this_turn_only() -> None:
    from rasa.core.actions.action import RemoteAction
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.events import ActionExecuted, BotUttered, SlotSet, UserUttered
    from rasa.shared.core.trackers import DialogueStateTracker

    domain = Domain.from_dict({"slots": {"matter": {"type": "text", "mappings": [{"type": "custom"}]}}})
    events = [UserUttered("早先"), ActionExecuted("action_answer"), BotUttered("答"), SlotSet("matter", "wages")]
    events += [UserUttered("现在"), SlotSet("place", "水冶")]
    tracker = DialogueStateTracker.from_events("s", events, domain.slots)
    call = RemoteAction("action_answer", None)._action_call_format(tracker, domain)
    assert [event["event"] for event in call["tracker"]["events"]] == ["user", "slot"]
    assert call["tracker"]["latest_message"]["text"] == "现在"
    assert call["tracker"]["slots"]["matter"] == "wages"
    assert set(call["domain"]) == {"slots", "forms"}
    assert (call["next_action"], call["sender_id"]) == ("action_answer", "s")


def check_rules_see_the_states_that_they_look_at() -> None:
    """The last states are those that Rasa makes itself, with a slot, a form and an undone step among them."""
    import json

    from rasa.core.featurizers.tracker_featurizers import MaxHistoryTrackerFeaturizer
    from rasa.core.policies.policy import Policy
    from rasa.core.policies.rule_policy import RulePolicy
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.events import ActionExecuted, ActionReverted, ActiveLoop, SlotSet, UserUttered
    from rasa.shared.core.trackers import DialogueStateTracker

    domain = Domain.from_dict(
        {
            "intents": ["ask", "greet"],
            "actions": ["action_answer", "action_greet"],
            "slots": {"matter": {"type": "text", "mappings": [{"type": "custom"}]}},
            "forms": {"aid": {"required_slots": ["matter"]}},
        }
    )
    listen = ActionExecuted("action_listen")
    turn = [UserUttered("问", intent={"name": "ask"}), ActionExecuted("action_answer"), SlotSet("matter", "x"), listen]
    greeting = [UserUttered("好", intent={"name": "greet"}), ActionExecuted("action_greet"), ActionReverted()]
    form = [ActionExecuted("aid"), ActiveLoop("aid"), listen, UserUttered("俺", intent={"name": "ask"})]
    policy: Any = RulePolicy.__new__(RulePolicy)
    policy._Policy__featurizer = MaxHistoryTrackerFeaturizer(max_history=None)
    rule = [{}, {"user": {"intent": "ask"}, "prev_action": {"action_name": "action_listen"}}, {}]
    policy.lookup = {
        "rules": {json.dumps(rule[:2]): "action_answer"},
        "rules_for_loop_unhappy_path": {json.dumps(rule): "x"},
    }
    for events in ([], [listen], [listen] + turn * 4, [listen, *greeting], [listen] + turn * 3 + form + turn[:2]):
        tracker = DialogueStateTracker.from_events("s", events, domain.slots)
        for by_text in (False, True):
            every = Policy._prediction_states(policy, tracker, domain, by_text)
            few = policy._prediction_states(tracker, domain, by_text)
            assert few == every[-4:], (few, every)
    assert policy._find_action_from_rules(tracker, domain, True) == (None, None, False)
    # A rule that begins with anything said, whatever it was, is compared by text too.
    policy.lookup["rules"][json.dumps([{"prev_action": {"action_name": "action_listen"}}])] = "action_answer"
    del policy.__dict__["_looked_at"]
    assert patches._Rules.of(policy).words


def check_six_quick_messages_pass_the_lock_in_order_and_at_once() -> None:
    from bot.dialogue.components.lock_store import AsyncioLockStore

    async def run() -> None:
        store, seen = AsyncioLockStore(), []

        async def turn(number: int) -> None:
            async with store.lock("one"):
                seen.append(number)
                await asyncio.sleep(0.01)

        started = time.perf_counter()
        await asyncio.gather(*(turn(number) for number in range(6)))
        assert seen == list(range(6))
        assert time.perf_counter() - started < 0.9  # Rasa's own store: 5 s
        assert not store._entries, "locks must not pile up"

    asyncio.run(run())


def check_a_stuck_conversation_gives_up_and_blocks_no_other() -> None:
    from rasa.core.lock_store import LockError

    from bot.dialogue.components.lock_store import AsyncioLockStore

    async def run() -> None:
        store = AsyncioLockStore()
        async with store.lock("stuck"):
            async with store.lock("other"):
                pass
            try:
                async with store.lock("stuck", lock_lifetime=0.05):
                    raise AssertionError("two holders of one lock")
            except LockError:
                pass
        async with store.lock("stuck", lock_lifetime=0.05):
            pass
        assert not store._entries

    asyncio.run(run())


def check_embeddings_from_the_service() -> None:
    from bot.dialogue.components.sentence_featurizer import decode_embedding

    vector = np.random.default_rng(1).normal(size=384)
    vector /= np.linalg.norm(vector)

    def encoded(values: np.ndarray, kind: str = "<f2") -> str:
        return base64.b64encode(values.astype(kind).tobytes()).decode()

    found = decode_embedding(encoded(vector), 384)
    assert found is not None
    assert found @ vector > 0.99999
    for bad in (
        None,
        7,
        "",
        "x" * 1024,
        "好" * 1024,
        encoded(vector[:-1]),
        encoded(vector, "<f4"),
        encoded(vector * np.nan),
        encoded(vector * 2),
        encoded(vector * 0),
    ):
        assert decode_embedding(bad, 384) is None, bad


def check_the_featurizer_uses_and_removes_the_handed_over_embedding() -> None:
    from rasa.shared.nlu.training_data.message import Message

    from bot.dialogue.components.sentence_featurizer import SentenceFeaturizer

    config = {**SentenceFeaturizer.get_default_config(), "alias": "sentence", "scale": 15.0}
    featurizer = SentenceFeaturizer(config, "sentence")
    own = featurizer._loaded().encode(["邻居占地咋办"])[0]
    handed = base64.b64encode(own.astype("<f2").tobytes()).decode()
    for embedding, loads in ((handed, False), ("garbage", True)):
        featurizer._encoder = None
        metadata = {"turn_id": "t1", "embedding": embedding}
        message = Message(data={"text": "邻居占地咋办", "metadata": metadata})
        featurizer.process([message])
        assert metadata == {"turn_id": "t1"}
        assert (featurizer._encoder is not None) is loads
        features = message.get_dense_features("text")[1].features[0]
        assert abs(np.linalg.norm(features) - 15) < 0.1
        assert features @ own / 15 > 0.9999
    long = Message(data={"text": "好" * 100_000})
    started = time.perf_counter()
    featurizer.process([long, Message(data={"text": ""})])
    assert time.perf_counter() - started < 2


def check_the_tracker_store_reads_what_rasas_own_store_reads() -> None:
    from rasa.core.tracker_store import SQLTrackerStore
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.events import ActionExecuted, SessionStarted, UserUttered
    from rasa.shared.core.trackers import DialogueStateTracker

    from bot.dialogue.components.tracker_store import PlainSQLTrackerStore

    async def run(path: str) -> None:
        domain, now = Domain.empty(), time.time()
        store = PlainSQLTrackerStore(domain=domain, db=path)
        first = [ActionExecuted("action_session_start", timestamp=now), SessionStarted(timestamp=now + 1)]
        tracker = DialogueStateTracker.from_events("一", [*first, UserUttered("你好", timestamp=now + 2)])
        await store.save(tracker)
        tracker.update(UserUttered("再问", timestamp=now + 3))
        tracker = await store.retrieve("一") or tracker
        tracker.update(SessionStarted(timestamp=now + 4))
        tracker.update(UserUttered("新的一段", timestamp=now + 5))
        await store.save(tracker)
        await store.save(await store.retrieve("一"))  # nothing new, nothing doubled

        again, stock = PlainSQLTrackerStore(domain=domain, db=path), SQLTrackerStore(domain=domain, db=path)
        for ours, theirs in (
            (await again.retrieve("一"), await stock.retrieve("一")),
            (await again.retrieve_full_tracker("一"), await stock.retrieve_full_tracker("一")),
        ):
            assert [event.as_dict() for event in ours.events] == [event.as_dict() for event in theirs.events]
        assert [event.text for event in (await again.retrieve("一")).events if isinstance(event, UserUttered)] == [
            "新的一段"
        ]
        assert len((await again.retrieve_full_tracker("一")).events) == 5
        assert await again.retrieve("别人") is None

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(str(Path(folder) / "rasa.db")))


def check_a_kept_tracker_is_used_only_while_nobody_else_wrote() -> None:
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.events import BotUttered, SessionStarted, UserUttered
    from rasa.shared.core.trackers import DialogueStateTracker

    from bot.dialogue.components import tracker_store

    async def run(path: str) -> None:
        now = time.time()
        ours, other = (tracker_store.PlainSQLTrackerStore(domain=Domain.empty(), db=path) for _ in range(2))
        answer = BotUttered("", data={"custom": {"answer": "长"}}, timestamp=now + 2)
        events = [SessionStarted(timestamp=now), UserUttered("问", timestamp=now + 1), answer]
        tracker = DialogueStateTracker.from_events("一", events)
        await ours.save(tracker)
        assert await ours.retrieve("一") is tracker
        assert await ours.retrieve("一") is not tracker  # whoever took it has it alone
        read = await other.retrieve("一")
        assert read.events[-1].data == {}  # the service has the answer
        await ours.save(tracker)
        read.update(UserUttered("再问", timestamp=now + 3))
        await other.save(read)
        assert len((await ours.retrieve("一")).events) == 4
        for number in range(tracker_store.TRACKERS_KEPT + 5):
            await ours.save(DialogueStateTracker.from_events(str(number), events[:1]))
        assert len(ours._kept) == tracker_store.TRACKERS_KEPT

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(str(Path(folder) / "rasa.db")))


def check_old_rows_are_forgotten() -> None:
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.events import SessionStarted, UserUttered
    from rasa.shared.core.trackers import DialogueStateTracker

    from bot.dialogue.components.tracker_store import PlainSQLTrackerStore

    async def run(path: str) -> None:
        store, now = PlainSQLTrackerStore(domain=Domain.empty(), db=path, keep_days=7), time.time()
        for sender, age in (("old", 8), ("new", 6)):
            then = now - age * 24 * 3600
            events = [SessionStarted(timestamp=then), UserUttered("问", timestamp=then + 1)]
            await store.save(DialogueStateTracker.from_events(sender, events))
        reopened = PlainSQLTrackerStore(domain=Domain.empty(), db=path, keep_days="7")
        assert await reopened.retrieve("old") is None
        assert await reopened.retrieve("new") is not None

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(str(Path(folder) / "rasa.db")))


def check_tensorflow_is_a_stand_in_that_refuses_to_work() -> None:
    import tensorflow as tf

    class Model(tf.keras.Model):
        pass

    assert not isinstance(3, tf.Tensor)
    for use in (Model, tf.constant):
        assert "without_tensorflow" in message_of(ImportError, use)
    import rasa.nlu.classifiers.diet_classifier  # noqa: F401  # what all this is for


if __name__ == "__main__":
    for name, check in list(globals().items()):
        if name.startswith("check_"):
            check()
            print(name, flush=True)
